"""A seal at the end of HDF5 files, checked before HDF5 sees them: its C code can crash on a file with one wrong byte.

Behind what HDF5 wrote, which it does not look at, stand the SHA-256 of these bytes and where the numbers of large
datasets lie. Those are left out: they do no harm to the library, readers compare them with checksums of their own,
and whoever maps a few of them into memory need not read all. A file without a seal, of an earlier version or altered,
is first looked through by a process of its own (:mod:`storage.formats.hdf5_check`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import h5py

_LEAST_APART = 1 << 14  # bytes of a dataset that is left out
_MOST_SEAL = 1 << 24
_MOST_APART = 500_000  # of at most 30 characters each
_BLOCK = 1 << 20
_ENDING = re.compile(rb"\n(\d{8}) sealed\n", re.ASCII)
_ENDING_BYTES = 17
_SUPERBLOCK_BYTES = 48  # version 0: HDF5 File Format Specification 3.0, section II.A
Range = tuple[int, int]


def seal(path: Path) -> None:
    """Put the seal at the end of a file that HDF5 has closed."""
    with h5py.File(path, "r") as file:
        largest = sorted(_large_datasets(file), key=lambda place: -place[1])
        apart = sorted(largest[:_MOST_APART])
    with open(path, "r+b") as opened:
        size = opened.seek(0, 2)
        text = json.dumps({"sha256": _sha256(opened, size, apart), "apart": apart}).encode("ascii")
        opened.seek(size)
        opened.write(text + f"\n{len(text):08d} sealed\n".encode("ascii"))


def is_sealed(path: Path) -> bool:
    """Say whether a file bears a seal, before HDF5 opens it.

    Raises
    ------
    ValueError
        When it is cut, or not as it was sealed.
    """
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        own_size = _own_size(file)
        if own_size is not None and own_size > size:
            raise ValueError("it is cut")
        found = _read_seal(file, size)
        if found is None:
            if own_size is not None and own_size < size:
                raise ValueError("its seal is cut or altered")
            return False
        sha256, apart, sealed = found
        if sha256 != _sha256(file, sealed, apart):
            raise ValueError("its checksum does not agree")
    return True


def _own_size(file: BinaryIO) -> int | None:
    """Give the number of bytes that HDF5 wrote, as the first block tells; None where it tells it elsewhere."""
    file.seek(0)
    start = file.read(_SUPERBLOCK_BYTES)
    if len(start) < _SUPERBLOCK_BYTES:
        raise ValueError("it is cut")
    return int.from_bytes(start[40:48], "little") if start[8] == 0 else None


def _read_seal(file: BinaryIO, size: int) -> tuple[str, list[Range], int] | None:
    """Give the SHA-256, what it leaves out, and the number of bytes that it is of; None without a seal."""
    file.seek(max(0, size - _ENDING_BYTES))
    match = _ENDING.fullmatch(file.read(_ENDING_BYTES))
    sealed = size - _ENDING_BYTES - int(match[1]) if match else -1
    if match is None or sealed < 0 or int(match[1]) > _MOST_SEAL:
        return None
    file.seek(sealed)
    try:
        content = json.loads(file.read(int(match[1])))
        apart = [(int(start), int(length)) for start, length in content["apart"]]
        return str(content["sha256"]), apart, sealed
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _large_datasets(group: h5py.Group) -> list[Range]:
    found: list[Range] = []

    def add(_name: str, member: h5py.HLObject) -> None:
        if isinstance(member, h5py.Dataset) and member.nbytes >= _LEAST_APART:
            start = member.id.get_offset()
            if start is not None:
                found.append((start, member.nbytes))

    group.visititems(add)
    return found


def _sha256(file: BinaryIO, size: int, apart: Sequence[Range]) -> str:
    """Hash the first ``size`` bytes of a file without the ranges (start, length), and the ranges themselves."""
    total, place = hashlib.sha256(json.dumps(list(map(list, apart))).encode("ascii")), 0
    for start, length in (*apart, (size, 0)):
        if not place <= start <= size or length < 0:
            return ""
        file.seek(place)
        while place < start:
            block = file.read(min(_BLOCK, start - place))
            if not block:
                return ""
            total.update(block)
            place += len(block)
        place = start + length
    return total.hexdigest()
