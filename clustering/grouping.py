"""What every clusterer gives back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from clustering.partition import Partition
from clustering.reasons import Reasons


@dataclass(frozen=True)
class Grouping:
    """Photos in groups; every photo is in exactly one cluster or a singleton.

    Attributes
    ----------
    clusters : dict of int to list of int
        Number -> photos, two at least. Numbers ascend and may have gaps.
    singletons : list of int
        Photos that are alone: those that were a cluster by number, then those without any edge ascending.
    reasons : Reasons
        Why the photos of each cluster are together.
    """

    clusters: dict[int, list[int]]
    singletons: list[int]
    reasons: Reasons


def group_photos(partition: Partition, num_photos: int, reasons: Reasons, is_sorted: bool) -> Grouping:
    """Make the grouping of a finished partition; ``is_sorted`` sorts the photos of each cluster."""
    clusters = {}
    singletons = []
    is_alone = np.ones(num_photos, dtype=bool)
    is_alone[reasons.order] = False
    for number in partition.numbers():
        members = list(partition.members(number))
        if len(members) > 1:
            clusters[number] = sorted(members) if is_sorted else members
        else:
            singletons += members
    return Grouping(clusters, singletons + np.flatnonzero(is_alone).tolist(), reasons)
