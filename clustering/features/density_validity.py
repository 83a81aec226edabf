"""How well a grouping follows the density of vectors: from one minimum spanning tree for all groupings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustering.features.clusterers.base import Labels, Vectors
from clustering.features.density import neighbour_distances
from clustering.union_find import UnionFind

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ReachabilityTree:
    """A minimum spanning tree of N vectors, its N - 1 edges by rising length.

    Attributes
    ----------
    first, second : ndarray of int64, (N - 1,)
        Ends.
    length : ndarray of float64, (N - 1,)
        Mutual reachability distance of the ends: the largest of their Euclidean distance and of the distances of both
        to their ``min_samples``-th nearest vector (Campello, Moulavi and Sander 2013, section 3).
    """

    first: Places
    second: Places
    length: Floats


def reachability_tree(vectors: Vectors, min_samples: int) -> ReachabilityTree:
    """Span vectors (N, K) by a minimum tree of mutual reachability (Prim 1957); memory is linear in N."""
    points = np.asarray(vectors, np.float64)
    count = len(points)
    core = neighbour_distances(points, min_samples) if count else np.zeros(0)
    squares = np.einsum("ij,ij->i", points, points)
    nearest, distance = np.zeros(count, np.int64), np.full(count, np.inf)
    is_free = np.ones(count, bool)
    num_edges = max(count - 1, 0)
    first, second, length = np.zeros(num_edges, np.int64), np.zeros(num_edges, np.int64), np.zeros(num_edges)
    last = 0
    for row in range(num_edges):
        is_free[last] = False
        found = np.sqrt(np.maximum(squares + squares[last] - 2 * (points @ points[last]), 0))
        found = np.maximum(np.maximum(found, core), core[last])
        is_nearer = is_free & (found < distance)
        distance[is_nearer], nearest[is_nearer] = found[is_nearer], last
        best = int(np.argmin(np.where(is_free, distance, np.inf)))
        first[row], second[row], length[row] = nearest[best], best, distance[best]
        last = best
    order = np.argsort(length, kind="stable")
    return ReachabilityTree(first[order], second[order], length[order])


def relative_validity(tree: ReachabilityTree, labels: Labels) -> float:
    """Say how well separated clusters are, measured by their own density.

    The density-based cluster validity of Moulavi, Jaskowiak, Campello, Zimek and Sander 2014 (SDM, section 4), with
    the tree of all vectors in the place of one tree a cluster, as the ``hdbscan`` package approximates it
    (``relative_validity_``). The validity of a cluster is (separation - sparseness) / the larger of the two:
    sparseness is the longest edge that holds it together, separation the edge by which it first meets another cluster.
    Clusters count by their share of all vectors, so noise counts as 0.

    Parameters
    ----------
    tree : ReachabilityTree
        Of the N vectors.
    labels : ndarray of int64, (N,)
        Clusters from 0 without gaps; -1 for noise.

    Returns
    -------
    float
        -1 to 1, higher is better; 0 for fewer than two clusters, of which it says nothing. It compares groupings of
        the same vectors.
    """
    count = int(labels.max(initial=-1)) + 1
    if count < 2:
        return 0.0
    separation, sparseness = _edges_that_count(tree, labels, count)
    larger = np.maximum(separation, sparseness)
    validity = (separation - sparseness) / np.where(larger > 0, larger, 1)
    return float(np.bincount(labels[labels >= 0], minlength=count) @ validity / len(labels))


def _edges_that_count(tree: ReachabilityTree, labels: Labels, count: int) -> tuple[Floats, Floats]:
    """Give, of each cluster, the length at which it first meets another one, and that at which it is in one piece.

    Edges are added by rising length; each vector begins as a piece of its own.
    """
    separation, sparseness = np.full(count, np.nan), np.zeros(count)
    sizes = np.bincount(labels[labels >= 0], minlength=count)
    holds = {place: {label: 1} if label >= 0 else {} for place, label in enumerate(labels.tolist())}
    parts = UnionFind()
    for one, other, length in zip(tree.first.tolist(), tree.second.tolist(), tree.length.tolist(), strict=True):
        few, many = sorted((holds.pop(parts.find(one)), holds.pop(parts.find(other))), key=len)
        if few and many and len(few.keys() | many.keys()) > 1:
            for label in few.keys() | (many.keys() if len(many) == 1 else set()):
                separation[label] = length if np.isnan(separation[label]) else separation[label]
        for label, number in few.items():
            many[label] = many.get(label, 0) + number
            if many[label] == sizes[label] and number < sizes[label]:
                sparseness[label] = length
        parts.union(one, other)
        holds[parts.find(one)] = many
    return separation, sparseness
