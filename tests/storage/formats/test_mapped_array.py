from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from storage.atomic import remove_leftovers
from storage.errors import StageError
from storage.formats.mapped_array import map_array, shared_array


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_what_is_shared_is_read_as_it_was(tmp_path: Path, dtype: type) -> None:
    array = np.random.default_rng(0).normal(size=(7, 5)).astype(dtype)
    with shared_array(tmp_path, "descriptors", array) as path:
        found = np.array(map_array(path))
    np.testing.assert_array_equal(found, array)
    assert found.dtype == dtype


@pytest.mark.skipif(os.name == "nt", reason="on Windows all is read")
def test_it_is_mapped_and_cannot_be_written_to(tmp_path: Path) -> None:
    with shared_array(tmp_path, "descriptors", np.ones((3, 2))) as path:
        found = map_array(path)
        assert isinstance(found, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            found[0] = 0


def test_rows_taken_out_of_another_array_are_written_in_order(tmp_path: Path) -> None:
    array = np.arange(24).reshape(6, 4)[::2, 1:].T
    with shared_array(tmp_path, "some", array) as path:
        np.testing.assert_array_equal(map_array(path), array)


def test_the_file_goes_also_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="task"), shared_array(tmp_path, "descriptors", np.ones(3)):
        raise RuntimeError("task")
    assert not list(tmp_path.iterdir())


def test_what_a_killed_run_left_is_a_leftover(tmp_path: Path) -> None:
    manager = shared_array(tmp_path, "descriptors", np.ones(3))
    manager.__enter__()
    assert remove_leftovers(tmp_path) == 1 and not list(tmp_path.iterdir())


def test_a_machine_without_the_folder_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="all machines must see the outputs folder"):
        map_array(tmp_path / "descriptors.npy")
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(StageError, match="cannot read .*cut.npy"):
        map_array(tmp_path / "cut.npy")
