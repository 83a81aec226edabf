"""A seal at the end of HDF5 files, checked before HDF5 sees them: its C code can crash on a file with one wrong byte.

Behind what HDF5 wrote, which it does not look at, stand the SHA-256 of these bytes and where the numbers of large
datasets lie. Those are left out: they do no harm to the library, readers compare them with checksums of their own,
and whoever maps a few of them into memory need not read all. A file without a seal, of an earlier version, is first
read by a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import h5py

_LEAST_APART = 1 << 14  # bytes of a dataset that is left out
_MOST_SEAL = 1 << 24
_TIMEOUT_S = 120.0
_BLOCK = 1 << 20
_ENDING = re.compile(rb"\n(\d{8}) sealed\n", re.ASCII)
_ENDING_BYTES = 17
_SUPERBLOCK_BYTES = 48  # version 0: HDF5 File Format Specification 3.0, section II.A
_READ_ALL = """
import sys, h5py
def read(name, member):
    dict(member.attrs)
    if isinstance(member, h5py.Dataset) and not member.external and not member.is_virtual and member.nbytes < 1 << 26:
        member[()]
with h5py.File(sys.argv[1], "r") as file:
    dict(file.attrs)
    file.visititems(read)
"""
Range = tuple[int, int]


def seal(path: Path) -> None:
    """Put the seal at the end of a file that HDF5 has closed."""
    with h5py.File(path, "r") as file:
        apart = sorted(_large_datasets(file))
    with open(path, "r+b") as opened:
        size = opened.seek(0, 2)
        text = json.dumps({"sha256": _sha256(opened, size, apart), "apart": apart}).encode("ascii")
        opened.seek(size)
        opened.write(text + f"\n{len(text):08d} sealed\n".encode("ascii"))


def check_seal(path: Path) -> None:
    """Check a file before HDF5 opens it.

    Raises
    ------
    ValueError
        When it is cut or altered, or, where it has no seal, HDF5 crashes on it.
    """
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        _check_length(file, size)
        found = _read_seal(file, size)
        if found is not None:
            sha256, apart, sealed = found
            if sha256 != _sha256(file, sealed, apart):
                raise ValueError("its checksum does not agree")
            return
    _check_in_process(path)


def _check_length(file: BinaryIO, size: int) -> None:
    """Compare the length with the one that the first block of the file tells."""
    file.seek(0)
    start = file.read(_SUPERBLOCK_BYTES)
    if len(start) < _SUPERBLOCK_BYTES or (start[8] == 0 and int.from_bytes(start[40:48], "little") > size):
        raise ValueError("it is cut")


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


def _check_in_process(path: Path) -> None:
    """Let another process read all of a file."""
    command = [sys.executable, "-c", _READ_ALL, str(path)]
    try:
        result = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise ValueError(f"reading it takes more than {_TIMEOUT_S:g} s") from None
    if result.returncode:
        lines = result.stderr.decode(errors="replace").strip().splitlines()
        raise ValueError(lines[-1] if lines and result.returncode > 0 else "the library crashes on it")
