"""How far a comparison has come: written, read, and not taken for that of other settings."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from storage.formats.comparison_state import ComparisonState, read_state, state_path, write_state
from storage.formats.pairs import list_pairs_files

SETTINGS = {"model": "tiny", "threshold": 0.9}
STATE = ComparisonState(3, 17, 1, (40, 2), np.array([0, 4]), np.array([1, 9]), np.array([0.95, 0.9]))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = state_path(tmp_path, "tiny")
    write_state(path, STATE, SETTINGS)
    found = read_state(path, SETTINGS)
    assert found is not None
    assert (found.part, found.next_row, found.num_before, found.num_compared) == (3, 17, 1, (40, 2))
    for column in ("first", "second", "score"):
        assert (getattr(found, column) == getattr(STATE, column)).all()


def test_a_later_state_takes_the_place_of_the_former(tmp_path: Path) -> None:
    path = state_path(tmp_path, "tiny")
    write_state(path, STATE, SETTINGS)
    write_state(path, replace(STATE, next_row=20), SETTINGS)
    found = read_state(path, SETTINGS)
    assert found is not None and found.next_row == 20


def test_without_a_file_or_with_other_settings_there_is_no_state(tmp_path: Path) -> None:
    path = state_path(tmp_path, "tiny")
    assert read_state(path, SETTINGS) is None
    write_state(path, STATE, SETTINGS)
    assert read_state(path, SETTINGS | {"threshold": 0.8}) is None


def test_a_damaged_state_is_said_and_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = state_path(tmp_path, "tiny")
    write_state(path, STATE, SETTINGS)
    path.write_bytes(path.read_bytes()[:900])
    with caplog.at_level(logging.WARNING):
        assert read_state(path, SETTINGS) is None
    assert "the comparison begins anew" in caplog.text


def test_a_state_is_not_taken_for_pairs(tmp_path: Path) -> None:
    write_state(state_path(tmp_path, "tiny"), STATE, SETTINGS)
    assert list_pairs_files(tmp_path) == []
