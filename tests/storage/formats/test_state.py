from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from storage.errors import DamagedFileError, UsageError
from storage.formats.state import read_shared_state, read_state, state_checksum, write_state

STATE = {"words": np.arange(6, dtype=np.float32).reshape(2, 3), "learnt_on": np.array(4)}
ORIGIN = {"side": 64, "listing": "abc"}


def test_a_shared_state_comes_back_equal(tmp_path: Path) -> None:
    write_state(tmp_path / "state.h5", STATE, ORIGIN)
    found = read_shared_state(tmp_path / "state.h5", ORIGIN)
    assert found is not None and state_checksum(found) == state_checksum(STATE)
    assert read_shared_state(tmp_path / "none.h5", ORIGIN) is None


def test_the_first_of_two_writers_wins(tmp_path: Path) -> None:
    write_state(tmp_path / "state.h5", STATE, ORIGIN, keeps_former=True)
    write_state(tmp_path / "state.h5", {"words": np.zeros(2)}, ORIGIN, keeps_former=True)
    found = read_shared_state(tmp_path / "state.h5", ORIGIN)
    assert found is not None and state_checksum(found) == state_checksum(STATE)
    assert [path.name for path in tmp_path.iterdir()] == ["state.h5"]


def test_other_settings_and_another_list_are_refused_in_words(tmp_path: Path) -> None:
    write_state(tmp_path / "state.h5", STATE, ORIGIN)
    with pytest.raises(UsageError, match="learnt with --side 64, this call has --side 32.*remove"):
        read_shared_state(tmp_path / "state.h5", ORIGIN | {"side": 32})
    with pytest.raises(UsageError, match="learnt from another list of photos, the image folder has changed"):
        read_shared_state(tmp_path / "state.h5", ORIGIN | {"listing": "abd"})


def test_a_damaged_shared_state_is_an_error_and_a_damaged_one_of_a_run_is_none(tmp_path: Path) -> None:
    path = tmp_path / "state.h5"
    write_state(path, STATE, ORIGIN)
    path.write_bytes(path.read_bytes().replace(STATE["words"].tobytes(), (STATE["words"] + 1).tobytes()))
    with pytest.raises(DamagedFileError, match="checksum does not agree.*after removing"):
        read_shared_state(path, ORIGIN)
    assert read_state(path, ORIGIN, "x") is None
