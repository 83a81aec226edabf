"""What lies within a radius, in blocks of distances: DBSCAN, distances to the k-th neighbour and their knee."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from clustering.features.clusterers.base import NOISE, Labels, Vectors, number_by_first

BLOCK = 2**24  # distances that are held at once
ROUNDING = 1e-7  # distances below this share of the longest vector cannot be told from 0


def distance_blocks(rows: Vectors, vectors: Vectors) -> Iterator[tuple[slice, NDArray[np.floating]]]:
    """Give Euclidean distances of ``rows`` to all ``vectors``, some rows at a time: a slice of rows, (rows, N)."""
    from sklearn.metrics.pairwise import euclidean_distances

    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64) if vectors.dtype == np.float64 else None
    step = max(1, BLOCK // max(len(vectors), 1))
    for start in range(0, len(rows), step):
        part = slice(start, min(start + step, len(rows)))
        yield part, euclidean_distances(rows[part], vectors, Y_norm_squared=squares)


def density_clusters(vectors: Vectors, radius: float, min_samples: int) -> Labels:
    """Group vectors by DBSCAN.

    A vector is a core when ``min_samples`` vectors, itself included, lie within ``radius``. Cores within the radius of
    each other are in one cluster; a vector that is no core joins the first cluster that has a core within its radius,
    as in scikit-learn, whose labels these are. Neighbours are looked at in blocks and not kept, so that memory does
    not depend on how many there are.

    Parameters
    ----------
    vectors : ndarray, (N, D)
        Finite.
    radius : float
        Euclidean.
    min_samples : int
        At least 1.

    Returns
    -------
    ndarray of int64, (N,)
        -1 for noise.
    """
    if not len(vectors):
        return np.zeros(0, dtype=np.int64)
    radius = max(radius, ROUNDING * float(np.sqrt(np.einsum("ij,ij->i", vectors, vectors).max())))
    num_near = np.concatenate([(block <= radius).sum(axis=1) for _, block in distance_blocks(vectors, vectors)])
    cores = np.flatnonzero(num_near >= min_samples)
    labels = np.full(len(vectors), NOISE, dtype=np.int64)
    if not len(cores):
        return labels
    component = np.arange(len(cores))
    for part, block in distance_blocks(vectors[cores], vectors[cores]):
        rows, columns = np.nonzero(block <= radius)
        ends = np.unique(component[rows + part.start] * len(cores) + component[columns])
        links = sparse.coo_array((np.ones(len(ends), bool), np.divmod(ends, len(cores))), shape=(len(cores),) * 2)
        component = connected_components(links, directed=False)[1][component].astype(np.int64)
    labels[cores] = number_by_first(component)
    others = np.flatnonzero(num_near < min_samples)
    for part, block in distance_blocks(vectors[others], vectors[cores]):
        reached = np.where(block <= radius, labels[cores], len(cores)).min(axis=1)
        labels[others[part]] = np.where(reached < len(cores), reached, NOISE)
    return labels


def neighbour_distances(vectors: Vectors, min_samples: int) -> NDArray[np.float64]:
    """Give the Euclidean distance of each vector to its ``min_samples``-th nearest one, itself counted; (N,)."""
    place = min(min_samples, len(vectors)) - 1
    found = [np.partition(block, place, axis=1)[:, place] for _, block in distance_blocks(vectors, vectors)]
    return np.concatenate(found).astype(np.float64)


def knee(distances: NDArray[np.floating]) -> float:
    """Find the distance at which a curve of distances, sorted ascending, turns up.

    The idea of Kneedle (Satopaa, Albrecht, Irwin and Raghavan 2011): both axes scaled to 0..1, the point of the curve
    farthest below its chord. Of equally far ones the first; of a straight or flat curve the largest distance.
    """
    curve = np.sort(np.asarray(distances, dtype=np.float64))
    extent = curve[-1] - curve[0]
    if len(curve) < 3 or extent <= 0:
        return float(curve[-1])
    below = np.linspace(0, 1, len(curve)) - (curve - curve[0]) / extent
    best = int(np.argmax(np.round(below, 12)))
    return float(curve[best] if below[best] > 0 else curve[-1])
