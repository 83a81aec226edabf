"""Joining clusters whose means are close, once: by average linkage, or in the steps of an earlier program."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from clustering.features.clusterers.base import Labels, Vectors, number_by_first
from clustering.features.linkage import cut_tree, linkage_tree

MERGE_THRESHOLD = 0.4  # cosine distance
STEP = 0.1
FURTHEST = 2.0  # two opposite vectors
LEAST_SHARE_LEFT = 0.65  # a step that leaves a smaller share of the groups joins too much at once

Floats = NDArray[np.float64]


def cluster_means(vectors: Vectors, labels: Labels) -> Floats:
    """Give the mean (C, D) of each cluster 0 to C - 1; noise (-1) is in none."""
    is_in = labels >= 0
    count = int(labels.max(initial=-1)) + 1
    sums = np.zeros((count, vectors.shape[1]))
    np.add.at(sums, labels[is_in], vectors[is_in])
    return sums / np.bincount(labels[is_in], minlength=count)[:, None]


def merge_by_average_linkage(means: Vectors, threshold: float = MERGE_THRESHOLD) -> Labels:
    """Group cluster means by average linkage of their cosine distances.

    Parameters
    ----------
    means : ndarray, (C, D)
        Of vectors that were not centred, so that their direction means something.
    threshold : float
        Groups whose mean cosine distance is this or more are not joined.

    Returns
    -------
    ndarray of int64, (C,)
        Group of each cluster, from 0 in the order of first members.
    """
    if len(means) < 2:
        return np.zeros(len(means), np.int64)
    return cut_tree(linkage_tree(_directions(means), "average", "cosine"), None, threshold)


def merge_by_steps(means: Vectors, threshold: float = MERGE_THRESHOLD) -> Labels:
    """Group cluster means by connected components at growing cosine distances 0.1, 0.2, 0.3, ...

    A step is taken while it changes the groups, leaves 65 % of them, and leaves no cluster whose mean distance to the
    later clusters of its group exceeds ``threshold``. The last condition ends the steps too, but the rest of that step
    is taken: such a cluster leaves its group, with those that were with it before. The rule is that of a program that
    clustered the embeddings of a ResNet. Where already the first step that joins anything leaves too few groups,
    nothing is joined; where it has such a cluster, every other one was by itself before (that program ended with an
    error in both cases).

    Parameters
    ----------
    means : ndarray, (C, D)
        Of vectors that were not centred.
    threshold : float
        Largest mean cosine distance.

    Returns
    -------
    ndarray of int64, (C,)
        As :func:`merge_by_average_linkage`.
    """
    directions = _directions(means)
    distances = np.clip(1 - directions @ directions.T, 0, FURTHEST)
    count = len(means)
    accepted = np.arange(count)
    for number in range(1, round(FURTHEST / STEP) + 1):
        # Distances of float64 that should be 0.3 may be 0.30000000000000004.
        found = number_by_first(_components(distances <= number * STEP + 1e-9))
        num_before, num_found = _count(accepted), _count(found)
        if num_found == count:
            continue
        if num_found == num_before or num_found < LEAST_SHARE_LEFT * num_before:
            break
        offenders = [place for place in range(count) if _distance_to_later(distances, found, place) > threshold]
        if offenders:
            return _without(offenders, found, accepted)
        accepted = found
    return accepted


def merge_labels(labels: Labels, table: Labels) -> Labels:
    """Give labels by their group: ``table`` (C,) names the group of each cluster and is applied once; noise stays."""
    merged = np.asarray(labels, np.int64).copy()
    is_in = merged >= 0
    merged[is_in] = np.asarray(table, np.int64)[merged[is_in]]
    return merged


def _directions(means: Vectors) -> Floats:
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return np.asarray(means, np.float64) / np.where(lengths > 0, lengths, 1)


def _components(is_near: NDArray[np.bool_]) -> Labels:
    found: Labels = connected_components(is_near, directed=False)[1].astype(np.int64)
    return found


def _count(groups: Labels) -> int:
    return int(groups.max(initial=-1)) + 1


def _distance_to_later(distances: Floats, groups: Labels, place: int) -> float:
    later = np.flatnonzero(groups[place + 1 :] == groups[place]) + place + 1
    return float(distances[place, later].mean()) if len(later) else 0.0


def _without(offenders: list[int], groups: Labels, before: Labels) -> Labels:
    """Let each offender leave its group, together with those that were with it before."""
    leaving = np.isin(before, before[offenders])
    return number_by_first(np.where(leaving, _count(groups) + before, groups))
