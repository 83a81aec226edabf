"""Clusters that grow by evidence, where a person decided that some photos are together.

Whoever says of two photos that they show one building has looked at two clusters and means both, whole. So photos that
must be together find their own clusters first; then these become one, and grow on.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from clustering.agglomeration import Agglomeration, Surroundings
from clustering.agreement import Links
from clustering.constraints import Constraints
from clustering.union_find import UnionFind


def grow_clusters(links: Links, least_agreement: float, around: Surroundings) -> Agglomeration:
    """Join clusters that agree, and those that a decision joins.

    Where the clusters of photos that must be together would bring photos together that must not be, the former are one
    from the start instead, and what comes later has to agree with all of them.

    Parameters
    ----------
    links : Links
        Pairs that count as evidence.
    least_agreement : float
        How well two clusters must agree to be joined, 0 to 1.
    around : Surroundings
        What else is known.
    """
    decided = around.constraints
    num_photos = len(around.colours)
    lock = decided.lock_of(num_photos)
    # a closed cluster is whole from the start
    from_start = {place for place, photos in enumerate(decided.together) if lock[photos[0]] >= 0}
    apart = _every_apart(decided)
    while True:
        seeds = [decided.together[place] for place in sorted(from_start)]
        places = around.places.at_start()
        begin = replace(around, places=places, constraints=Constraints(seeds, apart, decided.locked))
        clusters = Agglomeration(links, least_agreement, begin)
        clusters.run()
        clashing = _clashing(decided.together, apart, clusters.label)
        if not clashing:
            break
        from_start |= clashing
    later = [photos for place, photos in enumerate(decided.together) if place not in from_start]
    pairs = [(photos[0], photo) for photos in later for photo in photos[1:]]
    if pairs:
        clusters.join_decided(np.array(pairs, dtype=np.int64))
        clusters.run()
    return clusters


def _every_apart(decided: Constraints) -> list[tuple[int, int]]:
    """Give every pair of photos that must be apart, those that follow from others too."""
    group = {photos[0]: photos for photos in decided.together}
    return [pair for one, two in decided.apart for pair in product(group.get(one, [one]), group.get(two, [two]))]


def _clashing(together: list[list[int]], apart: list[tuple[int, int]], label: NDArray[np.int64]) -> set[int]:
    """Find the groups whose clusters cannot all become one, by their places in ``together``."""
    union_find = UnionFind()
    for photos in together:
        for photo in photos[1:]:
            union_find.union(int(label[photos[0]]), int(label[photo]))
    ends = [(union_find.find(int(label[one])), union_find.find(int(label[two]))) for one, two in apart]
    bad = {one for one, two in ends if one == two}
    return {
        place
        for place, photos in enumerate(together)
        if union_find.find(int(label[photos[0]])) in bad and len({int(label[photo]) for photo in photos}) > 1
    }
