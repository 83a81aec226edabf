"""Scored pairs from global descriptors: each photo with its k most similar others, exactly, in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hloc.proposals import propose
from hloc.stream import count_cores

ROWS_PER_BLOCK = 2048
ROWS_PER_TASK = 256
PAIRS_PER_PART = 32
SCORE_DECIMALS = 7
_SPARE = 16

Scored = tuple[NDArray[np.int64], NDArray[np.float64]]


def top_k(
    descriptors: NDArray[np.floating],
    num_to_match: int,
    min_score: float = 0.0,
    rows_per_block: int = ROWS_PER_BLOCK,
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.float64]]]:
    """Give the k most similar other photos of every photo.

    Blocks of a float32 product propose, each for its rows and its columns, as the product is symmetric; the proposals
    are scored again in float64, one pair at a time, so that a score depends on its two descriptors alone. A bound on
    the rounding of the product proves that no photo was missed; a row where it does not is searched in float64. The
    result is the same for any block size.

    Parameters
    ----------
    descriptors : ndarray, (N, D), floating
        Unit vectors in sorted order of names; a zero vector is in no pair. May be mapped from a file: float32 is read
        where it lies.
    num_to_match : int
        k; where fewer photos are left, all of them are given.
    min_score : float
        Pairs below are left out.
    rows_per_block : int
        Side of a block of the product; memory grows with its square, and with N times k.

    Yields
    ------
    row : int
        Index of the photo, ascending.
    others : ndarray, (<= k,), int64
        Indices of the most similar others: highest score first, equal scores by index.
    scores : ndarray, (<= k,), float64
        Cosine similarities, rounded to 7 decimals.
    """
    vectors = np.asarray(descriptors, dtype=np.float32)
    is_usable = _is_nonzero(vectors)
    proposals = propose(vectors, is_usable, num_to_match + _SPARE, rows_per_block)
    chooser = _Chooser(vectors, is_usable, num_to_match, min_score)
    with ThreadPoolExecutor(count_cores()) as threads:
        for start in range(0, len(vectors), ROWS_PER_TASK):
            rows = range(start, min(start + ROWS_PER_TASK, len(vectors)))
            best = threads.map(chooser.choose, rows, *(part[rows.start : rows.stop] for part in proposals))
            for row, (others, scores) in zip(rows, best, strict=True):
                yield row, others, scores


def _is_nonzero(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    parts = (vectors[start : start + ROWS_PER_TASK] for start in range(0, len(vectors), ROWS_PER_TASK))
    return np.concatenate([np.zeros(0, bool), *(np.any(part, axis=1) for part in parts)])


@dataclass(frozen=True, eq=False)
class _Chooser:
    """Chooses the best of the proposed photos; threads may share it."""

    vectors: NDArray[np.float32]
    is_usable: NDArray[np.bool_]
    num_to_match: int
    min_score: float

    def choose(self, row: int, values: NDArray[np.float32], indices: NDArray[np.int32]) -> Scored:
        """Give the best others of one photo, and their scores."""
        if not self.is_usable[row]:
            return np.zeros(0, np.int64), np.zeros(0)
        candidates = self._proven(values, indices)
        if candidates is None:
            candidates = np.flatnonzero(self.is_usable & (np.arange(len(self.vectors)) != row))
        scores = np.round(self._scores(row, candidates), SCORE_DECIMALS) + 0.0
        keep = scores >= self.min_score
        candidates, scores = candidates[keep], scores[keep]
        order = np.lexsort((candidates, -scores))[: self.num_to_match]
        return candidates[order].astype(np.int64), scores[order]

    def _proven(self, values: NDArray[np.float32], indices: NDArray[np.int32]) -> NDArray[np.integer] | None:
        """Give the candidates that may be among the best k, or None when some may be missing."""
        is_real = values > -np.inf
        values, indices = values[is_real], indices[is_real]
        if len(values) < self.num_to_match + _SPARE:
            return indices
        slack = 2 * rounding_bound(self.vectors.shape[1])
        limit = np.partition(values, -self.num_to_match)[-self.num_to_match] - slack
        return indices[values >= limit] if values.min() < limit else None

    def _scores(self, row: int, others: NDArray[np.integer]) -> NDArray[np.float64]:
        vector, scores = self.vectors[row].astype(np.float64), np.empty(len(others))
        products = np.empty((min(PAIRS_PER_PART, len(others)), len(vector)))  # made once: fresh memory costs most
        for start in range(0, len(others), PAIRS_PER_PART):
            part = others[start : start + PAIRS_PER_PART]
            np.multiply(self.vectors[part], vector, out=products[: len(part)])
            products[: len(part)].sum(axis=1, out=scores[start : start + len(part)])
        return scores


def rounding_bound(dimension: int) -> float:
    """Most that a float32 dot product of unit vectors can be off (Higham 2002, section 3.1), with room for lengths."""
    return 1.05 * (dimension + 1) * 2.0**-24
