"""HDF5 files on a disk that fails, and in a memory that does not suffice; checksums; texts."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from storage.errors import DamagedFileError, StageError
from storage.formats.hdf5 import TEXTS_AT_ONCE, digest, new_hdf5, open_hdf5, read_names, write_array, write_names
from tests.conftest import ROOT
from tests.traced_memory import bytes_per_item

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


@pytest.mark.parametrize("count", [0, 1, 2, TEXTS_AT_ONCE, TEXTS_AT_ONCE + 1])
def test_a_digest_hangs_on_all_texts_and_on_nothing_else(count: int) -> None:
    texts = [f"ä {number}" for number in range(count)]
    expected = hashlib.sha256("\0".join(texts).encode() + b"\1").hexdigest()
    assert digest(texts) == digest(iter(texts)) == expected


def test_texts_of_a_digest_that_are_made_meanwhile_are_not_held() -> None:
    def made(count: int) -> str:
        return digest(f"{number:064d}" for number in range(count))

    assert bytes_per_item(made, 2 * TEXTS_AT_ONCE, 4 * TEXTS_AT_ONCE) < 10


def test_texts_are_written_as_they_are_and_read_back(path: Path) -> None:
    texts = ["a.jpg", "", "äöü 漢.jpg", "a longer name than the others.jpg"]
    with new_hdf5(path, "test", 1, {}) as file:
        write_names(file, "names", texts)
        write_names(file, "none", [])
    with open_hdf5(path, "test", 1, "this test") as file:
        assert file["names"].dtype.itemsize == max(len(text.encode()) for text in texts)
        assert read_names(file, "names") == texts and read_names(file, "none") == []
