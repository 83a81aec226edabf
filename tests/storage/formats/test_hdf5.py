"""HDF5 files on a disk that fails, and in a memory that does not suffice."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from storage.errors import DamagedFileError, StageError
from storage.formats.hdf5 import new_hdf5, open_hdf5, write_array
from tests.conftest import ROOT

FULL_DISK = """
import gc, resource, sys
from pathlib import Path
import numpy as np
from storage.errors import StageError
from storage.formats.hdf5 import new_hdf5, write_array

path, limit = Path(sys.argv[1]), int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    with new_hdf5(path, "test", 1, {}) as file:
        for number in range(20):
            write_array(file.create_group(str(number)), "values", np.zeros(5000))
except StageError as error:
    print(error)
gc.collect()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
@pytest.mark.parametrize("limit", [10, 3_000, 300_000, 780_000])
def test_a_disk_that_is_full_is_one_line_and_nothing_else_is_printed(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(b"former")
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), str(limit)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == f"cannot write {path}: File too large\n" and done.stderr == "" and done.returncode == 0
    assert path.read_bytes() == b"former" and list(tmp_path.iterdir()) == [path]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of many numbers."""
    path = tmp_path / "a.h5"
    with new_hdf5(path, "test", 1, {}) as file:
        write_array(file, "numbers", np.arange(100_000))
    return path


def assert_not_condemned(path: Path, caught: pytest.ExceptionInfo[StageError]) -> None:
    """Check that the file is said to be unreadable now, not damaged, and can be read a moment later."""
    assert not isinstance(caught.value, DamagedFileError)
    assert "make it again" not in str(caught.value) and "\n" not in str(caught.value)
    with open_hdf5(path, "test", 1, "a test") as file:
        assert file["numbers"][5] == 5


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE, errno.ENOMEM])
def test_a_file_that_cannot_be_read_at_the_moment_is_not_damaged(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*_: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr("storage.formats.hdf5_seal.open", refused, raising=False)
        with pytest.raises(StageError, match=f"cannot read .*a.h5: {os.strerror(number)}") as caught:
            open_hdf5(path, "test", 1, "a test").__enter__()
    assert_not_condemned(path, caught)


@pytest.mark.skipif(sys.platform == "win32", reason="needs descriptors of folders")
def test_a_disk_that_fails_under_the_library_does_not_condemn_the_file(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    with (
        pytest.raises(StageError, match="cannot read .*a.h5: Is a directory") as caught,
        open_hdf5(path, "test", 1, "a test") as file,
    ):
        os.dup2(folder, file.id.get_vfd_handle())
        _ = file["numbers"][()]
    os.close(folder)
    assert_not_condemned(path, caught)


def test_memory_that_does_not_suffice_does_not_condemn_the_file(path: Path) -> None:
    with (
        pytest.raises(StageError, match="cannot read .*a.h5: memory does not suffice") as caught,
        open_hdf5(path, "test", 1, "a test"),
    ):
        raise MemoryError
    assert_not_condemned(path, caught)


def test_a_place_that_no_file_has_is_damage(path: Path) -> None:
    with pytest.raises(DamagedFileError), open_hdf5(path, "test", 1, "a test"):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
