"""A file that ends a parser's work when it reads very often: damage can send a parser in rounds, for hours."""

from __future__ import annotations

from typing import Any, BinaryIO


class ReadLimitError(Exception):
    """A parser read too often. No parser's own error, so that none takes it for the end of the file and goes on."""


class BoundedFile:
    """A file opened for reading that fails after ``max_reads`` reads; everything else is the file's own."""

    def __init__(self, file: BinaryIO, max_reads: int) -> None:
        self._file = file
        self._reads_left = max_reads

    def read(self, size: int = -1) -> bytes:
        """Read as the file does; ReadLimitError after too many reads."""
        self._reads_left -= 1
        if self._reads_left < 0:
            raise ReadLimitError
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
