"""Many lines of a pairs file at once: where they have the plain form, names and scores are taken as arrays.

No text is made for a name that was met before: eight bytes at a time become one integer each, and names are told apart
by these. A hash only says where to look for a name; that it is the same one is checked byte for byte.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

MAX_NAME, MAX_SCORE = 256, 24  # in bytes; lines with longer ones are read one by one
MAX_DECIMAL = 16  # characters of a number of 15 digits: below 2**53
_POWERS = np.array([10**power for power in range(MAX_DECIMAL + 1)], np.float64)
_WORD = 8
_MASKS = np.array([(1 << 8 * count) - 1 for count in range(_WORD + 1)], dtype=np.uint64)
_FACTORS = np.random.default_rng(0).integers(0, 1 << 63, MAX_NAME // _WORD, dtype=np.uint64) * np.uint64(2) + 1
_FACTOR, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)  # 2**64 by the golden ratio: Fibonacci hashing
SLOTS_PER_NAME = 8
Words = NDArray[np.uint64]


@dataclass(frozen=True)
class PlainLines:
    """Lines of three columns with TABs between, none of them empty.

    Attributes
    ----------
    text : bytes
        The lines.
    starts, lengths : ndarray of int64, shape (E, 3)
        Where each column of each line begins in ``text``, and its number of bytes.
    """

    text: bytes
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, lines: bytes) -> PlainLines | None:
        """Take whole lines; None when one is not of this form, or too long for it."""
        if b"\r" in lines or b"\0" in lines or not lines.endswith(b"\n") or not _is_utf8(lines):
            return None
        characters = np.frombuffer(lines, np.uint8)
        ends = np.flatnonzero((characters == ord("\t")) | (characters == ord("\n")))
        if len(ends) % 3:
            return None
        lengths = (np.diff(ends, prepend=-1) - 1).reshape(-1, 3)
        column_ends = ends.reshape(-1, 3)
        is_last = characters[column_ends] == ord("\n")
        if not (is_last == [False, False, True]).all() or lengths.min() < 1:
            return None
        if lengths[:, :2].max() > MAX_NAME or lengths[:, 2].max() > MAX_SCORE:
            return None
        return cls(lines, column_ends - lengths, lengths)

    def scores(self) -> NDArray[np.float64]:
        """Read the third column, (E,); ValueError when it holds what is no number."""
        lengths = self.lengths[:, 2]
        words = _words(self.text, self.starts[:, 2], lengths, MAX_SCORE)
        scores, is_known = _short_decimals(words.view(np.uint8), lengths)
        others = words.view(f"S{MAX_SCORE}").ravel()[~is_known].tolist()
        scores[~is_known] = np.fromiter(map(float, others), np.float64, len(others))
        return scores


def _short_decimals(
    characters: NDArray[np.uint8], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Read numbers such as ``0.8125``, and tell which texts are such.

    The digits as an integer and the power of ten are exact, so their quotient is rounded once, as ``float`` rounds
    (Clinger, "How to read floating point numbers accurately", 1990).
    """
    is_known = (lengths > 2) & (lengths <= MAX_DECIMAL) & (characters[:, 1] == ord("."))
    digits = np.zeros(len(lengths), np.int64)
    for place in range(min(MAX_DECIMAL, int(lengths.max(initial=0)))):
        if place == 1:
            continue
        digit, is_there = characters[:, place] - np.uint8(ord("0")), place < lengths  # wraps below "0"
        is_known &= (digit < 10) | ~is_there
        digits = np.where(is_there, digits * 10 + digit, digits)
    return digits / _POWERS[np.clip(lengths - 2, 0, MAX_DECIMAL)], is_known


class NameNumbers:
    """Numbers names by their first appearance.

    Attributes
    ----------
    of_text : defaultdict of bytes to int
        The number of each name; asked for a new one, it gives the next number.
    """

    def __init__(self) -> None:
        self.of_text = defaultdict[bytes, int](count().__next__)
        self._num_bits = 10
        self._table = np.full(1 << self._num_bits, -1, np.int32)  # hash to a number that has it, -1 for none
        self._words: Words = np.zeros((1, 1), np.uint64)  # what the name of each number consists of, zeros: not known

    def of_lines(self, lines: PlainLines) -> NDArray[np.int64]:
        """Number the names of lines, (E, 2); numbers already given stay, new ones follow the order of the lines."""
        starts, lengths = lines.starts[:, :2].ravel(), lines.lengths[:, :2].ravel()
        words = _words(lines.text, starts, lengths, max(int(lengths.max(initial=1)), self._words.shape[1] * _WORD))
        self._make_room(words.shape[1])
        slot = self._hash(words)
        numbers = self._table[slot].astype(np.int64)
        differs = np.zeros(len(words), bool)
        for column, known in zip(words.T, self._words.take(numbers, axis=0, mode="wrap").T, strict=True):
            differs |= column != known
        missed = np.flatnonzero(differs)
        ends = (starts[missed] + lengths[missed]).tolist()
        numbers[missed] = [self.of_text[lines.text[a:b]] for a, b in zip(starts[missed].tolist(), ends, strict=True)]
        self._make_room(words.shape[1])
        self._words[numbers[missed]] = words[missed]
        missed = missed[self._table[slot[missed]] < 0]
        self._table[slot[missed]] = numbers[missed]
        self._widen_table()
        return numbers.reshape(-1, 2)

    def _hash(self, words: Words) -> NDArray[np.int64]:
        keys = np.zeros(len(words), np.uint64)
        for place in range(words.shape[1]):
            keys = (keys ^ (keys >> _HALF)) * _FACTOR + words[:, place] * _FACTORS[place]
        return ((keys * _FACTOR) >> np.uint64(64 - self._num_bits)).astype(np.int64)

    def _make_room(self, num_words: int) -> None:
        """Give every number a row, and one more that stays zero, for -1."""
        num_rows, width = self._words.shape
        needed = len(self.of_text) + 1
        if needed > num_rows or num_words > width:
            grown = np.zeros((max(num_rows, 2 * needed if needed > num_rows else 0), num_words), np.uint64)
            grown[:num_rows, :width] = self._words
            self._words = grown

    def _widen_table(self) -> None:
        """Keep most slots empty: names that share one are told apart by text, which takes longer."""
        if len(self.of_text) * SLOTS_PER_NAME <= len(self._table):
            return
        self._num_bits = (len(self.of_text) * SLOTS_PER_NAME * 2).bit_length()
        self._table = np.full(1 << self._num_bits, -1, np.int32)
        known = np.flatnonzero(self._words.any(axis=1))
        self._table[self._hash(self._words[known])] = known


def _is_utf8(lines: bytes) -> bool:
    if lines.isascii():
        return True
    try:
        lines.decode()
    except UnicodeDecodeError:
        return False
    return True


def _words(text: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64], size: int) -> Words:
    """Give the texts, filled up to ``size`` bytes by NULs, as integers of eight bytes each, (E, W)."""
    padded = text + bytes(_WORD)
    every = np.ndarray((len(padded) - _WORD + 1,), "<u8", padded, strides=(1,))
    words = np.empty((len(starts), -(-size // _WORD)), np.uint64)
    for column in range(words.shape[1]):
        place = column * _WORD
        words[:, column] = every[np.minimum(starts + place, len(text))]
        words[:, column] &= _MASKS[np.clip(lengths - place, 0, _WORD)]
    return words
