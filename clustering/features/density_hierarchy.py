"""The clusters of HDBSCAN for any minimum size, from one tree: Campello, Moulavi and Sander 2013, sections 4 and 5."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustering.features.clusterers.base import NOISE, Labels, number_by_first
from clustering.features.density_validity import ReachabilityTree
from clustering.union_find import UnionFind

SHORTEST = 1e-12  # equal vectors join at a density that is high, but a number


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """The joins of N vectors by rising distance; join k makes node N + k, vectors are the nodes before.

    Attributes
    ----------
    parts : ndarray of int64, (N - 1, 2)
        Nodes that are joined.
    density : ndarray of float64, (N - 1,)
        One over the distance at which they are.
    sizes : ndarray of int64, (2 N - 1,)
        Vectors of each node.
    """

    parts: NDArray[np.int64]
    density: NDArray[np.float64]
    sizes: NDArray[np.int64]


def hierarchy_of(tree: ReachabilityTree) -> Hierarchy:
    """Join vectors in the order of the edges of a minimum spanning tree."""
    num_joins = len(tree.length)
    parts, sizes = np.zeros((num_joins, 2), np.int64), np.ones(2 * num_joins + 1, np.int64)
    sets, node_of = UnionFind(), list(range(num_joins + 1))
    for number, ends in enumerate(zip(tree.first.tolist(), tree.second.tolist(), strict=True)):
        nodes = [node_of[sets.find(end)] for end in ends]
        parts[number] = nodes
        sizes[num_joins + 1 + number] = sizes[nodes].sum()
        sets.union(*ends)
        node_of[sets.find(ends[0])] = num_joins + 1 + number
    return Hierarchy(parts, 1 / np.maximum(tree.length, SHORTEST), sizes)


@dataclass
class _Condensed:
    """The hierarchy without parts below the minimum size: clusters, each with what it was split from."""

    parent: list[int]
    birth: list[float]
    stability: list[float]
    cluster_of: list[int]


def dense_clusters(hierarchy: Hierarchy, min_cluster_size: int, selection_method: str = "eom") -> Labels:
    """Give the clusters of vectors for a minimum size.

    Parameters
    ----------
    hierarchy : Hierarchy
        Of N vectors.
    min_cluster_size : int
        At least 2; smaller parts that come off a cluster are its loss, not clusters.
    selection_method : str
        ``eom``: the clusters that no cover by clusters within them surpasses in stability. ``leaf``: those that hold
        no others.

    Returns
    -------
    ndarray of int64, (N,)
        Numbered by first members; -1 for noise. All vectors together are never a cluster. Those of scikit-learn but
        for edges of equal length, of which there are many where the size is below the tree's ``min_samples``.
    """
    condensed = _condense(hierarchy, min_cluster_size)
    count = len(condensed.parent)
    within = np.zeros(count)  # stability of the best cover by clusters within
    is_chosen = np.zeros(count, bool)
    has_parts = np.zeros(count, bool)
    for cluster in range(count - 1, 0, -1):
        own = condensed.stability[cluster]
        if selection_method == "leaf":
            is_chosen[cluster] = not has_parts[cluster]
        else:
            is_chosen[cluster] = own >= within[cluster]
        within[condensed.parent[cluster]] += max(own, within[cluster])
        has_parts[condensed.parent[cluster]] = True
    owner = np.full(count, NOISE)
    for cluster in range(1, count):  # what lies in a chosen cluster is its own
        above = owner[condensed.parent[cluster]]
        owner[cluster] = above if above >= 0 else cluster if is_chosen[cluster] else NOISE
    return number_by_first(owner[condensed.cluster_of])


def _condense(hierarchy: Hierarchy, min_cluster_size: int) -> _Condensed:
    num_joins = len(hierarchy.parts)
    found = _Condensed([0], [0.0], [0.0], [0] * (2 * num_joins + 1))
    has_left = [False] * (2 * num_joins + 1)  # parts too small to be a cluster, and all in them
    sizes, density = hierarchy.sizes.tolist(), hierarchy.density.tolist()
    for node in range(2 * num_joins, num_joins, -1):
        cluster = found.cluster_of[node]
        parts = hierarchy.parts[node - num_joins - 1].tolist()
        level = density[node - num_joins - 1]
        is_split = not has_left[node] and min(sizes[part] for part in parts) >= min_cluster_size
        for part in parts:
            found.cluster_of[part], has_left[part] = cluster, has_left[node]
            if has_left[node]:
                continue
            if is_split:
                found.cluster_of[part] = len(found.parent)
                found.parent.append(cluster)
                found.birth.append(level)
                found.stability.append(0.0)
            if is_split or sizes[part] < min_cluster_size:
                found.stability[cluster] += (level - found.birth[cluster]) * sizes[part]
                has_left[part] = not is_split
    found.cluster_of = found.cluster_of[: num_joins + 1]
    return found
