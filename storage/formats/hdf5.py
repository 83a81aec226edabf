"""What all HDF5 files of the project share: deterministic bytes, checked content, errors that name the path.

Files are written whole and renamed into place (see ``storage.atomic``), with HDF5's default library version bounds:
``libver="latest"`` and open handles over a run leave unreadable files when the process is killed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from storage.atomic import atomic_path
from storage.errors import NUMBERS_OF_DAMAGE, DamagedFileError, StageError, UnreadableFileError
from storage.formats.hdf5_check import look_at
from storage.formats.hdf5_seal import is_sealed, seal
from storage.formats.hdf5_walk import errno_of
from storage.names import check_name

# What h5py raises on files that are cut, altered or not of the expected layout; and what the system says of places and
# sizes that no file has, to which such a file may lead. Anything else that it says is a fault of the moment.
HDF5_ERRORS = (
    *(OSError, KeyError, ValueError, TypeError, RuntimeError, AttributeError, UnicodeError),
    *(OverflowError, IndexError, MemoryError),
)
TEXTS_AT_ONCE = 4096


@contextmanager
def new_hdf5(
    path: Path, file_format: str, version: int, settings: Mapping[str, Any], keeps_former: bool = False
) -> Iterator[h5py.File]:
    """Write an HDF5 file atomically; equal content gives equal bytes. ``keeps_former``: one that stands stays."""
    with atomic_path(path, keeps_former) as temporary:
        with open(temporary, "x+b", buffering=0) as plain:
            kept = _KeptErrors(plain)
            try:
                with h5py.File(kept, "w", track_order=False) as file:
                    file.attrs["format"] = file_format
                    file.attrs["format_version"] = version
                    file.attrs["settings"] = settings_text(settings)
                    file.attrs["header_checksum"] = _header_checksum(file)
                    yield file
            finally:
                if kept.error is not None:
                    raise kept.error
        seal(temporary)


class _KeptErrors:
    """A file that HDF5 writes to and that keeps the first error to itself.

    HDF5 2.0 crashes (segmentation fault) or prints tracebacks when a file on a full disk is to be closed. So it is not
    told: it closes the file as if all was well, and then the error is raised, before the file gets its name.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, content: Any) -> int:
        rest = memoryview(content).cast("B")
        size = len(rest)
        while rest and self.error is None:
            try:
                rest = rest[self._file.write(rest) :]
            except OSError as error:
                self.error = error
        return size

    def truncate(self, size: int) -> int:
        try:
            self._file.truncate(size)
        except OSError as error:
            self.error = self.error or error
        return size


@contextmanager
def open_hdf5(
    path: Path, file_format: str, version: int, made_by: str, *, needs_seal: bool = False
) -> Iterator[h5py.File]:
    """Open an HDF5 file of the project for reading, as its seal says or after another process has looked through it.

    With ``needs_seal`` one without a seal counts as damaged: for what is made again sooner than it is looked through.

    Raises
    ------
    StageError
        When there is no such file, or it is of a newer version.
    UnreadableFileError
        When it cannot be read at the moment.
    DamagedFileError
        When the file, or what the block reads from it, is not as ``docs/formats.md`` says.
    """
    if not path.is_file():
        raise StageError(f"{path} is missing; make it with: {made_by}")
    try:
        if not is_sealed(path):
            if needs_seal:
                raise ValueError("it has no seal")
            looked = look_at(path)
            _check_version(looked.format, looked.format_version, path, (file_format, version))
            if looked.problem is not None:
                raise OSError(looked.errno, looked.problem) if looked.errno else ValueError(looked.problem)
        with h5py.File(path, "r") as file:
            _check_header(file, path, file_format, version)
            yield file
    except HDF5_ERRORS as error:
        if isinstance(error, MemoryError):
            raise UnreadableFileError(
                f"cannot read {path}: memory does not suffice; close other programs and try again"
            ) from error
        number = errno_of(error)
        if number not in NUMBERS_OF_DAMAGE:
            raise UnreadableFileError(f"cannot read {path}: {os.strerror(number)}") from error
        raise DamagedFileError(f"damaged: {path} ({_first_line(error)}); make it again with: {made_by}") from error


