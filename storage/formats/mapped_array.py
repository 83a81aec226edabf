"""An array that several processes, on machines with a shared disk, read at once: a temporary file in NumPy's format."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.atomic import atomic_path
from storage.errors import StageError
from storage.temporaries import TEMPORARY_SUFFIX


@contextmanager
def shared_array(folder: Path, name: str, array: NDArray[Any]) -> Iterator[Path]:
    """Write an array to a temporary file of a folder; the file goes when the block ends.

    Its name is that of a temporary file, so :func:`storage.atomic.remove_leftovers` takes it away after a kill. Call
    under the lock of the folder.

    Parameters
    ----------
    name : str
        What the array is, for the name of the file.

    Raises
    ------
    StageError
        When it cannot be written.
    """
    path = folder / f".{name}.npy{TEMPORARY_SUFFIX}"
    with atomic_path(path) as temporary, open(temporary, "xb") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(array), allow_pickle=False)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def map_array(path: Path) -> NDArray[Any]:
    """Give the array of such a file, mapped: what is not looked at is not read. On Windows all is read.

    Raises
    ------
    StageError
        When the file is not there, or not whole.
    """
    try:
        found: NDArray[Any] = np.load(path, mmap_mode=None if os.name == "nt" else "r", allow_pickle=False)
        if not isinstance(found, np.ndarray):
            raise ValueError("it holds several arrays")
    except (OSError, ValueError) as error:
        raise StageError(
            f"cannot read {path} ({error}): all machines must see the outputs folder under the same path"
        ) from error
    return found
