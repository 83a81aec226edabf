"""Scores that follow from a count: bits in which two features differ, numbers in which they do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.similarities.base import NOT_COMPARABLE, SCORE_DECIMALS, Rows, Scorer, Scores

# So many cells are counted at once that what lies between two steps stays in a core's cache.
CELLS_AT_ONCE = 1 << 16

Words = NDArray[np.unsignedinteger[Any]]
Differences = Callable[[Words, Words], NDArray[Any]]


def differing_bits(first: Words, second: Words) -> NDArray[Any]:
    """Count the bits in which words differ."""
    return np.bitwise_count(np.bitwise_xor(first, second))


def differing_words(first: Words, second: Words) -> NDArray[Any]:
    """Say of each word whether it differs."""
    return np.not_equal(first, second)


class CountingScorer(Scorer):
    """Adds up the differences of words and looks the score of each sum up.

    Parameters
    ----------
    words : ndarray of unsigned integers, shape (N, W)
        The features; memory grows with them alone.
    is_comparable : ndarray of bool, shape (N,)
        False for photos without a feature.
    differences : callable
        Gives the difference of two arrays of words, which are broadcast.
    scores_by_count : ndarray of float64
        The score of each possible sum, from 0.
    """

    def __init__(
        self,
        words: Words,
        is_comparable: NDArray[np.bool_],
        differences: Differences,
        scores_by_count: Scores,
    ) -> None:
        self._columns = np.ascontiguousarray(words.T)
        self._is_comparable = is_comparable
        self._differences = differences
        self._scores_by_count = np.round(scores_by_count, SCORE_DECIMALS)

    def block(self, first: Rows, second: Rows) -> Scores:
        """Give the scores (A, B) of each of A photos with each of B."""
        scores = np.empty((len(first), len(second)))
        step = max(1, CELLS_AT_ONCE // max(1, len(second)))
        for start in range(0, len(first), step):
            part = slice(start, start + step)
            scores[part] = self._scores(first[part, None], second[None, :])
        return scores

    def pairs(self, first: Rows, second: Rows) -> Scores:
        """Give the scores (P,) of P pairs."""
        scores = np.empty(len(first))
        for start in range(0, len(first), CELLS_AT_ONCE):
            part = slice(start, start + CELLS_AT_ONCE)
            scores[part] = self._scores(first[part], second[part])
        return scores

    def _scores(self, first: Rows, second: Rows) -> Scores:
        counts = np.zeros(np.broadcast_shapes(first.shape, second.shape), np.uint32)
        for column in self._columns:
            counts += self._differences(column[first], column[second])
        scores: Scores = self._scores_by_count[counts]
        if not self._is_comparable.all():
            scores[~(self._is_comparable[first] & self._is_comparable[second])] = NOT_COMPARABLE
        return scores


def stacked(features: Sequence[NDArray[Any]], length: int, kind: np.dtype[Any]) -> tuple[Words, NDArray[np.bool_]]:
    """Put features in rows (N, length), zeros where one has no elements; give which have some as well."""
    rows = np.zeros((len(features), length), kind)
    is_comparable = np.array([len(feature) > 0 for feature in features], bool)
    for row in np.flatnonzero(is_comparable).tolist():
        rows[row] = features[row]
    return rows, is_comparable
