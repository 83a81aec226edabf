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

RADIUS = 0.02  # share of the second photo's longest side, about twice what an affine map misses of a façade
SHIFT = 0.09  # of the maps that are wrong on purpose: beyond the radius, within the same kind of texture
NUM_SHIFTS = 4
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
    places = map_points(transform, first.stored.keypoints[:, :2].astype(np.float64))
    margin = (SHIFT + RADIUS) * second.side
    is_near = (places > -margin) & (places < np.array(second.stored.photo_size) + margin)
    near = np.flatnonzero(is_near.all(axis=1))
    search = _Search(first, second, KDTree(second.stored.keypoints[:, :2]), near, *scale_and_turn(transform))
    rows, columns = search.around(places[near])
    angles = 2 * np.pi * np.arange(NUM_SHIFTS) / NUM_SHIFTS
    shifts = SHIFT * second.side * np.column_stack([np.cos(angles), np.sin(angles)])
    by_chance = [len(search.around(places[near] + shift)[0]) for shift in shifts]
    return GuidedMatches(rows, columns, float(np.mean(by_chance)))


@dataclass(frozen=True, eq=False)
class _Search:
    """Mutually best matches within a radius."""

    first: LoadedFeatures
    second: LoadedFeatures
    tree: KDTree
    near: NDArray[np.intp]
    log_scale: float
    turn: float

    def around(self, places: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Match keypoints ``near`` of the first photo to those around ``places`` of the second."""
        if not len(places):
            return self.near, self.near
        radius = RADIUS * self.second.side
        found = KDTree(places).sparse_distance_matrix(self.tree, radius, output_type="ndarray")
        rows, columns = self.near[found["i"]], found["j"]
        one, other = self.first.stored.keypoints[rows], self.second.stored.keypoints[columns]
        growth = np.log(np.maximum(other[:, 2], 1e-3) / np.maximum(one[:, 2], 1e-3))
        is_like = np.abs(growth - self.log_scale) < np.log(SCALE_FACTOR)
        is_like &= np.abs(angle_difference(other[:, 3] - one[:, 3], self.turn)) < TURN_DEG
        rows, columns = rows[is_like], columns[is_like]
        products = np.einsum("ij,ij->i", self.first.vectors[rows], self.second.vectors[columns])
        return _mutually_best(rows, columns, products)


def _mutually_best(
    rows: NDArray[np.intp], columns: NDArray[np.intp], products: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Keep the matches that are the best of their row and of their column, and good enough."""
    order = np.lexsort((columns, rows, -products))
    rows, columns, products = rows[order], columns[order], products[order]
    is_best = np.zeros(len(rows), bool)
    is_best[np.intersect1d(np.unique(rows, return_index=True)[1], np.unique(columns, return_index=True)[1])] = True
    is_best &= products >= LEAST_PRODUCT
    kept = np.argsort(rows[is_best], kind="stable")
    return rows[is_best][kept], columns[is_best][kept]
