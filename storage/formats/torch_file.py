"""Weight files of PyTorch and safetensors: is it one, is it whole; opened here, read and written by torch."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from storage.atomic import atomic_path
from storage.errors import DamagedFileError, StageError

_ZIP_START = b"PK\x03\x04"
_PICKLE_START = b"\x80\x02"  # torch.save before version 1.6; whether such a file is whole shows when it is loaded
_MAX_HEADER = 100_000_000  # of safetensors, by its specification


def check_torch_file(path: Path) -> None:
    """Check, as far as it can be without running anything, that a file holds weights and is whole.

    Parameters
    ----------
    path : Path
        A file of ``torch.save`` or of safetensors.

    Raises
    ------
    DamagedFileError
        When it is cut, altered, or something else, such as the page of a login.
    """
    with open_weights(path) as file:
        start = file.read(8)
        if start.startswith(_ZIP_START):
            _check_zip(path, file)
        elif not start.startswith(_PICKLE_START) and not _is_safetensors(file, start):
            raise DamagedFileError(f"{path} is no weight file: it begins with {start!r}")


@contextmanager
def open_weights(path: Path) -> Iterator[BinaryIO]:
    """Open a weight file for reading.

    Raises
    ------
    StageError
        When it cannot be opened.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115 (closed below; only opening it is answered for here)
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error
    with file:
        yield file


@contextmanager
def written_weights(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write weights to, which takes the place of ``path`` when the block ends without an error.

    What ``torch.save`` writes to a path holds its name; to a file it writes the same bytes for the same weights.
    """
    with atomic_path(path) as temporary, open(temporary, "xb") as file:
        yield file


def _check_zip(path: Path, file: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            broken = archive.testzip()
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise DamagedFileError(f"{path} is cut or damaged ({error})") from error
    if broken is not None:
        raise DamagedFileError(f"{path} is damaged: {broken!r} in it cannot be read")


def _is_safetensors(file: BinaryIO, start: bytes) -> bool:
    """Say whether the header (its length in 8 bytes, then JSON) is whole and the file as long as it says."""
    length = int.from_bytes(start, "little")
    if not 2 <= length <= _MAX_HEADER:
        return False
    try:
        header = json.loads(file.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        return bool(file.seek(0, 2) == 8 + length + max(ends, default=0))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return False
