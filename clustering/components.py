"""Stage A: photos that chains of strong edges connect start as one cluster; the other photos with edges alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from clustering.constraints import Constraints
from clustering.graph import Adjacency, Edges, Integers
from clustering.partition import Partition


def strong_components(strong: Edges) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the connected components of the strong graph.

    Parameters
    ----------
    strong : Edges
        The edges at the strong threshold.

    Returns
    -------
    order : ndarray of int64
        The photos that have a strong edge: those of component 0 ascending, then those of component 1, and so on;
        components are numbered by their lowest photo.
    sizes : ndarray of int64
        Number of photos of each component.
    """
    has_edge = np.zeros(strong.num_photos, dtype=bool)
    has_edge[strong.first] = has_edge[strong.second] = True
    photos = np.flatnonzero(has_edge)
    entries = np.ones(len(strong), dtype=np.int8)
    graph = sparse.csr_array((entries, (strong.first, strong.second)), shape=(strong.num_photos,) * 2)
    _, label = connected_components(graph, directed=False)
    _, lowest, component, sizes = np.unique(label[photos], return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(lowest), dtype=np.int64)
    rank[np.argsort(lowest)] = np.arange(len(lowest))
    order = photos[np.argsort(rank[component], kind="stable")]
    return order.astype(np.int64), sizes[np.argsort(lowest)].astype(np.int64)


def strong_components_in_file_order(
    strong: Adjacency, appearance: Integers
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the same components, numbered by first appearance, their photos in the order of a depth-first walk.

    Parameters
    ----------
    strong : Adjacency
        The graph at the strong threshold, neighbours in file order.
    appearance : ndarray of int
        The photos with a strong edge in the order in which the pairs name them.

    Returns
    -------
    order, sizes : ndarray of int64
        As of :func:`strong_components`.
    """
    is_seen = bytearray(strong.num_photos)
    starts = strong.starts.tolist()
    order: list[int] = []
    sizes: list[int] = []
    for root in appearance.tolist():
        if is_seen[root]:
            continue
        before = len(order)
        is_seen[root] = True
        order.append(root)
        path = [iter(strong.neighbours[starts[root] : starts[root + 1]].tolist())]
        while path:
            for photo in path[-1]:
                if not is_seen[photo]:
                    is_seen[photo] = True
                    order.append(photo)
                    path.append(iter(strong.neighbours[starts[photo] : starts[photo + 1]].tolist()))
                    break
            else:
                path.pop()
        sizes.append(len(order) - before)
    return np.array(order, dtype=np.int64), np.array(sizes, dtype=np.int64)


def initial_partition(
    weak: Adjacency, order: Integers, sizes: Integers, appearance: Integers, constraints: Constraints | None = None
) -> Partition:
    """Number the strong components first, then each photo that has weak edges only as a cluster of its own.

    Parameters
    ----------
    weak : Adjacency
        The graph at the weak threshold.
    order, sizes : ndarray of int
        The strong components.
    appearance : ndarray of int
        All photos with a weak edge, in the order in which those without a strong one are numbered.
    constraints : Constraints, optional
        What a person decided; the graph must obey it already.
    """
    is_strong = np.zeros(weak.num_photos, dtype=bool)
    is_strong[order] = True
    weak_only = appearance[~is_strong[appearance]]
    return Partition(
        weak.num_photos,
        np.concatenate((order, weak_only)),
        np.concatenate((sizes, np.ones(len(weak_only), dtype=np.int64))),
        constraints,
    )
