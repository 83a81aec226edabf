"""Numbers that tell photos apart by their place in the graph and not by their names: they break ties.

Colour refinement (Weisfeiler and Leman 1968): a photo's colour is mixed with the colours of its neighbours and the
scores that lead to them, again and again. Sums modulo 2**64 make it independent of any order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clustering.graph import Integers

NUM_ROUNDS = 3
Colours = NDArray[np.uint64]


def mix(values: Colours) -> Colours:
    """Scatter 64-bit numbers (the finaliser of SplitMix64, Steele, Lea and Flood 2014, ``doi:10.1145/2660193``)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def colour_photos(start: Colours, first: Integers, second: Integers, weight: Integers) -> Colours:
    """Colour the photos of a weighted graph.

    Parameters
    ----------
    start : ndarray of uint64, shape (N,)
        What is known of each photo apart from the graph.
    first, second : ndarray of int, shape (E,)
        The ends of the edges.
    weight : ndarray of int, shape (E,)
        What is known of each edge.

    Returns
    -------
    ndarray of uint64, shape (N,)
        Equal for photos that the graph does not tell apart within a few steps, else different (but for a chance of
        about one in 2**64 for each two).
    """
    colour = mix(start)
    edge = mix(weight.astype(np.int64).view(np.uint64))
    for _ in range(NUM_ROUNDS):
        found = np.zeros_like(colour)
        np.add.at(found, first, mix(edge ^ colour[second]))
        np.add.at(found, second, mix(edge ^ colour[first]))
        colour = mix(colour ^ mix(found))
    return colour


def colour_positions(positions: NDArray[np.float64] | None, num_photos: int) -> Colours:
    """Give a colour for each photo's position: equal positions, and all without one, have equal colours."""
    if positions is None:
        return np.zeros(num_photos, dtype=np.uint64)
    known = np.where(np.isnan(positions), 0.0, positions) + 0.0  # no negative zero
    bits = np.ascontiguousarray(known).view(np.uint64)
    return mix(mix(bits[:, 0]) ^ bits[:, 1]) * (~np.isnan(positions[:, 0])).astype(np.uint64)
