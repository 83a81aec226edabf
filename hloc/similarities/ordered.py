"""Scores that are computed pair by pair, each pair once and in one order."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import numpy as np

from hloc.similarities.base import SCORE_DECIMALS, Rows, Scorer, Scores
from storage.machine import available_memory

LEAST_KEPT_BYTES, MOST_KEPT_BYTES = 128 * 2**20, 2 * 2**30
KEPT_SHARE = 4  # of the memory that is available
TILE = 128

Prepared = TypeVar("Prepared")


class OrderedScorer(Scorer):
    """Computes each pair once a call, the photo of the lower row first.

    So a score is symmetric where the mathematics is not, and equal in :meth:`block` and :meth:`pairs`.
    """

    @abstractmethod
    def score_ordered(self, low: Rows, high: Rows) -> Scores:
        """Give the scores (P,) of pairs with ``low <= high``, none of them twice; they are rounded elsewhere."""

    def block(self, first: Rows, second: Rows) -> Scores:
        """Give the scores (A, B) of each of A photos with each of B."""
        scores = self.pairs(np.repeat(first, len(second)), np.tile(second, len(first)))
        return scores.reshape(len(first), len(second))

    def pairs(self, first: Rows, second: Rows) -> Scores:
        """Give the scores (P,) of P pairs; they are computed in tiles of 128 photos by 128."""
        if not len(first):
            return np.empty(0)
        num_rows = max(int(first.max()), int(second.max())) + 1
        keys, places = np.unique(np.minimum(first, second) * num_rows + np.maximum(first, second), return_inverse=True)
        low, high = np.divmod(keys, num_rows)
        order = np.lexsort((high // TILE, low // TILE))  # what was prepared of a photo is used again soon
        scores = np.empty(len(keys))
        scores[order] = np.round(self.score_ordered(low[order], high[order]), SCORE_DECIMALS)
        return scores[places]


def keeping(prepare: Callable[[int], Prepared], bytes_each: int) -> Callable[[int], Prepared]:
    """Let a function of a photo's row remember what it gave lately; threads may share it.

    A quarter of the memory that is available now is used, 2 GB at the most.
    """
    share = (available_memory() or 0) // KEPT_SHARE
    kept_bytes = min(max(share, LEAST_KEPT_BYTES), MOST_KEPT_BYTES)
    return lru_cache(max(2, kept_bytes // max(1, bytes_each)))(prepare)
