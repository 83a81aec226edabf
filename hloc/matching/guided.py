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
from hloc.matching.geometry import SCALE_FACTOR, TURN_DEG
from hloc.matching.maps import angle_difference, map_points, scale_and_turn
from hloc.matching.products import ByteVectors

# Nats of surprise between which a second look is worth its time: one pair in ten.
LEAST_FOR_GUIDED, MOST_FOR_GUIDED = 0.8, 8.0

RADIUS = 0.02  # share of the second photo's longest side, about twice what an affine map misses of a façade
SHIFT = 0.09  # of the maps that are wrong on purpose: beyond the radius, within the same kind of texture
NUM_SHIFTS = 3
LEAST_PRODUCT = 0.8  # of unit vectors; that of unrelated upright RootSIFT is 0.6 in the mean

PRODUCTS_PER_BLOCK = 128  # 64 kB for either photo


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
    if not len(near) or not len(end):
        none = np.zeros(0, np.intp)
        return GuidedMatches(none, none, 0.0)
    search = _Search(
        (first.vectors, second.vectors),
        near,
        (_log_sizes(start[near]) + np.float32(log_scale), _log_sizes(end)),
        (start[near, 3] + np.float32(turn), end[:, 3]),
    )
    tree = KDTree(end[:, :2], balanced_tree=False, compact_nodes=False)
    numbers, rows, columns = search.around(places[near] + _shifts(second.side), tree, RADIUS * second.side)
    is_unshifted = numbers == 0
    by_chance = np.count_nonzero(~is_unshifted) / NUM_SHIFTS
    return GuidedMatches(near[rows[is_unshifted]], columns[is_unshifted], by_chance)


def _shifts(side: float) -> NDArray[np.float64]:
    """Give no shift, then those to the side (1 + S, 1, 2)."""
    angles = 2 * np.pi * np.arange(NUM_SHIFTS) / NUM_SHIFTS
    shifts = SHIFT * side * np.column_stack([np.cos(angles), np.sin(angles)])
    return np.concatenate([np.zeros((1, 2)), shifts])[:, None]


def _log_sizes(keypoints: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.log(np.maximum(keypoints[:, 2], 1e-3))


Pair = tuple[NDArray[np.float32], NDArray[np.float32]]
Vectors = tuple[ByteVectors, ByteVectors]
Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class _Search:
    """Mutually best matches within a radius; sizes and angles of the first photo are those that the map expects."""

    vectors: Vectors
    near: Rows
    log_sizes: Pair
    angles: Pair

    def around(self, places: NDArray[np.float64], tree: KDTree, radius: float) -> tuple[Rows, Rows, Rows]:
        """Match the first photo's keypoints to those around ``places`` (S, M, 2) of the second, for each map alone.

        Gives number of the map, row of ``near`` and row of the second photo, in this order.
        """
        # Neither tree is balanced: each is asked once.
        found = KDTree(places.reshape(-1, 2), balanced_tree=False, compact_nodes=False).sparse_distance_matrix(
            tree, radius, output_type="ndarray"
        )
        places_found, columns = found["i"], found["j"]
        rows = places_found % len(self.near)
        is_like = np.abs(self.log_sizes[0][rows] - self.log_sizes[1][columns]) < np.log(SCALE_FACTOR)
        is_like &= np.abs(angle_difference(self.angles[0][rows], self.angles[1][columns])) < TURN_DEG
        places_found, rows, columns = places_found[is_like], rows[is_like], columns[is_like]
        products = _products(*self.vectors, self.near[rows], columns)
        good = np.flatnonzero(products >= LEAST_PRODUCT)
        places_found, columns = places_found[good], columns[good]
        kept = _mutually_best(
            places_found, places_found // len(self.near) * len(self.vectors[1]) + columns, products[good]
        )
        return places_found[kept] // len(self.near), places_found[kept] % len(self.near), columns[kept]


def _products(first: ByteVectors, second: ByteVectors, rows: Rows, columns: Rows) -> NDArray[np.float32]:
    """Give the products (P,) of vectors, so few at a time that their copies stay in the processor's cache."""
    products = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), PRODUCTS_PER_BLOCK):
        part = slice(start, start + PRODUCTS_PER_BLOCK)
        wide = (each.rows[at[part]].astype(np.float32) for each, at in ((first, rows), (second, columns)))
        np.einsum("ij,ij->i", *wide, out=products[part])
    return products * second.scales[columns] * first.scales[rows]


def _mutually_best(rows: Rows, columns: Rows, products: NDArray[np.float32]) -> Rows:
    """Give the matches that are the best of their row and of their column, ascending in ``rows``."""
    order = np.lexsort((columns, rows, -products))
    is_best = np.zeros((2, len(rows)), bool)
    for side, places in enumerate((rows[order], columns[order])):
        is_best[side, np.unique(places, return_index=True)[1]] = True
    kept = order[is_best.all(axis=0)]
    return kept[np.argsort(rows[kept], kind="stable")]
