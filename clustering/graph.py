"""Scored pairs to graphs: de-duplicated edges and neighbour lists, all as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from clustering.sorting import falling_order, stable_order
from storage.errors import UsageError

MAX_PHOTOS = 2**31 - 1
Integers = NDArray[np.integer]


@dataclass(frozen=True)
class ScoredPairs:
    """Pairs of photos with scores; a photo is a number from 0, its rank in the sorted names.

    Attributes
    ----------
    num_photos : int
        Number of photos N, those without any pair included.
    first, second : ndarray of int, shape (E,)
        The two photos of each pair, below ``num_photos``. Both directions of a pair may be there.
    score : ndarray of float64, shape (E,)
        Similarity, higher is closer; NaN is no similarity at all.

    Raises
    ------
    ValueError
        When the lengths differ, a photo number is out of range, or there are more than 2**31 - 1 photos.
    """

    num_photos: int
    first: Integers
    second: Integers
    score: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.num_photos > MAX_PHOTOS:
            raise ValueError(f"at most {MAX_PHOTOS} photos can be clustered, got {self.num_photos}")
        if not len(self.first) == len(self.second) == len(self.score):
            raise ValueError(
                f"pairs need three arrays of one length, got {len(self.first)}, {len(self.second)}, {len(self.score)}"
            )
        for photos in (self.first, self.second):
            if len(photos) and not (photos.min() >= 0 and photos.max() < self.num_photos):
                raise ValueError(
                    f"photo numbers must lie in 0..{self.num_photos - 1}, got {photos.min()}..{photos.max()}"
                )

    @classmethod
    def from_arrays(cls, num_photos: int, first: ArrayLike, second: ArrayLike, score: ArrayLike) -> ScoredPairs:
        """Make pairs from any array-likes, in the dtypes that take the least room."""
        photos = np.asarray(first, np.int32), np.asarray(second, np.int32)
        return cls(num_photos, *photos, np.asarray(score, np.float64))


@dataclass(frozen=True)
class Edges:
    """Every pair of photos at or above a threshold, once, the highest score first (ties by photo numbers).

    Attributes
    ----------
    num_photos : int
        Number of photos N.
    first, second : ndarray of int, shape (M,)
        The lower and the higher photo number; equal for a photo paired with itself.
    score : ndarray of float64, shape (M,)
        The highest score that either direction of the pair has.
    row : ndarray of int64, shape (M,)
        Where the pair stands first in the :class:`ScoredPairs`, rows below the threshold not looked at.
    """

    num_photos: int
    first: Integers
    second: Integers
    score: NDArray[np.float64]
    row: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)

    def best(self, num_edges: int) -> Edges:
        """Give the ``num_edges`` edges with the highest scores."""
        return self.take(slice(num_edges))

    def take(self, chosen: slice | NDArray[np.bool_]) -> Edges:
        """Give the chosen edges."""
        return Edges(self.num_photos, self.first[chosen], self.second[chosen], self.score[chosen], self.row[chosen])


@dataclass(frozen=True)
class Adjacency:
    """The neighbours of every photo: those of photo i stand in ``neighbours[starts[i]:starts[i + 1]]``.

    A photo paired with itself is its own neighbour, once.
    """

    starts: Integers
    neighbours: Integers

    @property
    def num_photos(self) -> int:
        """Number of photos N."""
        return len(self.starts) - 1

    @property
    def degrees(self) -> Integers:
        """Number of neighbours of each photo, shape (N,)."""
        return np.diff(self.starts)

    def sources(self) -> Integers:
        """Give, for every entry of ``neighbours``, the photo whose neighbour it is."""
        return np.repeat(np.arange(self.num_photos, dtype=self.neighbours.dtype), self.degrees)


def find_edges(pairs: ScoredPairs, threshold: float) -> Edges:
    """Find the pairs with ``score >= threshold``, each once; a NaN score is never an edge.

    Raises
    ------
    UsageError
        When the threshold is NaN.
    """
    if np.isnan(threshold):
        raise UsageError(f"the threshold of an edge must be a number, got {threshold}")
    rows = np.flatnonzero(pairs.score >= threshold)
    first, second, score = pairs.first[rows], pairs.second[rows], pairs.score[rows]
    keys = np.minimum(first, second).astype(np.int64) * pairs.num_photos + np.maximum(first, second)
    # of equal keys the first is the one that stands first in the pairs
    order = stable_order(keys, pairs.num_photos**2)
    keys = keys[order]
    is_new = np.ones(len(keys), dtype=bool)
    is_new[1:] = keys[1:] != keys[:-1]
    starts = np.flatnonzero(is_new)
    best = np.maximum.reduceat(score[order], starts) if len(starts) else score
    # equal scores stay in the order of their keys, that is by photo numbers
    by_score = falling_order(best)
    lower, higher = np.divmod(keys[starts][by_score], max(pairs.num_photos, 1))
    dtype = pairs.first.dtype
    return Edges(
        pairs.num_photos,
        lower.astype(dtype),
        higher.astype(dtype),
        best[by_score],
        rows[order[starts]][by_score],
    )


def list_neighbours(edges: Edges, file_order: bool = False) -> Adjacency:
    """List the neighbours of every photo.

    Parameters
    ----------
    edges : Edges
        The graph.
    file_order : bool
        False: neighbours by falling score, ties by photo number. True: in the order in which the pairs that name
        them stand first in the pairs.
    """
    first, second = edges.first, edges.second
    if file_order:
        order = np.argsort(edges.row)
        first, second = first[order], second[order]
    ends, others = np.column_stack((first, second)).ravel(), np.column_stack((second, first)).ravel()
    is_self = first == second
    if is_self.any():
        is_end = np.column_stack((np.ones(len(first), dtype=bool), ~is_self)).ravel()
        ends, others = ends[is_end], others[is_end]
    # photo and rank in one integer: sorting these is four times as fast as a stable sort of the photos
    packed = ends.astype(np.int64) << 32
    packed |= np.arange(len(ends))
    packed.sort()
    starts = np.concatenate(([0], np.cumsum(np.bincount(ends, minlength=edges.num_photos))))
    return Adjacency(starts, others[packed & 0xFFFFFFFF])


def appearance_order(pairs: ScoredPairs, threshold: float) -> Integers:
    """List the photos that have an edge in the order in which the pairs name them, a pair's first before its second."""
    rows = np.flatnonzero(pairs.score >= threshold)
    named = np.column_stack((pairs.first[rows], pairs.second[rows])).ravel()
    position = np.full(pairs.num_photos, len(named), dtype=np.int64)
    # of repeated indices the last assignment stays: backwards, so that the first naming wins
    position[named[::-1]] = np.arange(len(named))[::-1]
    photos = np.flatnonzero(position < len(named))
    return photos[np.argsort(position[photos])]
