"""Files that end a parser's work."""

from __future__ import annotations

import io

import pytest

from storage.bounded_file import BoundedFile, ReadLimitError


def test_reads_up_to_the_limit_are_those_of_the_file() -> None:
    file = BoundedFile(io.BytesIO(b"abcdef"), 2)
    assert file.read(2) == b"ab"
    assert file.read() == b"cdef"


def test_one_read_more_is_an_error() -> None:
    file = BoundedFile(io.BytesIO(b"abcdef"), 2)
    file.read(1)
    file.read(1)
    with pytest.raises(ReadLimitError):
        file.read(1)


def test_everything_else_is_the_files_own() -> None:
    inner = io.BytesIO(b"abcdef")
    file = BoundedFile(inner, 2)
    file.seek(3)
    assert (file.tell(), inner.tell()) == (3, 3)


def test_the_error_is_none_that_parsers_take_for_an_end() -> None:
    assert not issubclass(ReadLimitError, (EOFError, OSError, SyntaxError, ValueError))
