"""Tables in LevelDB's format, written by another hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.formats.sstable import read_table
from tests.storage.formats.tensorflow_writer import block, masked_crc, table, varint

ENTRIES = {f"layer_{number // 3}/part_{number}".encode(): bytes([number]) * number for number in range(20)}


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("per_block", [1, 4, 100])
def test_keys_and_values_come_back_in_order(per_block: int, is_packed: bool) -> None:
    found = list(read_table(table(ENTRIES, per_block, is_packed)))
    assert found == sorted(ENTRIES.items())


@given(st.dictionaries(st.binary(max_size=12), st.binary(max_size=12), max_size=12), st.integers(1, 5))
def test_any_keys_and_values_come_back(entries: dict[bytes, bytes], per_block: int) -> None:
    assert dict(read_table(table(entries, per_block))) == entries


def test_an_empty_table_holds_nothing() -> None:
    assert list(read_table(table({}))) == []


@pytest.mark.parametrize("at", [0, 40, 150, 300])
def test_one_changed_bit_is_seen(at: int) -> None:
    content = bytearray(table(ENTRIES))
    content[at] ^= 4
    with pytest.raises(ValueError, match="checksum of the block at byte"):
        list(read_table(bytes(content)))


@pytest.mark.parametrize("kept", [0, 10, 47, 200, -1, -20])
def test_a_cut_table_is_refused(kept: int) -> None:
    with pytest.raises(ValueError, match="does not end as a table"):
        list(read_table(table(ENTRIES)[:kept]))


@pytest.mark.parametrize("handles", [varint(0) + varint(9) + varint(1 << 40) + varint(9), b"\x80" * 40])
def test_pointers_that_lead_out_of_the_file_are_refused(handles: bytes) -> None:
    content = table(ENTRIES)
    with pytest.raises(ValueError, match="beyond its end|more than 64 bits"):
        list(read_table(content[:-48] + handles.ljust(40, b"\0") + content[-8:]))


def one_block(body: bytes, kind: bytes = b"\x00") -> bytes:
    """A table whose one block has this body, and a good checksum."""
    stored = body + kind
    content = stored + masked_crc(stored)
    index = block([(b"z", varint(0) + varint(len(body)))], 1) + b"\x00"
    handles = varint(0) + varint(0) + varint(len(content)) + varint(len(index) - 1)
    return content + index + masked_crc(index) + handles.ljust(40, b"\0") + table({})[-8:]


GOOD = block([(b"a", b"1"), (b"b", b"2")])


def test_a_block_by_hand_is_read() -> None:
    assert list(read_table(one_block(GOOD))) == [(b"a", b"1"), (b"b", b"2")]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (block([(b"b", b"1"), (b"a", b"2")]), "keys are not in order"),
        (block([(b"a", b"1"), (b"a", b"2")]), "keys are not in order"),
        (b"\x05\x01\x01ab" + GOOD[-8:], "reaches beyond its block"),  # shares five bytes with nothing
        (b"\x00\x01\x7fab" + GOOD[-8:], "reaches beyond its block"),
        (b"\x00", "shorter than its list of restarts"),
        (b"\xff\xff\x00\x00", "shorter than its list of restarts"),
    ],
)
def test_blocks_that_contradict_themselves_are_refused(body: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        list(read_table(one_block(body)))


def test_an_unknown_compression_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown way 7"):
        list(read_table(one_block(GOOD, b"\x07")))
