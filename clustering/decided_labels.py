"""What a person decided, carried out on labels that were made of vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clustering.constraints import Constraints
from clustering.feature_clusterers.base import NOISE, Labels, Vectors, number_by_first


def obey(vectors: Vectors, labels: Labels, constraints: Constraints) -> tuple[Labels, NDArray[np.bool_]]:
    """Change labels so that all decisions hold, by moving as few photos as they speak of.

    A locked cluster is its photos and no others. Photos that must be together go to the cluster that has most of
    them, of equal ones to the first; all of them make a new one where all are noise. Of two that must be apart but
    are in one cluster the one farther from the mean of the others leaves, with all that must be with it, to a group of
    their own.

    Parameters
    ----------
    vectors : ndarray, (N, K)
        Prepared.
    labels : ndarray of int64, (N,)
        -1 for noise.
    constraints : Constraints
        Decisions that can all hold.

    Returns
    -------
    labels : ndarray of int64, (N,)
        Numbered by first members.
    is_moved : ndarray of bool, (N,)
        Photos whose cluster was decided.
    """
    found, is_moved = labels.copy(), np.zeros(len(labels), dtype=bool)
    fresh = int(labels.max(initial=-1)) + 1
    for photos in constraints.locked:
        found[photos], is_moved[photos] = fresh, True
        fresh += 1
    lock = constraints.lock_of(len(labels))
    for photos in constraints.together:
        target = _most_common(found[photos]) if (lock[photos] < 0).all() else int(found[photos].max())
        if target == NOISE:
            target, fresh = fresh, fresh + 1
        is_moved[photos] |= found[photos] != target
        found[photos] = target
    group = constraints.group_of(len(labels))
    for one, other in constraints.apart:
        if found[one] == found[other] != NOISE:
            leaves = np.flatnonzero(group == group[_farther(vectors, found, (one, other), group)])
            found[leaves], is_moved[leaves] = fresh, True
            fresh += 1
    return number_by_first(found), is_moved


def _most_common(labels: Labels) -> int:
    found, counts = np.unique(labels[labels >= 0], return_counts=True)
    return int(found[np.argmax(counts)]) if len(found) else NOISE


def _farther(vectors: Vectors, labels: Labels, pair: tuple[int, int], group: NDArray[np.int64]) -> int:
    """Give the one of two photos of a cluster that lies farther from the mean of its other members."""
    one, other = pair
    others = np.flatnonzero((labels == labels[one]) & (group != group[one]) & (group != group[other]))
    if not len(others):
        return other
    mean = vectors[others].mean(axis=0)
    distances = [float(np.linalg.norm(vectors[group == group[photo]].mean(axis=0) - mean)) for photo in pair]
    return one if distances[0] > distances[1] else other
