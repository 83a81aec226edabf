"""CRC-32C of large arrays at the speed of NumPy; tables of LevelDB and checkpoints of TensorFlow are checked by it.

Sources: RFC 3720, appendix B.4 (polynomial and test values); LevelDB's ``util/crc32c.h`` (the mask). A word of the
message that stands ``n`` bytes before another may be folded into it once it is shifted by ``n`` bytes, a linear map of
its 32 bits. So all rows of words are folded into one row, and that row into one word.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]

POLYNOMIAL = 0x82F63B78  # Castagnoli's, its bits reversed
SMALL_ROW, LARGE_ROW = 8, 14  # binary logarithms of words in a row; two rows and two tables fit a core's cache
LARGE = 1 << 20  # bytes
MASK_DELTA = 0xA282EAD8
ALL_ONES = 0xFFFFFFFF


def crc32c(content: bytes | memoryview | NDArray[np.uint8]) -> int:
    """Give the CRC-32C of bytes.

    Parameters
    ----------
    content : bytes, memoryview or ndarray of uint8 (N,)
        The message. An array may be mapped from a file: it is read once, row by row.
    """
    message = np.frombuffer(content, np.uint8)
    row_log2 = LARGE_ROW if len(message) >= LARGE else SMALL_ROW
    row_bytes = 4 << row_log2
    start = np.zeros(row_bytes, np.uint8)  # zeros before a message change nothing
    rest = len(message) % row_bytes
    start[row_bytes - rest :] = message[:rest]
    folded = start.view("<u4").astype(np.uint32)
    low, high = _tables(row_log2 + 2)
    for row in message[rest:].view("<u4").reshape(-1, 1 << row_log2):
        folded = low[folded & 0xFFFF] ^ high[folded >> 16] ^ row
    while len(folded) > 1:
        half = len(folded) // 2
        folded = _shifted(folded[:half], 4 * half) ^ folded[half:]
    begun = _shifted(np.array([ALL_ONES], np.uint32), len(message))  # what the register holds at the start
    return int(_shifted(folded, 4)[0] ^ begun[0]) ^ ALL_ONES


def masked(crc: int) -> int:
    """Give the form in which a CRC is stored beside what it is of, so that no CRC is taken of a CRC."""
    return (((crc >> 15) | (crc << 17)) + MASK_DELTA) & ALL_ONES


def _shifted(words: Words, num_bytes: int) -> Words:
    """Give the words as so many bytes further on see them."""
    for log2 in range(num_bytes.bit_length()):
        if num_bytes >> log2 & 1:
            images = _byte_images(log2)
            words = np.bitwise_xor.reduce([images[place, words >> 8 * place & 0xFF] for place in range(4)])
    return words


@cache
def _byte_images(log2: int) -> Words:
    """Give what becomes of each value of each of a word's bytes (4, 256) under a shift by ``2 ** log2`` bytes."""
    values = np.arange(256, dtype=np.uint32)
    if log2:
        half = 1 << log2 - 1
        return np.stack([_shifted(_shifted(values << np.uint32(8 * place), half), half) for place in range(4)])
    words = np.stack([values << np.uint32(8 * place) for place in range(4)])
    for _ in range(8):
        words = words >> 1 ^ np.where(words & 1, np.uint32(POLYNOMIAL), np.uint32(0))
    return words


@cache
def _tables(log2: int) -> tuple[Words, Words]:
    """Give the images of all lower and of all upper halves of a word under a shift by ``2 ** log2`` bytes."""
    halves = np.arange(1 << 16, dtype=np.uint32)
    return _shifted(halves, 1 << log2), _shifted(halves << np.uint32(16), 1 << log2)
