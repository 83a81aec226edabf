"""A writer of TensorFlow checkpoints that shares nothing with the reader: tables, messages and sums by the byte."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

NUMBERS = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int64": 9, "bool": 10, "float16": 19}
RESTART_INTERVAL = 3


def _byte_register(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
    return byte


BYTE_REGISTERS = [_byte_register(byte) for byte in range(256)]


def slow_crc(message: bytes) -> int:
    """CRC-32C byte by byte."""
    register = 0xFFFFFFFF
    for byte in message:
        register = register >> 8 ^ BYTE_REGISTERS[(register ^ byte) & 0xFF]
    return register ^ 0xFFFFFFFF


def masked_crc(message: bytes) -> bytes:
    crc = slow_crc(message)
    rotated = (crc >> 15 | crc << 17) & 0xFFFFFFFF
    return struct.pack("<I", (rotated + 0xA282EAD8) % 2**32)


def varint(value: int) -> bytes:
    result = b""
    while value > 127:
        result += bytes([value % 128 + 128])
        value //= 128
    return result + bytes([value])


def block(entries: Iterable[tuple[bytes, bytes]], interval: int = RESTART_INTERVAL) -> bytes:
    """Entries whose keys leave out what they share with the one before, but for every third."""
    content, restarts, former = b"", [], b""
    for number, (key, value) in enumerate(entries):
        shared = 0
        if number % interval == 0:
            restarts.append(len(content))
        else:
            while shared < min(len(key), len(former)) and key[shared] == former[shared]:
                shared += 1
        content += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        former = key
    restarts = restarts or [0]
    return content + b"".join(struct.pack("<I", offset) for offset in [*restarts, len(restarts)])


def packed_by_literals(content: bytes) -> bytes:
    """Snappy without any saving: literals of at most 60 bytes."""
    parts = [content[start : start + 60] for start in range(0, len(content), 60)]
    return varint(len(content)) + b"".join(bytes([(len(part) - 1) << 2]) + part for part in parts)


def table(entries: Mapping[bytes, bytes], per_block: int = 4, is_packed: bool = False) -> bytes:
    """A table of several blocks, an empty block of meta data, the index block, the footer."""
    content, pointers = b"", []

    def add(body: bytes) -> bytes:
        nonlocal content
        stored = (packed_by_literals(body) + b"\x01") if is_packed else (body + b"\x00")
        pointer = varint(len(content)) + varint(len(stored) - 1)
        content += stored + masked_crc(stored)
        return pointer

    ordered = sorted(entries.items())
    for start in range(0, len(ordered), per_block):
        part = ordered[start : start + per_block]
        pointers.append((part[-1][0] + b"~", add(block(part))))
    handles = add(block([])) + add(block(pointers, 1))
    return content + handles.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def entry(array: Any, offset: int, *, extra: bytes = b"", type_number: int | None = None) -> bytes:
    content = np.ascontiguousarray(array).tobytes()
    shape = b"".join(field(2, field(1, length) if length else b"") for length in np.shape(array))
    message = field(1, type_number or NUMBERS[str(np.asarray(array).dtype)]) + field(2, shape)
    message += field(4, offset) if offset else b""  # a value of zero is left out, as the encoding has it
    message += field(5, len(content)) + varint(6 << 3 | 5) + masked_crc(content)
    return message + extra


HEADER = field(1, 1) + field(3, field(1, 1))  # one data file, little-endian, version 1


def write_checkpoint(
    prefix: Path, variables: Mapping[str, Any], *, header: bytes = HEADER, is_packed: bool = False, **options: Any
) -> Path:
    """Write ``prefix.index`` and ``prefix.data-00000-of-00001``; give the prefix."""
    entries, content = {b"": header}, b""
    for name in sorted(variables):
        array = np.asarray(variables[name])
        entries[name.encode()] = entry(array, len(content), **options)
        content += np.ascontiguousarray(array).tobytes()
    prefix.parent.mkdir(parents=True, exist_ok=True)
    prefix.with_name(f"{prefix.name}.index").write_bytes(table(entries, is_packed=is_packed))
    prefix.with_name(f"{prefix.name}.data-00000-of-00001").write_bytes(content)
    return prefix
