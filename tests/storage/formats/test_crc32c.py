"""CRC-32C against published values and against the sum byte by byte."""

from __future__ import annotations

import numpy as np
import pytest

from storage.formats import crc32c as module
from storage.formats.crc32c import crc32c, masked
from tests.storage.formats.tensorflow_writer import slow_crc


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (bytes(32), 0x8A9136AA),  # these four: RFC 3720, appendix B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_published_values_are_met(message: bytes, expected: int) -> None:
    assert crc32c(message) == expected


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 1023, 1024, 1025, 1027, 2048, 3001])
def test_any_length_gives_the_sum_byte_by_byte(length: int) -> None:
    message = np.random.default_rng(length).bytes(length)
    assert crc32c(message) == slow_crc(message)


def test_long_rows_give_what_short_ones_give(monkeypatch: pytest.MonkeyPatch) -> None:
    message = np.random.default_rng(0).integers(0, 256, module.LARGE + 70_001, dtype=np.uint8)
    by_long_rows = crc32c(message)
    monkeypatch.setattr(module, "LARGE", 1 << 40)
    assert crc32c(message) == by_long_rows


def test_a_single_bit_changes_the_sum() -> None:
    message = bytearray(np.random.default_rng(1).bytes(5000))
    former = crc32c(bytes(message))
    message[4321] ^= 1
    assert crc32c(bytes(message)) != former


def test_an_array_and_a_view_of_its_bytes_have_the_same_sum() -> None:
    array = np.arange(5000, dtype=np.uint8)
    assert crc32c(array) == crc32c(array.tobytes()) == crc32c(memoryview(array.tobytes()))


def test_the_mask_is_leveldb_s() -> None:
    crc = crc32c(b"foo")
    assert masked(crc) == ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32
    assert masked(crc) != crc and masked(masked(crc)) != crc
