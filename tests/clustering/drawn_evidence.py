"""Drawn pairs with probabilities, decisions and positions, and what to compare of their groupings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from clustering.constraints import ClashError, Constraints, Decided, resolve
from clustering.evidence import EvidenceSettings, cluster_evidence
from clustering.graph import ScoredPairs
from clustering.grouping import Grouping
from clustering.specified import SpecifiedSettings, cluster_specified

NUM_PHOTOS = 8
# few values, most of them strong, so that ties and conflicts are common
SCORES = (0.1, 0.3, 0.5, 0.7, 0.9, 0.9, 0.9, 1.0, 1.0, float("nan"))
Line = tuple[int, int, float]

photos = st.integers(0, NUM_PHOTOS - 1)
line_lists = st.lists(st.tuples(photos, photos, st.sampled_from(SCORES)), max_size=18)
places = st.lists(st.sampled_from([None, 0, 20, 5000]), min_size=NUM_PHOTOS, max_size=NUM_PHOTOS)
links = st.lists(st.lists(photos, min_size=2, max_size=3, unique=True), max_size=3)
decided_sets = st.builds(
    Decided,
    links,
    st.lists(st.tuples(photos, photos).filter(lambda pair: pair[0] != pair[1]), max_size=4),
    st.lists(st.lists(photos, min_size=1, max_size=3, unique=True), max_size=2),
)


@dataclass(frozen=True)
class DrawnEvidence:
    """Pairs of few photos with all that a clusterer takes."""

    lines: Sequence[Line]
    north_m: Sequence[int | None] = (None,) * NUM_PHOTOS
    decided: Decided = field(default_factory=Decided)
    num_photos: int = NUM_PHOTOS

    def pairs(self) -> ScoredPairs:
        first, second, score = zip(*self.lines, strict=True) if self.lines else ((), (), ())
        return ScoredPairs.from_arrays(self.num_photos, first, second, score)

    def positions(self) -> np.ndarray:
        return np.array([(np.nan, np.nan) if m is None else (46 + m / 111_195, 7.0) for m in self.north_m])

    def constraints(self) -> Constraints:
        return resolve(self.decided, self.num_photos)

    def by_evidence(self, **settings: float) -> Grouping:
        chosen = EvidenceSettings(**{"strong_edg_thresh": 0.7, "gps_count_thresh": 2, **settings})  # type: ignore[arg-type]
        return cluster_evidence(self.pairs(), chosen, self.positions(), self.constraints())

    def as_specified(self, file_order: bool = False) -> Grouping:
        settings = SpecifiedSettings(0.7, 0.3, 2, 30.0, file_order)
        return cluster_specified(self.pairs(), settings, self.positions(), self.constraints())

    def renumbered(self, new: Sequence[int]) -> DrawnEvidence:
        """Give every photo i the number ``new[i]``."""
        north_m: list[int | None] = [None] * self.num_photos
        for photo, value in enumerate(self.north_m):
            north_m[new[photo]] = value
        decided = Decided(
            [[new[photo] for photo in group] for group in self.decided.together],
            [(new[one], new[two]) for one, two in self.decided.apart],
            [[new[photo] for photo in group] for group in self.decided.locked],
        )
        lines = [(new[one], new[two], score) for one, two, score in self.lines]
        return DrawnEvidence(lines, north_m, decided, self.num_photos)

    def can_hold(self) -> bool:
        try:
            self.constraints()
        except ClashError:
            return False
        return True


def groups_of(grouping: Grouping, new: Sequence[int] = range(NUM_PHOTOS)) -> set[frozenset[int]]:
    """Give the clusters as sets, photos renumbered."""
    return {frozenset(new[photo] for photo in members) for members in grouping.clusters.values()}


def number_of(grouping: Grouping) -> dict[int, int]:
    """Give for each photo its cluster, for lone photos a number of their own below 0."""
    numbers = {photo: number for number, members in grouping.clusters.items() for photo in members}
    return numbers | {photo: -1 - photo for photo in grouping.singletons}
