"""Blocks compressed with Snappy, unpacked; by the published description of the format (``format_description.txt``)."""

from __future__ import annotations

MAX_UNPACKED = 1 << 26  # bytes; blocks of tables have some thousand


def unpack_snappy(packed: bytes) -> bytes:
    """Unpack one block.

    Raises
    ------
    ValueError
        When it is not of this format, cut, or says that it is larger than ``MAX_UNPACKED``.
    """
    try:
        return _unpacked(packed)
    except IndexError:
        raise ValueError("a Snappy block is cut") from None


def _unpacked(packed: bytes) -> bytes:
    length, at = read_varint(packed, 0)
    if length > MAX_UNPACKED:
        raise ValueError(f"a Snappy block says that it holds {length} bytes")
    found = bytearray()
    while at < len(packed):
        tag, at = packed[at], at + 1
        if tag & 3 == 0:
            at = _copy_literal(packed, tag, at, found)
        else:
            at = _copy_former(packed, tag, at, found)
        if len(found) > length:
            break
    if len(found) != length:
        raise ValueError(f"a Snappy block of {length} bytes holds another number of them")
    return bytes(found)


def _copy_literal(packed: bytes, tag: int, at: int, found: bytearray) -> int:
    length = tag >> 2
    if length >= 60:  # the length stands in the next one to four bytes
        width = length - 59
        length, at = int.from_bytes(_slice(packed, at, width), "little"), at + width
    found += _slice(packed, at, length + 1)
    return at + length + 1


def _copy_former(packed: bytes, tag: int, at: int, found: bytearray) -> int:
    if tag & 3 == 1:
        length, width, upper = 4 + (tag >> 2 & 7), 1, tag >> 5 << 8
    else:
        length, width, upper = 1 + (tag >> 2), (2 if tag & 3 == 2 else 4), 0
    back = upper | int.from_bytes(_slice(packed, at, width), "little")
    if not 0 < back <= len(found):
        raise ValueError("a Snappy block points before its beginning")
    begin = len(found) - back
    for offset in range(length):  # one by one: what is copied may overlap what is written
        found.append(found[begin + offset])
    return at + width


def _slice(content: bytes, at: int, length: int) -> bytes:
    if at + length > len(content):
        raise ValueError("a Snappy block is cut")
    return content[at : at + length]


def read_varint(content: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, lowest first, of at most 64 bits; give it and where the next byte stands.

    Raises
    ------
    ValueError
        When it is longer.
    IndexError
        When the bytes end before it.
    """
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
    if value >> 64:
        raise ValueError("a number of more than 64 bits")
    return value, at
