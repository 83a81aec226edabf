"""What identifies a photo on disk: its size, its time of change and the SHA-256 of its bytes."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

_SHA256 = re.compile("[0-9a-f]{64}")
_SIZE, _MTIME, _SHA256_FROM = slice(0, 8), slice(8, 24), 24  # in bytes; some disks have times beyond 64 bits


class Fingerprint(bytes):
    """Size in bytes, time of last change in nanoseconds, and SHA-256 (64 lower-case hexadecimal digits) of a file.

    Runs hold several for each of many photos, so it is one object: with a field for each part it takes over twice as
    much memory.

    Raises
    ------
    ValueError
        When a number is beyond those of any file, or the SHA-256 is not hexadecimal.
    """

    __slots__ = ()

    def __new__(cls, size: int, mtime_ns: int, sha256: str) -> Self:
        """Pack the parts."""
        try:
            numbers = size.to_bytes(8, "little") + mtime_ns.to_bytes(16, "little", signed=True)
        except OverflowError:
            raise ValueError(f"size {size}, mtime_ns {mtime_ns}: no file has such") from None
        return super().__new__(cls, numbers + bytes.fromhex(sha256))

    def __getnewargs__(self) -> tuple[int, int, str]:  # type: ignore[override]
        """Give what makes it anew, for copies and other processes."""
        return self.size, self.mtime_ns, self.sha256

    def __repr__(self) -> str:
        """Name the parts."""
        return f"Fingerprint(size={self.size}, mtime_ns={self.mtime_ns}, sha256={self.sha256!r})"

    @property
    def size(self) -> int:
        """Size in bytes."""
        return int.from_bytes(self[_SIZE], "little")

    @property
    def mtime_ns(self) -> int:
        """Time of last change, in nanoseconds since 1970."""
        return int.from_bytes(self[_MTIME], "little", signed=True)

    @property
    def sha256(self) -> str:
        """SHA-256 as 64 lower-case hexadecimal digits."""
        return self[_SHA256_FROM:].hex()

    def as_row(self) -> dict[str, Any]:
        """Give it as part of a JSON object."""
        return {"size": self.size, "mtime_ns": self.mtime_ns, "sha256": self.sha256}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Fingerprint:
        """Read it from a part of a JSON object.

        Raises
        ------
        KeyError, ValueError
            When there is none.
        """
        size, mtime_ns, sha256 = row["size"], row["mtime_ns"], row["sha256"]
        if type(size) is not int or type(mtime_ns) is not int or size < 0:
            raise ValueError(f"size {size!r}, mtime_ns {mtime_ns!r}")
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            raise ValueError(f"sha256 {sha256!r}")
        return cls(size, mtime_ns, sha256)


def sha256_of_file(path: Path) -> str:
    """Give the SHA-256 of a file's bytes as 64 lower-case hexadecimal digits.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(path: Path, known: Fingerprint | None = None) -> Fingerprint:
    """Give the fingerprint of a file.

    Parameters
    ----------
    path : Path
        The file; a link stands for what it leads to.
    known : Fingerprint, optional
        A former fingerprint of the same file. When size and time of change are still equal, it is given back and the
        file is not read.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    before = path.stat()
    if known is not None and (known.size, known.mtime_ns) == (before.st_size, before.st_mtime_ns):
        return known
    with open(path, "rb") as file:
        # Size and time are those of the file that is hashed, also when another takes its name meanwhile.
        opened = os.fstat(file.fileno())
        return Fingerprint(opened.st_size, opened.st_mtime_ns, hashlib.file_digest(file, "sha256").hexdigest())


def if_unchanged(path: Path, known: Fingerprint) -> Fingerprint | None:
    """Give the present fingerprint of a file that holds the bytes of ``known``; None when it cannot be read, too."""
    try:
        found = fingerprint(path, known)
    except OSError:
        return None
    return found if found.sha256 == known.sha256 else None
