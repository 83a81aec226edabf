"""Many lines of a pairs file at once: where they have the plain form, names and scores are taken as arrays.

No text is made for a name that was met before: eight bytes at a time become one integer each, and names are told apart
by these. A key of 64 bits only finds the name; that it is the same one is checked byte for byte.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_NAME, MAX_SCORE = 256, 24  # in bytes; lines with longer ones are read one by one
_WORD = 8
_MASKS = np.array([(1 << 8 * count) - 1 for count in range(_WORD + 1)], dtype=np.uint64)
# odd: names that differ in one word only never have one key
_FACTORS = np.random.default_rng(0).integers(0, 1 << 63, MAX_NAME // _WORD, dtype=np.uint64) * np.uint64(2) + 1
Words = list[NDArray[np.uint64]]


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
        ends = ends.reshape(-1, 3)
        is_last = characters[ends] == ord("\n")
        if not (is_last == [False, False, True]).all() or lengths.min() < 1:
            return None
        if lengths[:, :2].max() > MAX_NAME or lengths[:, 2].max() > MAX_SCORE:
            return None
        return cls(lines, ends - lengths, lengths)

    def scores(self) -> NDArray[np.float64]:
        """Read the third column, (E,); ValueError when it holds what is no number."""
        words = np.column_stack(_words(self.text, self.starts[:, 2], self.lengths[:, 2], MAX_SCORE))
        texts = words.view(f"S{MAX_SCORE}").ravel().tolist()
        return np.fromiter(map(float, texts), np.float64, len(texts))


class NameNumbers:
    """Numbers names by their first appearance.

    Attributes
    ----------
    of_text : defaultdict of bytes to int
        The number of each name; asked for a new one, it gives the next number.
    """

    def __init__(self) -> None:
        self.of_text: defaultdict[bytes, int] = defaultdict()
        self.of_text.default_factory = self.of_text.__len__
        self._keys = np.empty(0, np.uint64)  # ascending
        self._numbers = np.empty(0, np.int64)  # of these keys
        self._words: Words = []  # of these keys: what the names consist of

    def of_lines(self, lines: PlainLines) -> NDArray[np.int64] | None:
        """Number the names of lines, (E, 2), or None when two names have one key: then they must be told apart by text.

        Numbers already given stay; new names get theirs in the order of the lines.
        """
        starts, lengths = lines.starts[:, :2].ravel(), lines.lengths[:, :2].ravel()
        words = _words(lines.text, starts, lengths, int(lengths.max(initial=0)))
        keys = np.zeros(len(starts), np.uint64)
        for word, factor in zip(words, _FACTORS, strict=False):
            keys += word * factor
        order = np.argsort(keys)
        is_first = np.ones(len(keys), bool)
        is_first[1:] = keys[order][1:] != keys[order][:-1]
        group = np.empty(len(keys), np.int64)
        group[order] = np.cumsum(is_first) - 1
        first = np.minimum.reduceat(order, np.flatnonzero(is_first)) if len(keys) else order
        own = [word[first] for word in words]
        if not all((mine[group] == word).all() for mine, word in zip(own, words, strict=True)):
            return None
        numbers = self._known(keys[first], own)
        if numbers is None:
            return None
        new = np.flatnonzero(numbers < 0)
        new = new[np.argsort(first[new])]
        at, length = starts[first[new]].tolist(), lengths[first[new]].tolist()
        texts = [lines.text[start : start + count] for start, count in zip(at, length, strict=True)]
        numbers[new] = [self.of_text[text] for text in texts]
        self._learn(keys[first[new]], numbers[new], [word[new] for word in own])
        return numbers[group].reshape(-1, 2)

    def _known(self, keys: NDArray[np.uint64], words: Words) -> NDArray[np.int64] | None:
        """Give the numbers of names that were met before, -1 for others; None when another name has the key."""
        numbers = np.full(len(keys), -1, np.int64)
        if not len(self._keys):
            return numbers
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        is_known = self._keys[place] == keys
        place = place[is_known]
        numbers[is_known] = self._numbers[place]
        for known, word in _paired(self._words, words):
            if not (known[place] == word[is_known]).all():
                return None
        return numbers

    def _learn(self, keys: NDArray[np.uint64], numbers: NDArray[np.int64], words: Words) -> None:
        order = np.argsort(np.concatenate((self._keys, keys)))
        self._keys = np.concatenate((self._keys, keys))[order]
        self._words = [np.concatenate(both)[order] for both in _paired(self._words, words)]
        self._numbers = np.concatenate((self._numbers, numbers))[order]


def _is_utf8(lines: bytes) -> bool:
    if lines.isascii():
        return True
    try:
        lines.decode()
    except UnicodeDecodeError:
        return False
    return True


def _words(text: bytes, starts: NDArray[np.int64], lengths: NDArray[np.int64], size: int) -> Words:
    """Give the texts, filled up to ``size`` bytes by NULs, as integers of eight bytes each."""
    padded = text + bytes(_WORD)
    every = np.ndarray((len(padded) - _WORD + 1,), "<u8", padded, strides=(1,))
    return [
        every[np.minimum(starts + place, len(text))] & _MASKS[np.clip(lengths - place, 0, _WORD)]
        for place in range(0, size, _WORD)
    ]


def _paired(known: Words, words: Words) -> list[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
    """Pair words place by place; the shorter names are filled up by zeros."""
    fill = [np.zeros(len(one[0]) if one else 0, np.uint64) for one in (known, words)]
    return [
        (known[place] if place < len(known) else fill[0], words[place] if place < len(words) else fill[1])
        for place in range(max(len(known), len(words)))
    ]
