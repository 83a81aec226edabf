"""Trees of joins in the form of SciPy: (N - 1, 4) rows of two clusters, the height of their join, and its size.

Single linkage comes of a minimum spanning tree; ward, centroid, and average of the metrics that are inner products, of
cluster means: memory is linear in the vectors. Only complete linkage, and average of Euclidean distances, need all
distances, and are refused for more than ``MOST_WITH_ALL_DISTANCES`` vectors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clustering.features.clusterers.base import Labels, Vectors, number_by_first
from clustering.features.mean_linkage import join_means
from clustering.features.space import from_euclidean

LINKAGES = ("single", "complete", "average", "centroid", "ward")
MOST_WITH_ALL_DISTANCES = 10_000  # 400 MB of distances
OF_MEANS = {"ward": ("euclidean",), "centroid": ("euclidean",), "average": ("cosine", "hamming")}

Tree = NDArray[np.float64]


def default_linkage(metric: str) -> str:
    """Give the linkage that is taken where none is given: ward where it has a meaning, else average."""
    return "ward" if metric == "euclidean" else "average"


def check_linkage(linkage: str, metric: str, num_vectors: int) -> None:
    """Refuse a linkage that has no meaning in the metric, or would need all distances of too many vectors.

    Raises
    ------
    ValueError
        The message says what to do.
    """
    if linkage in ("ward", "centroid") and metric != "euclidean":
        raise ValueError(f"--linkage {linkage} takes --metric euclidean only, not {metric}")
    is_linear = linkage == "single" or metric in OF_MEANS.get(linkage, ())
    if not is_linear and num_vectors > MOST_WITH_ALL_DISTANCES:
        raise ValueError(
            f"--linkage {linkage} with --metric {metric} holds all distances, too many for {num_vectors:,} photos "
            f"(more than {MOST_WITH_ALL_DISTANCES:,}); give --batch_size {MOST_WITH_ALL_DISTANCES // 2}, or --linkage "
            "ward (euclidean), average (cosine, hamming) or single"
        )


def linkage_tree(vectors: Vectors, linkage: str | None, metric: str) -> Tree:
    """Join vectors, two clusters at a time, until one is left.

    Parameters
    ----------
    vectors : ndarray, (N, D)
        Prepared for the metric.
    linkage : str or None
        One of ``LINKAGES``, None for :func:`default_linkage`: the distance of two clusters is the least, the largest
        or the mean distance of their members, the distance of their means, or (ward) the root of twice the increase
        of the sum of squares.
    metric : str
        Of the heights.

    Returns
    -------
    ndarray, (N - 1, 4), float64
        As :func:`scipy.cluster.hierarchy.linkage` gives. Heights of ``centroid`` may descend.

    Raises
    ------
    ValueError
        As :func:`check_linkage`.
    """
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import pdist

    linkage = linkage or default_linkage(metric)
    check_linkage(linkage, metric, len(vectors))
    points = np.asarray(vectors, dtype=np.float64)
    if len(points) < 2:
        return np.zeros((0, 4))
    if linkage == "single":
        tree = _tree_of_edges(*spanning_tree(points))
    elif metric in OF_MEANS.get(linkage, ()):
        return join_means(points, linkage, metric)
    else:
        distances = pdist(points)
        return np.asarray(hierarchy.linkage(from_euclidean(distances, metric), linkage))  # type: ignore[arg-type]
    tree[:, 2] = from_euclidean(tree[:, 2], metric)
    return tree


def cut_tree(tree: Tree, num_clusters: int | None, below: float | None = None) -> Labels:
    """Cut a tree into clusters.

    Parameters
    ----------
    tree : ndarray, (N - 1, 4)
        Of :func:`linkage_tree`.
    num_clusters : int or None
        Clusters wanted; used where ``below`` is None.
    below : float or None
        Joins at this height or above are not made, nor those that hold such a join.

    Returns
    -------
    ndarray of int64, (N,)
        Numbered from 0 in the order of first members, so that row k of an array of means belongs to label k.
    """
    num_vectors = len(tree) + 1
    if below is None:
        is_made = np.arange(len(tree)) < num_vectors - min(max(num_clusters or 1, 1), num_vectors)
    else:
        is_made = np.empty(len(tree), dtype=bool)
        for row, (first, second, height) in enumerate(tree[:, :3].tolist()):
            parts = [int(part) - num_vectors for part in (first, second) if part >= num_vectors]
            is_made[row] = height < below and all(is_made[part] for part in parts)
    owner = np.arange(num_vectors + len(tree))
    for row in range(len(tree) - 1, -1, -1):  # from the top: what a made join holds belongs to where it belongs
        if is_made[row]:
            owner[tree[row, :2].astype(np.int64)] = owner[num_vectors + row]
    return number_by_first(owner[:num_vectors])


def spanning_tree(points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Give the N - 1 edges of a Euclidean minimum spanning tree (Prim 1957): ends, ends, lengths."""
    count, points = len(points), points - points.mean(axis=0)
    first, second = np.zeros(count - 1, dtype=np.int64), np.zeros(count - 1, dtype=np.int64)
    free, squares = np.arange(1, count), np.einsum("ij,ij->i", points, points)
    nearest, distance = np.zeros(count, dtype=np.int64), np.full(count, np.inf)
    rest, last = points[1:].copy(), 0
    for row in range(count - 1):
        # free vectors come first in these arrays: one that is taken gives its place to the last of them
        size = count - 1 - row
        found = squares[free[:size]] - 2 * (rest[:size] @ points[last])
        found += squares[last]
        is_nearer = found < distance[:size]
        distance[:size][is_nearer], nearest[:size][is_nearer] = found[is_nearer], last
        best = int(np.argmin(distance[:size]))
        first[row], second[row] = nearest[best], free[best]
        last = int(free[best])
        for values in (free, nearest, distance, rest):
            values[best] = values[size - 1]
    return first, second, np.linalg.norm(points[first] - points[second], axis=1)


def _tree_of_edges(first: NDArray[np.int64], second: NDArray[np.int64], lengths: NDArray[np.float64]) -> Tree:
    """Join along the edges, the shortest first."""
    count = len(first) + 1
    parent = list(range(2 * count - 1))
    size = [1] * (2 * count - 1)
    tree = np.zeros((count - 1, 4))
    for row, edge in enumerate(np.argsort(lengths, kind="stable").tolist()):
        one, other = sorted((_root(parent, int(first[edge])), _root(parent, int(second[edge]))))
        parent[one] = parent[other] = count + row
        size[count + row] = size[one] + size[other]
        tree[row] = one, other, lengths[edge], size[count + row]
    return tree


def _root(parent: list[int], node: int) -> int:
    while parent[node] != node:
        parent[node] = node = parent[parent[node]]
    return node


def cut_height(tree: Tree, num_clusters: int) -> float | None:
    """Give the height halfway between the last join that ``num_clusters`` clusters hold and the next one."""
    made = len(tree) + 1 - num_clusters
    if not 0 < made < len(tree):
        return None
    return float(tree[made - 1 : made + 1, 2].mean())