def _check_header(file: h5py.File, path: Path, file_format: str, version: int) -> None:
    found, number = file.attrs.get("format"), int(file.attrs.get("format_version", 0))
    _check_version(found, number, path, (file_format, version))
    if found != file_format or number < 1:
        raise ValueError(f"its format is {found!r:.40}, version {number}, not {file_format!r}")
    if "header_checksum" in file.attrs and file.attrs["header_checksum"] != _header_checksum(file):
        raise ValueError("the checksum of its settings does not agree")


def _check_version(found: object, number: object, path: Path, expected: tuple[str, int]) -> None:
    """Refuse a newer file as what it is, whatever else is in it."""
    file_format, version = expected
    if found == file_format and isinstance(number, int) and number > version:
        raise StageError(f"{path} has version {number} of its format, this program reads 1 to {version}; update it")


def _header_checksum(file: h5py.File) -> str:
    parts = [str(file.attrs[key]) for key in ("format", "format_version", "settings")]
    return digest(parts)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def settings_text(settings: Mapping[str, Any]) -> str:
    """Give settings as JSON with sorted keys: equal settings, equal text."""
    return json.dumps(settings, sort_keys=True, ensure_ascii=True, allow_nan=False)


def write_array(group: h5py.Group, name: str, values: NDArray[Any]) -> None:
    """Write one contiguous dataset without time stamps."""
    group.create_dataset(name, data=values, track_times=False)


def write_names(group: h5py.Group, name: str, texts: Sequence[str]) -> None:
    """Write texts as fixed-length UTF-8; NUL does not occur in names."""
    width = max((len(text.encode("utf-8")) for text in texts), default=1) or 1
    kind = h5py.string_dtype("utf-8", width)
    encoded = np.fromiter((text.encode("utf-8") for text in texts), kind, len(texts))
    group.create_dataset(name, data=encoded, dtype=kind, track_times=False)


def read_array(group: h5py.Group, name: str, dtype: Any, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Read a dataset and check its kind and shape; None admits any length.

    Raises
    ------
    ValueError
        When the dataset is another one than asked for; external and virtual storage is refused.
    """
    dataset = group[name]
    if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
        raise ValueError(f"{name} is not a plain dataset")
    matches = len(dataset.shape) == len(shape) and all(
        wanted in (None, found) for found, wanted in zip(dataset.shape, shape, strict=True)
    )
    if not matches or not np.issubdtype(dataset.dtype, dtype):
        raise ValueError(f"{name} has shape {dataset.shape} and type {dataset.dtype}")
    return dataset[()]


def read_names(group: h5py.Group, name: str, count: int | None = None) -> list[str]:
    """Read texts written by :func:`write_names`."""
    return list(each_name(group, name, count))


def each_name(group: h5py.Group, name: str, count: int | None = None) -> Iterator[str]:
    """Read texts as :func:`read_names` does; errors come with the first of them."""
    return (bytes(text).decode("utf-8") for text in read_array(group, name, np.bytes_, (count,)))


def read_image_names(group: h5py.Group, name: str, count: int | None = None) -> list[str]:
    """Read image names; the StageError of :func:`storage.names.check_name` for a hostile one."""
    try:
        return [check_name(text) for text in each_name(group, name, count)]
    except StageError as error:
        raise StageError(f"{group.file.filename}: {error}") from error


def digest(*parts: NDArray[Any] | Iterable[str] | bytes) -> str:
    """Give the sha256 of arrays and texts, their shapes and types included; of iterables a few texts are held."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            total.update(f"{part.dtype.str}{part.shape}".encode())
            total.update(np.ascontiguousarray(part).data.cast("B") if part.size else b"")
        elif isinstance(part, bytes):
            total.update(part)
        else:
            for some in _joined(part):
                total.update(some.encode("utf-8", "surrogateescape"))
            total.update(b"\1")
    return total.hexdigest()


def _joined(texts: Iterable[str]) -> Iterator[str]:
    """Give texts with a NUL between each two, many at a time."""
    rest, between = iter(texts), ""
    while some := list(islice(rest, TEXTS_AT_ONCE)):
        yield between + "\0".join(some)
        between = "\0"
