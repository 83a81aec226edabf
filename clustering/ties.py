"""Joins that are equal in all respects: all of them are made, or none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from clustering.agreement import ONE, Links, sum_of_best


def connect(first: NDArray[np.int64], second: NDArray[np.int64], num_labels: int) -> NDArray[np.int64]:
    """Give for each label the part of the graph of joins that it is in, -1 for labels without a join."""
    labels, places = np.unique(np.concatenate((first, second)), return_inverse=True)
    ends = places[: len(first)], places[len(first) :]
    graph = sparse.csr_array((np.ones(len(first), dtype=np.int8), ends), shape=(len(labels), len(labels)))
    part = np.full(num_labels, -1, dtype=np.int64)
    part[labels] = connected_components(graph, directed=False)[1]
    return part


def agreement_with_the_others(
    links: Links, label: NDArray[np.int64], size: NDArray[np.int64], part: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Measure how well each cluster of a part agrees with all others of the part together.

    It does not depend on an order in which they might be joined: a photo that many others hang on, and nothing else,
    agrees well with them, but none of them with the rest.

    Parameters
    ----------
    links : Links
        All between different clusters.
    label : ndarray of int64, shape (N,)
        Cluster of each photo.
    size : ndarray of int64, shape (N,)
        Number of photos of the cluster of each label.
    part : ndarray of int64, shape (N,)
        Part of each label, -1 for those that are in none.

    Returns
    -------
    ndarray of float64, shape (N,)
        By label; 1 for those in no part.
    """
    num_photos = len(label)
    parts = part[label[links.first]], part[label[links.second]]
    inside = links.take((parts[0] == parts[1]) & (parts[0] >= 0))
    photo = np.concatenate((inside.first, inside.second)).astype(np.int64)
    other = np.concatenate((inside.second, inside.first)).astype(np.int64)
    weight = np.concatenate((inside.weight, inside.weight))
    best = np.zeros(num_photos, dtype=np.int64)
    np.maximum.at(best, photo, weight)
    own = np.bincount(label, best, num_photos) / ONE
    # for each cluster, the best links that photos of the others have with it
    rest = sum_of_best(label[photo], other, weight, num_photos, num_photos) / ONE
    is_in = part >= 0
    totals = np.bincount(part[is_in], size[is_in])
    agreement = np.ones(num_photos)
    others = totals[part[is_in]] - size[is_in]
    agreement[is_in] = np.sqrt(own[is_in] * rest[is_in] / (size[is_in] * others))
    return agreement
