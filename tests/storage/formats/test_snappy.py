"""Blocks of Snappy, written by hand."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.formats.snappy import MAX_UNPACKED, read_varint, unpack_snappy
from tests.storage.formats.tensorflow_writer import packed_by_literals, varint


def test_a_literal_is_taken_as_it_is() -> None:
    assert unpack_snappy(b"\x03" + b"\x08abc") == b"abc"


def test_a_long_literal_says_its_length_in_further_bytes() -> None:
    text = bytes(range(256)) * 2
    assert unpack_snappy(varint(512) + b"\xf4" + (511).to_bytes(2, "little") + text) == text
    assert unpack_snappy(varint(100) + b"\xf0" + b"\x63" + text[:100]) == text[:100]


def test_a_copy_may_overlap_what_it_writes() -> None:
    assert unpack_snappy(b"\x0a" + b"\x04ab" + b"\x11\x02") == b"ababababab"  # 8 bytes from 2 back


@pytest.mark.parametrize("copy", [b"\x05\x03", b"\x12\x03\x00", b"\x13\x03\x00\x00\x00"])
def test_all_three_kinds_of_copies_are_known(copy: bytes) -> None:
    assert unpack_snappy(b"\x08" + b"\x08abc" + copy) == b"abcabcab"[:8]


def test_an_offset_of_eleven_bits_is_put_together() -> None:
    text = bytes(range(256)) + bytes(44)
    packed = varint(304) + b"\xf4" + (299).to_bytes(2, "little") + text + b"\x21\x2c"  # 4 bytes from 300 back
    assert unpack_snappy(packed) == text + text[:4]


@given(st.binary(max_size=700))
def test_what_is_packed_by_literals_comes_back(content: bytes) -> None:
    assert unpack_snappy(packed_by_literals(content)) == content


@given(st.binary(max_size=60))
def test_any_bytes_are_unpacked_or_refused(content: bytes) -> None:
    with contextlib.suppress(ValueError):
        unpack_snappy(content)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\x03\x08ab",
        b"\x02\x08abc",
        b"\x04\x08abc",
        b"\x08\x08abc\x05\x04",
        b"\x08\x08abc\x05\x00",
        b"\x03\xf4\x00",
    ],
)
def test_what_is_cut_or_points_nowhere_is_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="Snappy"):
        unpack_snappy(packed)


def test_a_block_that_says_it_is_huge_is_refused_before_room_is_made() -> None:
    with pytest.raises(ValueError, match="says that it holds"):
        unpack_snappy(varint(MAX_UNPACKED + 1) + b"\x00a")


@given(st.integers(0, 2**64 - 1))
def test_numbers_come_back(value: int) -> None:
    assert read_varint(b"x" + varint(value) + b"y", 1) == (value, 1 + len(varint(value)))


@pytest.mark.parametrize("content", [b"\xff" * 9 + b"\x02", b"\x80" * 11])
def test_numbers_of_more_than_64_bits_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="more than 64 bits"):
        read_varint(content, 0)
