"""The second look: given a map, how many more places agree with it than with maps that are wrong on purpose?

A match that was not distinctive in the whole photo (the tenth window of a row) is distinctive where the map says that
it must be. Foliage, rubble and brick look alike everywhere, under any map; so the same is counted with the map
shifted to the side, and what is left over counts. Figures: ``benchmarks/matching.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from hloc.matching.base import LoadedFeatures
from hloc.matching.geometry import SCALE_FACTOR, TURN_DEG, angle_difference, map_points, scale_and_turn

# Nats of surprise between which a second look is worth its time: one pair in ten.
LEAST_FOR_GUIDED, MOST_FOR_GUIDED = 0.8, 8.0

RADIUS = 0.02  # share of the second photo's longest side, about twice what an affine map misses of a façade
SHIFT = 0.09  # of the maps that are wrong on purpose: beyond the radius, within the same kind of texture
NUM_SHIFTS = 3
LEAST_PRODUCT = 0.8  # of unit vectors; that of unrelated upright RootSIFT is 0.6 in the mean


@dataclass(frozen=True, eq=False)
class GuidedMatches:
    """What the second look found.

    Attributes
    ----------
    first, second : ndarray of int, shape (G,)
        Rows of the keypoints that agree with the map.
    by_chance : float
        Mean number that agrees with the shifted maps.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    by_chance: float


def guided_matches(first: LoadedFeatures, second: LoadedFeatures, transform: NDArray[np.float64]) -> GuidedMatches:
    """Match again near the places that a map says.

    Parameters
    ----------
    first, second : LoadedFeatures
        The two photos.
    transform : ndarray of float64, shape (2, 3)
        From the first photo's pixels to the second's.
    """
    log_scale, turn = scale_and_turn(transform)
    start, end = first.stored.keypoints, second.stored.keypoints
    places = map_points(transform, start[:, :2].astype(np.float64))
    margin = (SHIFT + RADIUS) * second.side
    is_near = (places > -margin) & (places < np.array(second.stored.photo_size) + margin)
    near = np.flatnonzero(is_near.all(axis=1))
    search = _Search(
        first.vectors[near],
        second.vectors,
        KDTree(end[:, :2]),
        (_log_sizes(start[near]) + np.float32(log_scale), _log_sizes(end)),
        (start[near, 3] + np.float32(turn), end[:, 3]),
        RADIUS * second.side,
    )
    rows, columns = search.around(places[near])
    angles = 2 * np.pi * np.arange(NUM_SHIFTS) / NUM_SHIFTS
    shifts = SHIFT * second.side * np.column_stack([np.cos(angles), np.sin(angles)])
    by_chance = [len(search.around(places[near] + shift)[0]) for shift in shifts]
    return GuidedMatches(near[rows], columns, float(np.mean(by_chance)))


def _log_sizes(keypoints: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.log(np.maximum(keypoints[:, 2], 1e-3))


Pair = tuple[NDArray[np.float32], NDArray[np.float32]]
Rows = tuple[NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, eq=False)
class _Search:
    """Mutually best matches within a radius; sizes and angles of the first photo are those that the map expects."""

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    tree: KDTree
    log_sizes: Pair
    angles: Pair
    radius: float

    def around(self, places: NDArray[np.float64]) -> Rows:
        """Match the first photo's keypoints to those around ``places`` of the second."""
        if not len(places):
            none = np.zeros(0, np.intp)
            return none, none
        found = KDTree(places).sparse_distance_matrix(self.tree, self.radius, output_type="ndarray")
        rows, columns = found["i"], found["j"]
        is_like = np.abs(self.log_sizes[0][rows] - self.log_sizes[1][columns]) < np.log(SCALE_FACTOR)
        rows, columns = rows[is_like], columns[is_like]
        is_like = np.abs(angle_difference(self.angles[0][rows], self.angles[1][columns])) < TURN_DEG
        rows, columns = rows[is_like], columns[is_like]
        products = np.einsum("ij,ij->i", self.first[rows], self.second[columns])
        good = products >= LEAST_PRODUCT
        return _mutually_best(rows[good], columns[good], products[good])


def _mutually_best(rows: NDArray[np.intp], columns: NDArray[np.intp], products: NDArray[np.float32]) -> Rows:
    """Keep the matches that are the best of their row and of their column."""
    order = np.lexsort((columns, rows, -products))
    rows, columns = rows[order], columns[order]
    is_best = np.zeros((2, len(rows)), bool)
    for side, places in enumerate((rows, columns)):
        is_best[side, np.unique(places, return_index=True)[1]] = True
    kept = np.flatnonzero(is_best.all(axis=0))
    kept = kept[np.argsort(rows[kept], kind="stable")]
    return rows[kept], columns[kept]
