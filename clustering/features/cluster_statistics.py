"""How wide clusters of vectors are and how far apart: exact formulas, in blocks of distances.

The measures are those of the image similarity library of Vallez (2023): all Euclidean, whatever was clustered by.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustering.features.batches import members_of
from clustering.features.clusterers.base import Labels, Vectors
from clustering.features.density import distance_blocks

MAX_PAIRS = 5_000_000
NUM_EXTREMES = 5


@dataclass(frozen=True)
class ClusterStatistics:
    """One cluster.

    Attributes
    ----------
    size : int
        Members.
    diameter : float
        Quantile of the distances of all pairs of members; 0 for one member.
    diameter_members : int
        Members that it was taken of: fewer than ``size`` where a sample was.
    separation : float or None
        Least distance of the centroid (mean of the members) to a vector outside, noise included; None without one.
    dispersion : float
        Mean distance of the centroid to the members.
    centroid_to_centroid : float or None
        Mean distance of the centroid to all others; None without others.
    closest, farthest : list of int
        Up to five members each by their distance to the centroid, the closest first and the farthest first; no member
        is in both.
    """

    size: int
    diameter: float
    diameter_members: int
    separation: float | None
    dispersion: float
    centroid_to_centroid: float | None
    closest: list[int]
    farthest: list[int]

    @property
    def ratio_1(self) -> float | None:
        """Diameter over separation: noise over signal, lower is better."""
        return _ratio(self.diameter, self.separation)

    @property
    def ratio_2(self) -> float | None:
        """Dispersion over centroid-to-centroid distance: noise over signal, lower is better."""
        return _ratio(self.dispersion, self.centroid_to_centroid)


def measure_clusters(
    vectors: Vectors, labels: Labels, quantile: float = 1.0, max_pairs: int = MAX_PAIRS, seed: int = 0
) -> dict[int, ClusterStatistics]:
    """Measure all clusters.

    Parameters
    ----------
    vectors : ndarray, (N, D)
        All vectors, noise included.
    labels : ndarray of int64, (N,)
        -1 for noise.
    quantile : float
        Of the diameter, 0 to 1; 1 is the largest distance.
    max_pairs : int
        Of a cluster with more pairs of members, a seeded sample of members with no more pairs is taken for the
        diameter; the largest distance is underestimated then.
    seed : int
        Of those samples.

    Returns
    -------
    dict of int to ClusterStatistics
        By label.
    """
    numbers, places = np.unique(labels[labels >= 0], return_inverse=True)
    if not len(numbers):
        return {}
    labels = labels.copy()
    labels[labels >= 0] = places
    every = members_of(labels)
    centroids = np.stack([vectors[members].mean(axis=0, dtype=np.float64) for members in every])
    separations = _separations(centroids, vectors, labels)
    between = _between(centroids)
    generator = np.random.default_rng(seed)
    found: dict[int, ClusterStatistics] = {}
    for row, members in enumerate(every):
        inside = vectors[members]
        distances = np.linalg.norm(inside - centroids[row], axis=1)
        sample = _sample(len(members), max_pairs, generator)
        closest, farthest = _extremes(distances)
        found[int(numbers[row])] = ClusterStatistics(
            len(members),
            _diameter(inside if sample is None else inside[sample], quantile),
            len(members) if sample is None else len(sample),
            separations[row],
            float(distances.mean()),
            between[row],
            members[closest].tolist(),
            members[farthest].tolist(),
        )
    return found


def _separations(centroids: NDArray[np.float64], vectors: Vectors, labels: Labels) -> list[float | None]:
    found: list[float | None] = []
    for part, block in distance_blocks(centroids, vectors):
        own = labels[None, :] == np.arange(part.start, part.stop)[:, None]
        least = np.where(own, np.inf, block).min(axis=1)
        found += [float(value) if np.isfinite(value) else None for value in least]
    return found


def _between(centroids: NDArray[np.float64]) -> list[float | None]:
    count = len(centroids)
    if count < 2:
        return [None] * count
    sums = np.concatenate(
        [_without_own(block, part).sum(axis=1) for part, block in distance_blocks(centroids, centroids)]
    )
    return [float(value) for value in sums / (count - 1)]


def _without_own(block: NDArray[np.floating], part: slice) -> NDArray[np.floating]:
    """Set the distances of rows to themselves to 0, which rounding leaves near it."""
    block[np.arange(len(block)), np.arange(part.start, part.stop)] = 0
    return block


def _sample(size: int, max_pairs: int, generator: np.random.Generator) -> NDArray[np.int64] | None:
    """Give the members that a diameter is taken of; None for all."""
    if size * (size - 1) // 2 <= max_pairs:
        return None
    most = int((1 + np.sqrt(1 + 8 * max_pairs)) / 2)
    return np.sort(generator.choice(size, max(most, 2), replace=False))


def _diameter(vectors: Vectors, quantile: float) -> float:
    if len(vectors) < 2:
        return 0.0
    if quantile >= 1:
        return max(float(_without_own(block, part).max()) for part, block in distance_blocks(vectors, vectors))
    above = [
        block[np.arange(len(vectors))[None, :] > np.arange(part.start, part.stop)[:, None]]
        for part, block in distance_blocks(vectors, vectors)
    ]
    return float(np.quantile(np.concatenate(above), quantile))


def _extremes(distances: NDArray[np.floating]) -> tuple[Sequence[int], Sequence[int]]:
    order = np.argsort(distances, kind="stable")
    closest = order[: min(NUM_EXTREMES, len(order))]
    return closest.tolist(), order[len(closest) :][::-1][:NUM_EXTREMES].tolist()


def _ratio(part: float, whole: float | None) -> float | None:
    return part / whole if whole else None
