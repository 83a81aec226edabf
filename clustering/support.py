"""Which pairs the photos around them support: pairs of which both photos are paired with the same others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from clustering.graph import Integers

MAX_DEGREE = 100  # a photo that is paired with more than this supports nothing: it fits everything
PARTS = 1000  # probabilities in whole parts: sums of integers do not depend on their order
BLOCK = 1 << 16


def measure_support(
    first: Integers, second: Integers, probability: NDArray[np.float64], num_photos: int
) -> NDArray[np.float64]:
    """Measure how far what surrounds the two photos of a pair agrees with the pair.

    With c the expected number of common neighbours and o the smaller of the two expected numbers of other neighbours,
    it is (1 + c) / (1 + o): near 1 in the midst of a building, and for a pair of which one photo has no other; small
    for a pair that alone connects two groups.

    Parameters
    ----------
    first, second : ndarray of int, shape (E,)
        Photos of each pair, each pair once.
    probability : ndarray of float64, shape (E,)
        That they show one building.
    num_photos : int
        Number of photos N.

    Returns
    -------
    ndarray of float64, shape (E,)
        Above 0, at most 1.
    """
    weight = np.rint(probability * PARTS).astype(np.int64)
    graph = sparse.csr_array((weight, (first, second)), shape=(num_photos, num_photos))
    graph = (graph + graph.T).tocsr()
    is_plain = np.diff(graph.indptr) <= MAX_DEGREE
    to_plain = graph.copy()
    to_plain.data = to_plain.data * is_plain[graph.indices]
    total = np.asarray(to_plain.sum(axis=1), dtype=np.int64)
    others = np.minimum(total[first] - weight * is_plain[second], total[second] - weight * is_plain[first])
    common = np.zeros(len(first), dtype=np.int64)
    plain = np.flatnonzero(is_plain[first] & is_plain[second])
    for start in range(0, len(plain), BLOCK):
        pairs = plain[start : start + BLOCK]
        # row by row product: entry k says how surely photo k is paired with both
        both = to_plain[first[pairs]].multiply(graph[second[pairs]])
        common[pairs] = both.sum(axis=1)
    return np.minimum((PARTS + common / PARTS) / (PARTS + others), 1.0)
