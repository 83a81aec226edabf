"""The seal at the end of HDF5 files."""

from __future__ import annotations

import random
from pathlib import Path

import h5py
import numpy as np
import pytest

from storage.formats.hdf5_seal import is_sealed, seal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with a small dataset and a large one."""
    with h5py.File(tmp_path / "a.h5", "x") as file:
        file["small"] = np.arange(10)
        file["large"] = np.arange(40_000.0)
    return tmp_path / "a.h5"


def test_a_sealed_file_is_read_by_the_library_as_before(path: Path) -> None:
    seal(path)
    assert is_sealed(path)
    with h5py.File(path, "r") as file:
        assert file["large"][39_999] == 39_999
        assert list(file["small"]) == list(range(10))


def test_the_same_file_gets_the_same_seal(path: Path, tmp_path: Path) -> None:
    (tmp_path / "b.h5").write_bytes(path.read_bytes())
    seal(path)
    seal(tmp_path / "b.h5")
    assert path.read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_altered_structures_are_seen_without_the_library(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seal(path)
    monkeypatch.setattr(h5py, "File", lambda *_: pytest.fail("opened"))
    whole, chance = path.read_bytes(), random.Random(4)
    for _ in range(100):
        altered = bytearray(whole)
        altered[chance.randrange(2000)] ^= 1 << chance.randrange(8)
        path.write_bytes(altered)
        with pytest.raises(ValueError, match="checksum does not agree|it is cut|seal is cut"):
            is_sealed(path)


def test_a_file_of_very_many_large_datasets_has_a_seal_that_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with h5py.File(path, "a") as file:
        for number in range(40):
            file[str(number)] = np.arange(10_000.0 + number)
    monkeypatch.setattr("storage.formats.hdf5_seal._MOST_APART", 10)
    monkeypatch.setattr("storage.formats.hdf5_seal._MOST_SEAL", 10 * 30 + 100)
    seal(path)
    assert is_sealed(path)


def test_the_numbers_of_large_datasets_are_left_to_their_readers(path: Path) -> None:
    seal(path)
    altered = bytearray(path.read_bytes())
    altered[altered.index(np.float64(20_000.0).tobytes())] ^= 1
    path.write_bytes(altered)
    assert is_sealed(path)


@pytest.mark.parametrize("kept", [0, 40, 900, 100_000])
def test_a_cut_file_is_refused(path: Path, kept: int) -> None:
    seal(path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match="it is cut"):
        is_sealed(path)


@pytest.mark.parametrize("num_bytes", [1, 10, 40])
def test_a_file_with_a_cut_seal_is_refused(path: Path, num_bytes: int) -> None:
    seal(path)
    path.write_bytes(path.read_bytes()[:-num_bytes])
    with pytest.raises(ValueError, match="its seal is cut"):
        is_sealed(path)


def test_a_file_that_the_library_wrote_bears_none(path: Path) -> None:
    assert not is_sealed(path)
