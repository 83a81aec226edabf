"""One photo that stands for each cluster of similar photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustering.comparisons import Numbers, Scores, label_components

SCORE_STEPS = 1e7  # scores have seven decimals: as whole numbers their sum is the same in any order


@dataclass(frozen=True, eq=False)
class Medoids:
    """Clusters and what stands for them.

    Attributes
    ----------
    photo : ndarray of int64, shape (C,)
        The photo that stands for each cluster of two photos or more, ascending.
    size : ndarray of int64, shape (C,)
        Number of photos of each.
    is_alone : ndarray of bool, shape (N,)
        Photos without any pair.
    """

    photo: Numbers
    size: Numbers
    is_alone: NDArray[np.bool_]


def find_medoids(num_photos: int, pairs: tuple[Numbers, Numbers, Scores], lowest: float, rank: Numbers) -> Medoids:
    """Find, of each cluster that pairs connect, the photo that is most similar to the others.

    That is the one with the largest sum of known scores above ``lowest``; a score that is not known counts as the
    lowest. Equal sums: the photo with the lowest rank.

    Parameters
    ----------
    num_photos : int
        Number of photos N.
    pairs : (ndarray of int64, ndarray of int64, ndarray of float64)
        The two photos of each similar pair, and its score.
    lowest : float
        The least score that there can be.
    rank : ndarray of int64, shape (N,)
        Rank of each photo's name.
    """
    first, second, score = pairs
    label = label_components(num_photos, first, second)
    steps = np.rint((score - lowest) * SCORE_STEPS)
    centrality = np.bincount(first, steps, num_photos) + np.bincount(second, steps, num_photos)
    is_alone = np.ones(num_photos, dtype=bool)
    is_alone[first] = is_alone[second] = False
    members = np.flatnonzero(~is_alone)
    members = members[np.lexsort((rank[members], -centrality[members], label[members]))]
    _, place, size = np.unique(label[members], return_index=True, return_counts=True)
    photo = members[place]
    order = np.argsort(photo)
    return Medoids(photo[order], size[order].astype(np.int64), is_alone)
