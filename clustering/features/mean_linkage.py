"""Trees of joins for linkages that cluster means tell: no distance is kept but that to each nearest cluster.

The generic algorithm of Muellner 2011 (``arXiv:1109.2378``), section 3.1, on means in the place of a distance matrix.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BLOCK = 2**22  # distances that are held at once


def join_means(points: Floats, linkage: str, metric: str) -> Floats:
    """Join vectors until one cluster is left; see :func:`clustering.features.linkage.linkage_tree`.

    Parameters
    ----------
    points : ndarray, (N, D), float64
        Unit vectors for ``average``.
    linkage : str
        ``ward`` or ``centroid`` (metric ``euclidean``), ``average`` (metric ``cosine`` or ``hamming``).
    metric : str
        Of the heights.

    Returns
    -------
    ndarray, (N - 1, 4), float64
        In the order in which joins were made.
    """
    clusters = _Means(points, linkage, metric)
    count = len(points)
    tree = np.zeros((count - 1, 4))
    for row in range(count - 1):
        one = int(np.argmin(clusters.distance[: clusters.count]))
        other = int(clusters.nearest[one])
        ids = sorted((int(clusters.ids[one]), int(clusters.ids[other])))
        height = clusters.distance[one]
        tree[row] = *ids, height, clusters.join(one, other, count + row)
    return tree


class _Means:
    """Clusters as means and sizes, each with its nearest one; those in use come first."""

    def __init__(self, points: Floats, linkage: str, metric: str) -> None:
        self.linkage = linkage
        self.scale = 0.5 if metric == "hamming" else 1.0
        self.count = len(points)
        self.means = points.copy() if linkage == "average" else points - points.mean(axis=0)
        self.squares = np.einsum("ij,ij->i", self.means, self.means)
        self.sizes = np.ones(self.count)
        self.ids = np.arange(self.count)
        self.nearest = np.zeros(self.count, dtype=np.int64)
        self.distance = np.zeros(self.count)
        step = max(1, BLOCK // max(self.count, 1))
        for start in range(0, self.count, step):
            self._search(np.arange(start, min(start + step, self.count)))

    def _distances(self, rows: NDArray[np.int64]) -> Floats:
        """Give the distances of some clusters to all: (R, count), infinite to themselves."""
        inner = self.means[rows] @ self.means[: self.count].T
        if self.linkage == "average":
            found = self.scale * (1 - inner)
        else:
            found = np.sqrt(np.maximum(self.squares[rows, None] + self.squares[: self.count] - 2 * inner, 0))
            if self.linkage == "ward":
                own, all_sizes = self.sizes[rows, None], self.sizes[: self.count]
                found *= np.sqrt(2 * own * all_sizes / (own + all_sizes))
        found[np.arange(len(rows)), rows] = np.inf
        return np.asarray(found)

    def _search(self, rows: NDArray[np.int64]) -> Floats:
        """Find the nearest cluster of each of ``rows``; give their distances to all."""
        found = self._distances(rows)
        self.nearest[rows] = found.argmin(axis=1)
        self.distance[rows] = found[np.arange(len(rows)), self.nearest[rows]]
        return found

    def join(self, one: int, other: int, number: int) -> float:
        """Join two clusters into one called ``number``; give its size."""
        keeps, goes = min(one, other), max(one, other)
        size = self.sizes[one] + self.sizes[other]
        self.means[keeps] = (self.sizes[one] * self.means[one] + self.sizes[other] * self.means[other]) / size
        self.sizes[keeps], self.ids[keeps] = size, number
        self.squares[keeps] = self.means[keeps] @ self.means[keeps]
        has_lost = (self.nearest[: self.count] == keeps) | (self.nearest[: self.count] == goes)
        self._drop(goes)
        last = self.count  # where the cluster that took the freed place was
        if goes < last:
            has_lost[goes] = has_lost[last]
            self.nearest[: self.count][self.nearest[: self.count] == last] = goes
        has_lost = has_lost[: self.count]
        has_lost[keeps] = True
        if self.count > 1:
            rows = np.flatnonzero(has_lost)
            found = self._search(rows)[np.searchsorted(rows, keeps)]
            is_nearer = found < self.distance[: self.count]
            self.distance[: self.count][is_nearer], self.nearest[: self.count][is_nearer] = found[is_nearer], keeps
        return float(size)

    def _drop(self, place: int) -> None:
        self.count -= 1
        for values in (self.means, self.squares, self.sizes, self.ids, self.nearest, self.distance):
            values[place] = values[self.count]
