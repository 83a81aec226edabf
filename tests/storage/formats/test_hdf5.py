"""HDF5 files on a disk that fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

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
