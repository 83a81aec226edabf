"""Sorted tables of keys and values in LevelDB's file format, as TensorFlow writes the index of a checkpoint.

Source: LevelDB's ``doc/table_format.md`` and its ``table/`` folder. A table is a row of blocks, each followed by a byte
that names its compression and a masked CRC-32C; the footer points to the index block, whose values point to the others.
Within a block a key leaves out what it shares with the one before.
"""

from __future__ import annotations

from collections.abc import Iterator

from storage.formats.crc32c import crc32c, masked
from storage.formats.snappy import read_varint, unpack_snappy

MAGIC = 0xDB4775248B80FB57.to_bytes(8, "little")
FOOTER_BYTES = 48
TRAILER_BYTES = 5  # one of compression, four of CRC
UNPACKED, SNAPPY = 0, 1


def read_table(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Give the keys and values of a table, in the order of the keys; each block is checked by its CRC.

    Parameters
    ----------
    table : bytes
        The whole file.

    Raises
    ------
    ValueError
        When it is no table, is cut, or was altered.
    """
    former: bytes | None = None
    try:
        for _, handle in _entries(_block(table, _index_handle(table))):
            for key, value in _entries(_block(table, _handle(handle, 0)[0])):
                if former is not None and key <= former:
                    raise ValueError("its keys are not in order")
                yield key, value
                former = key
    except IndexError:
        raise ValueError("it is cut") from None


def _index_handle(table: bytes) -> tuple[int, int]:
    footer = table[-FOOTER_BYTES:]
    if len(footer) < FOOTER_BYTES or not footer.endswith(MAGIC):
        raise ValueError("it does not end as a table does")
    _, at = _handle(footer, 0)  # of the block that tells of filters, which TensorFlow does not write
    return _handle(footer, at)[0]


def _handle(content: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Read where a block begins and how long it is, without its trailer; and where the next byte stands."""
    begin, at = read_varint(content, at)
    length, at = read_varint(content, at)
    return (begin, length), at


def _block(table: bytes, handle: tuple[int, int]) -> bytes:
    begin, length = handle
    end = begin + length + TRAILER_BYTES
    if end > len(table) - FOOTER_BYTES:
        raise ValueError("a block reaches beyond its end")
    checked, sum_ = table[begin : end - 4], table[end - 4 : end]
    if masked(crc32c(checked)) != int.from_bytes(sum_, "little"):
        raise ValueError(f"the checksum of the block at byte {begin} does not agree")
    compression = checked[-1]
    if compression not in (UNPACKED, SNAPPY):
        raise ValueError(f"a block is compressed in the unknown way {compression}")
    return checked[:-1] if compression == UNPACKED else unpack_snappy(checked[:-1])


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    num_restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * num_restarts
    if len(block) < 4 or end < 0:
        raise ValueError("a block is shorter than its list of restarts")
    at, key = 0, b""
    while at < end:
        shared, at = read_varint(block, at)
        unshared, at = read_varint(block, at)
        length, at = read_varint(block, at)
        begin_of_value = at + unshared
        if shared > len(key) or begin_of_value + length > end:
            raise ValueError("an entry reaches beyond its block")
        key = key[:shared] + block[at:begin_of_value]
        at = begin_of_value + length
        yield key, block[begin_of_value:at]
