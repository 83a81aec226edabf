"""What every threshold would give: pairs, clusters, clustered photos and the largest cluster, in one sweep.

The pairs are taken from the highest score down, and a union-find (Tarjan 1975, ``doi:10.1145/321879.321884``) joins
what they connect. Only the pairs of the maximum spanning forest join anything, whatever the threshold (Gower and Ross
1969, ``doi:10.2307/2346439``), so these alone are swept: fewer than there are photos.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import minimum_spanning_tree

from clustering.graph import Edges, ScoredPairs, find_edges

MAX_POINTS = 1000
_MAX_DECIMALS = 17

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ThresholdCurve:
    """What G thresholds give, the highest first. A cluster is a connected component of two photos or more.

    Attributes
    ----------
    num_photos : int
        Number of photos N, those without any pair included.
    score : ndarray, (G,), float64
        Each the score of some pair: the highest threshold with these numbers.
    next_lower : ndarray, (G,), float64
        The next lower score of any pair: thresholds above it give these numbers too. Minus infinity for the lowest.
    num_pairs : ndarray, (G,), int64
        Pairs of two photos at or above the threshold, each once.
    num_clusters, num_clustered, largest : ndarray, (G,), int64
        Clusters, photos in them, photos in the largest.
    """

    num_photos: int
    score: NDArray[np.float64]
    next_lower: NDArray[np.float64]
    num_pairs: Counts
    num_clusters: Counts
    num_clustered: Counts
    largest: Counts

    def __len__(self) -> int:
        return len(self.score)

    def point_of(self, threshold: float) -> int:
        """Give the point whose numbers hold at ``threshold``; of those left out, the nearest stricter one, or 0."""
        return max(int(np.searchsorted(-self.score, -threshold, side="right")) - 1, 0)


def distinct_pairs(pairs: ScoredPairs) -> Edges:
    """Give the pairs of two different photos, each once with its higher score, the highest score first.

    Parameters
    ----------
    pairs : ScoredPairs
        E pairs; NaN is no score.
    """
    edges = find_edges(pairs, -math.inf)
    is_self = edges.first == edges.second
    return edges.take(~is_self) if is_self.any() else edges


def sweep_thresholds(edges: Edges, max_points: int = MAX_POINTS, also: Sequence[float] = ()) -> ThresholdCurve:
    """Count what every threshold gives.

    Parameters
    ----------
    edges : Edges
        M distinct pairs by falling score, as :func:`distinct_pairs` gives them.
    max_points : int
        Points of the curve, 8 or more. Where there are more distinct scores, half of the points are spread evenly over
        the scores, a quarter over the pairs and a quarter over the joins.
    also : sequence of float
        Thresholds whose numbers are to be on the curve in any case.

    Returns
    -------
    ThresholdCurve
        Empty without pairs.
    """
    if max_points < 8:
        raise ValueError(f"a curve needs 8 points or more, got {max_points}")
    ends = np.flatnonzero(np.append(edges.score[1:] != edges.score[:-1], True)[: len(edges)]) + 1  # one per score
    scores = edges.score[ends - 1]
    joins, sizes = _joins(edges)
    chosen = _choose_points(scores, ends, joins, max_points)
    wanted = [int(np.searchsorted(-scores, -value, side="right")) - 1 for value in also]
    chosen = np.unique(np.append(chosen, [point for point in wanted if point >= 0]).astype(np.int64))
    num_joins = np.searchsorted(joins, ends[chosen], side="left")
    of_joins = [np.concatenate(([0], column))[num_joins] for column in _totals(sizes)]
    next_lower = np.append(scores[1:], -np.inf)[chosen]
    return ThresholdCurve(edges.num_photos, scores[chosen], next_lower, ends[chosen].astype(np.int64), *of_joins)


def _joins(edges: Edges) -> tuple[Counts, Counts]:
    """Give rows of the pairs that join two components, ascending, and the two sizes that each joins (J, 2)."""
    # ranks as weights: all different, none zero (a stored zero is no edge to SciPy), so there is one forest
    ranks = np.arange(1, len(edges) + 1, dtype=np.float64)
    graph = sparse.csr_array((ranks, (edges.first, edges.second)), shape=(edges.num_photos,) * 2)
    joins = np.sort(minimum_spanning_tree(graph).data.astype(np.int64)) - 1
    sizes = _union_sizes(edges.num_photos, edges.first[joins].tolist(), edges.second[joins].tolist())
    return joins, np.array(sizes, dtype=np.int64).reshape(-1, 2)


def _union_sizes(num_photos: int, first: list[int], second: list[int]) -> list[tuple[int, int]]:
    """Union by size with path halving; plain lists, as single entries of arrays cost ten times as much."""
    parent, size = list(range(num_photos)), [1] * num_photos
    sizes = []
    for one, other in zip(first, second, strict=True):
        while parent[one] != one:
            parent[one] = one = parent[parent[one]]
        while parent[other] != other:
            parent[other] = other = parent[parent[other]]
        sizes.append((size[one], size[other]))
        if size[one] < size[other]:
            one, other = other, one
        parent[other] = one
        size[one] += size[other]
    return sizes


def _totals(sizes: Counts) -> tuple[Counts, Counts, Counts]:
    """Give clusters, clustered photos and largest cluster after each join."""
    num_single = (sizes == 1).sum(axis=1)
    return np.cumsum(num_single - 1), np.cumsum(num_single), np.maximum.accumulate(sizes.sum(axis=1))


def _choose_points(scores: NDArray[np.float64], ends: Counts, joins: Counts, max_points: int) -> Counts:
    """Give indices of the distinct scores that become points, ascending; the first and the last are among them."""
    if len(scores) <= max_points:
        return np.arange(len(scores))
    by_score = np.searchsorted(-scores, -np.linspace(scores[0], scores[-1], max_points // 2))
    by_pair = np.searchsorted(ends, np.linspace(1, ends[-1], max_points // 4))
    places = np.linspace(0, len(joins) - 1, max_points // 4).astype(np.int64)
    by_join = np.searchsorted(ends, joins[places] + 1)
    return np.unique(np.minimum(np.concatenate((by_score, by_pair, by_join)), len(scores) - 1))


def short_threshold(score: float, next_lower: float) -> float:
    """Give the threshold with the fewest decimals that lets the same pairs pass as ``score``: above ``next_lower``."""
    exact = Decimal(repr(score))
    for decimals in range(_MAX_DECIMALS if math.isfinite(next_lower) else 0):
        rounded = float(exact.quantize(Decimal(1).scaleb(-decimals), ROUND_FLOOR))
        if next_lower < rounded <= score:
            return rounded + 0.0  # no negative zero
    return score
