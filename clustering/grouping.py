"""What every clusterer gives back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from clustering.partition import Partition
from clustering.reasons import Reasons


class DoubtCause(Enum):
    """Why photos that a pair speaks for are not together, or why it is doubtful that they are."""

    UNSURE = "unsure"
    FEW_AGREE = "few_agree"
    POSITIONS = "positions"
    TIE = "tie"


@dataclass(frozen=True)
class Doubt:
    """A join that was not made, or a pair inside of a cluster that its positions contradict: for a person to look at.

    Attributes
    ----------
    cause : DoubtCause
        ``UNSURE``: no pair reaches the strong threshold. ``FEW_AGREE``: one does, but too few photos agree.
        ``POSITIONS``: they lie too far apart. ``TIE``: joins equal in all respects of which not all may be made.
    pair : (int, int, float)
        The best pair between the two: photo, photo, score.
    agreement : float
        How well the two clusters agree, 0 to 1, for ``UNSURE`` with the weak pairs counted; None for a pair inside of
        a cluster.
    distance_m : float or None
        Metres between the two photos, or where the clusters contradict each other between those, for ``POSITIONS``.
    """

    cause: DoubtCause
    pair: tuple[int, int, float]
    agreement: float | None
    distance_m: float | None = None


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
    doubts: tuple of Doubt
        What a person should look at, the most likely first; a clusterer may give none.
    """

    clusters: dict[int, list[int]]
    singletons: list[int]
    reasons: Reasons
    doubts: tuple[Doubt, ...] = ()


def group_photos(partition: Partition, num_photos: int, reasons: Reasons, is_sorted: bool) -> Grouping:
    """Make the grouping of a finished partition; ``is_sorted`` sorts the photos of each cluster."""
    clusters = {}
    singletons = []
    is_alone = np.ones(num_photos, dtype=bool)
    is_alone[reasons.order] = False
    photos, start = reasons.order.tolist(), 0
    for number in partition.numbers():
        end = start + partition.sizes[number]
        members = photos[start:end]
        if len(members) > 1:
            clusters[number] = sorted(members) if is_sorted else members
        else:
            singletons += members
        start = end
    return Grouping(clusters, singletons + np.flatnonzero(is_alone).tolist(), reasons)
