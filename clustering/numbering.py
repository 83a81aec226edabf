"""Numbers and names that stay with clusters from run to run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Photo = TypeVar("Photo", bound=Hashable)


@dataclass(frozen=True)
class Overlap:
    """How many photos something has in common with a cluster."""

    num_photos: int
    former: int
    cluster: int


def carry_numbers(
    former: Mapping[int, Sequence[Photo]], clusters: Mapping[int, Sequence[Photo]], next_number: int
) -> dict[int, int]:
    """Give every cluster the number of the former cluster that it continues, or one that was never used.

    Of all pairs of a former and a present cluster the one with the most photos in common comes first (ties: the lower
    former number, then the lower present one), and so on with those not yet taken: greedy matching, which a person can
    follow, and at least half of the photos in common that the best matching would have (Avis 1983).

    Parameters
    ----------
    former, clusters : mapping of int to sequence
        Number to photos.
    next_number : int
        From where new numbers are given; numbers of ``former`` are never given to others.

    Returns
    -------
    dict of int to int
        Number in ``clusters`` to the number that it goes by.
    """
    owner = {photo: number for number, photos in former.items() for photo in photos}
    shared = Counter(
        (owner[photo], number) for number, photos in clusters.items() for photo in photos if photo in owner
    )
    taken = match([Overlap(count, *key) for key, count in shared.items()])
    continued = {cluster: number for number, cluster in taken.items()}
    fresh = max([next_number, *(number + 1 for number in former)])
    new = [number for number in sorted(clusters) if number not in continued]
    return continued | {number: fresh + place for place, number in enumerate(new)}


def match(overlaps: Sequence[Overlap]) -> dict[int, int]:
    """Take overlaps, the largest first, each side once; give ``former`` to ``cluster``."""
    taken: dict[int, int] = {}
    matched = set()
    for overlap in sorted(overlaps, key=lambda found: (-found.num_photos, found.former, found.cluster)):
        if overlap.former not in taken and overlap.cluster not in matched:
            taken[overlap.former] = overlap.cluster
            matched.add(overlap.cluster)
    return taken


def match_names(named: Sequence[Sequence[Photo]], clusters: Mapping[int, Sequence[Photo]]) -> dict[int, int]:
    """Find the cluster that each of some lists of photos means: the one with the most of them, each cluster once.

    Returns
    -------
    dict of int to int
        Place in ``named`` to cluster number; without those that mean none.
    """
    asked = {photo for photos in named for photo in photos}
    owner = (
        {photo: number for number, photos in clusters.items() for photo in photos if photo in asked} if asked else {}
    )
    overlaps = [
        Overlap(count, place, number)
        for place, photos in enumerate(named)
        for number, count in Counter(owner[photo] for photo in set(photos) if photo in owner).items()
    ]
    return match(overlaps)
