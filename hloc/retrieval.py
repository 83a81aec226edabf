"""Scored pairs from global descriptors: each photo with its k most similar others, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hloc.proposals import Proposals, block_of, propose
from hloc.scoring import NO_PAIR, SCORE_DECIMALS, SCORE_UNITS, pack, score_pairs, unpack

ROWS_PER_BLOCK = 1024
SPARE = 16

Best = Iterator[tuple[int, NDArray[np.int64], NDArray[np.float64]]]


def top_k(
    descriptors: NDArray[np.floating],
    num_to_match: int,
    min_score: float = 0.0,
    rows_per_block: int = ROWS_PER_BLOCK,
) -> Best:
    """Give the k most similar other photos of every photo.

    Tiles of a float32 product propose, each for its rows and its columns, as the product is symmetric; the proposals
    are scored again in float64, each pair once and by itself, so that a score depends on its two descriptors alone. A
    bound on the rounding of the product proves that no photo was missed; a row where it does not is searched again
    for everything within that bound. The result is the same for any size of the tiles and number of cores.

    Parameters
    ----------
    descriptors : ndarray, (N, D), floating
        Unit vectors in sorted order of names; a zero vector is in no pair. May be mapped from a file.
    num_to_match : int
        k; where fewer photos are left, all of them are given.
    min_score : float
        Pairs below are left out.
    rows_per_block : int
        Side of a tile of the product; memory grows with its square times the cores, and with N times k.

    Yields
    ------
    row : int
        Index of the photo, ascending.
    others : ndarray, (<= k,), int64
        Indices of the most similar others: highest score first, equal scores by index.
    scores : ndarray, (<= k,), float64
        Cosine similarities, rounded to 7 decimals.
    """
    vectors = np.asarray(descriptors)  # of a mapped file: the same memory, without the cost of a memmap's indexing
    is_usable = _is_nonzero(vectors, rows_per_block)
    slack = 2 * rounding_bound(vectors.shape[1]) + 1 / SCORE_UNITS
    search = _Search(vectors, is_usable, num_to_match, min_score - slack, slack, rows_per_block)
    best = search.best(propose(vectors, is_usable, num_to_match + SPARE, rows_per_block, min_score - slack))
    for row, keys in enumerate(best):
        others, scores = unpack(keys[keys < NO_PAIR])
        is_wanted = scores >= min_score
        yield row, others[is_wanted], scores[is_wanted]


def _is_nonzero(vectors: NDArray[np.floating], block: int) -> NDArray[np.bool_]:
    parts = (np.any(vectors[start : start + block], axis=1) for start in range(0, len(vectors), block))
    return np.concatenate([np.zeros(0, bool), *parts])


@dataclass(frozen=True, eq=False)
class _Search:
    """Proposals to the best k: what may be among them is scored, what is not proven is searched again."""

    vectors: NDArray[np.floating]
    is_usable: NDArray[np.bool_]
    num_to_match: int
    lowest: float
    slack: float
    block: int

    def best(self, proposals: Proposals) -> NDArray[np.int64]:
        """Give the packed best others of each photo, ascending; (N, k), filled up with ``NO_PAIR``."""
        limits, is_proven = self._limits(proposals.values)
        candidates = np.nonzero(np.isfinite(proposals.values) & (proposals.values >= limits[:, None]))
        keys = np.full(proposals.values.shape, NO_PAIR)
        others = proposals.indices[candidates]
        keys[candidates] = pack(others, score_pairs(self.vectors, candidates[0], others))
        keys.sort(axis=1)
        best = np.ascontiguousarray(keys[:, : self.num_to_match])
        unproven = np.flatnonzero(~is_proven)
        for start in range(0, len(unproven), self.block):
            rows = unproven[start : start + self.block]
            best[rows] = self._searched_again(rows, limits[rows])
        return best

    def _limits(self, values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Give the lowest product that may belong to a row's best, and whether the row's proposals hold all above."""
        highest = np.partition(values, -self.num_to_match, axis=1)[:, -self.num_to_match].astype(np.float64)
        limits, ends = np.maximum(highest - self.slack, self.lowest), values.min(axis=1)
        return limits, (ends < limits) | (ends <= self.lowest)

    def _searched_again(self, rows: NDArray[np.intp], limits: NDArray[np.float64]) -> NDArray[np.int64]:
        """Give the same as :meth:`best` for some rows, of all photos whose product reaches the row's limit."""
        left, found = block_of(self.vectors, rows), []
        for start in range(0, len(self.vectors), self.block):
            columns = slice(start, start + self.block)
            place, column = np.nonzero(left @ block_of(self.vectors, columns).T >= limits[:, None])
            found.append(np.stack([place, column + start]))
        place, others = np.concatenate(found, axis=1)
        is_pair = self.is_usable[others] & (others != rows[place])
        place, others = place[is_pair], others[is_pair]
        keys = pack(others, score_pairs(self.vectors, rows[place], others))
        order = np.lexsort((keys, place))
        place, keys = place[order], keys[order]
        rank = np.arange(len(place)) - np.searchsorted(place, place)
        is_best = rank < self.num_to_match
        best = np.full((len(rows), self.num_to_match), NO_PAIR)
        best[place[is_best], rank[is_best]] = keys[is_best]
        return best


def rounding_bound(dimension: int) -> float:
    """Most that a float32 dot product of unit vectors can be off (Higham 2002, section 3.1), with room for lengths."""
    return 1.05 * (dimension + 1) * 2.0**-24
