"""Scored pairs by photo and by group: who is near whom, how well two groups agree, where a group comes apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clustering.agglomeration import Agglomeration, Surroundings
from clustering.agreement import ONE, Links
from clustering.constraints import Constraints
from clustering.graph import ScoredPairs, find_edges
from clustering.places import Places
from clustering.union_find import UnionFind

NO_SCORE = float("nan")
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Bond:
    """What speaks for two groups being one.

    Attributes
    ----------
    pair : (int, int)
        The best pair between the two, the photo of the first group first.
    score : float
        Its score; of a bond measured by :func:`measure_bond` its chance.
    agreement : float
        The mean, over the photos of one group, of the best chance with the other, likewise of the other group, and of
        the two the geometric mean; pairs that are not there count as 0.
    """

    pair: tuple[int, int]
    score: float
    agreement: float


@dataclass(frozen=True)
class Seam:
    """Where a group comes apart first: its two sides, and what holds them; ``bond`` is None where no pair does."""

    sides: tuple[list[int], list[int]]
    bond: Bond | None


class Bonds:
    """The pairs of every photo, the best first.

    Parameters
    ----------
    pairs : ScoredPairs
        All pairs of N photos.
    chance : callable, optional
        Gives, for an array of scores, the chance that each pair shows one building, 0 to 1; None for scores that are
        probabilities already. Groups are compared by chances, scores are what they were.
    """

    def __init__(self, pairs: ScoredPairs, chance: Callable[[Scores], Scores] | None = None) -> None:
        edges = find_edges(pairs, -np.inf)
        is_real = edges.first != edges.second
        first, second, score = edges.first[is_real], edges.second[is_real], edges.score[is_real]
        ends, others = np.concatenate((first, second)), np.concatenate((second, first))
        scores = np.concatenate((score, score))
        order = np.lexsort((others, -scores, ends))
        self.num_photos = pairs.num_photos
        self._others = others[order].astype(np.int32)
        self._scores = scores[order]
        self._chances = np.clip(self._scores if chance is None else chance(self._scores), 0, 1)
        self._starts = np.concatenate(([0], np.cumsum(np.bincount(ends, minlength=pairs.num_photos))))

    def of(self, photo: int) -> tuple[list[int], list[float]]:
        """Give the photos that a photo has a pair with, and the scores, the best first."""
        rows = slice(int(self._starts[photo]), int(self._starts[photo + 1]))
        return self._others[rows].tolist(), self._scores[rows].tolist()

    def neighbours(self, photo: int) -> list[int]:
        """Give the photos that a photo has a pair with."""
        return self.of(photo)[0]

    def score(self, one: int, two: int) -> float:
        """Give the score of a pair; NaN where it has none."""
        others, scores = self.of(one)
        return scores[others.index(two)] if two in others else NO_SCORE

    def chance(self, one: int, two: int) -> float:
        """Give the chance that a pair shows one building; 0 where it has no score."""
        rows = slice(int(self._starts[one]), int(self._starts[one + 1]))
        is_it = self._others[rows] == two
        return float(self._chances[rows][is_it][0]) if is_it.any() else 0.0

    def gather(self, photos: Iterable[int]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Give all pairs of some photos: the photo, the other one, the chance."""
        chosen = np.fromiter(photos, dtype=np.int64)
        counts = self._starts[chosen + 1] - self._starts[chosen]
        ends = np.repeat(chosen, counts)
        offsets = np.arange(len(ends)) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = np.repeat(self._starts[chosen], counts) + offsets
        return ends, self._others[rows].astype(np.int64), self._chances[rows]

    def every(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Give every pair once."""
        ends, others, scores = self.gather(range(self.num_photos))
        is_first = ends < others
        return ends[is_first], others[is_first], scores[is_first]

    def between(self, one: Sequence[int], two: Sequence[int]) -> Bond | None:
        """Measure what speaks for two groups being one; None where no pair does."""
        side = dict.fromkeys(one, 0) | dict.fromkeys(two, 1)
        smaller = one if len(one) <= len(two) else two
        ends, others, scores = self.gather(smaller)
        rows = [
            (end, other, score)
            for end, other, score in zip(ends.tolist(), others.tolist(), scores.tolist(), strict=True)
            if side.get(other, side[end]) != side[end]
        ]
        bond = measure_bond(rows, side, (len(one), len(two)))
        return None if bond is None else replace(bond, score=self.score(*bond.pair))

    def seam(self, photos: Sequence[int]) -> Seam:
        """Find where a group comes apart first: the join that comes last when the best agreeing parts join first."""
        return find_seam(self, sorted(photos))


def measure_bond(rows: Sequence[tuple[int, int, float]], side: dict[int, int], sizes: tuple[int, int]) -> Bond | None:
    """Measure the bond that pairs (photo, photo, score) between two groups make.

    Parameters
    ----------
    rows : sequence of (int, int, float)
        Pairs, each with one photo of each group.
    side : dict of int to int
        0 or 1 for each photo: its group.
    sizes : (int, int)
        Photos of each group.
    """
    if not rows:
        return None
    best: dict[int, float] = {}
    for end, other, score in rows:
        best[end] = max(best.get(end, 0.0), score)
        best[other] = max(best.get(other, 0.0), score)
    sums = [0.0, 0.0]
    for photo, score in best.items():
        sums[side[photo]] += score
    end, other, score = max(rows, key=lambda row: (row[2], -min(row[:2]), -max(row[:2])))
    pair = (end, other) if side[end] == 0 else (other, end)
    return Bond(pair, score, float(np.sqrt(sums[0] / sizes[0] * sums[1] / sizes[1])))


def find_seam(bonds: Bonds, photos: Sequence[int]) -> Seam:
    """Join the parts of a group as the clusterer would, but to the end, and stop before the last join.

    Parts that no pair joins come apart first: the largest of them is one side, all others the second.
    """
    links = _links_within(bonds, photos)
    around = Surroundings(Places(None, 1.0, len(photos)), Constraints(), np.arange(len(photos), dtype=np.uint64))
    grown = Agglomeration(links, 0.0, around)
    grown.run()
    if len(set(grown.label.tolist())) > 1:
        sides = sorted(_by_root(photos, grown.label.tolist()), key=lambda side: (-len(side), side))
        rest = sorted(photo for side in sides[1:] for photo in side)
        return Seam((sides[0], rest), bonds.between(sides[0], rest))
    sets = UnionFind()
    survivors, absorbed, _ = grown.joins()
    for one, two in zip(survivors[:-1].tolist(), absorbed[:-1].tolist(), strict=True):
        sets.union(one, two)
    sides = sorted(_by_root(photos, [sets.find(place) for place in range(len(photos))]), key=lambda side: -len(side))
    if len(sides) < 2:
        return Seam((list(photos), []), None)
    return Seam((sides[0], sides[1]), bonds.between(sides[0], sides[1]))


def _by_root(photos: Sequence[int], roots: Sequence[int]) -> list[list[int]]:
    sides: dict[int, list[int]] = {}
    for photo, root in zip(photos, roots, strict=True):
        sides.setdefault(root, []).append(photo)
    return list(sides.values())


def _links_within(bonds: Bonds, photos: Sequence[int]) -> Links:
    """Give the pairs within a group, its photos numbered by their place."""
    ends, others, scores = bonds.gather(photos)
    place = np.full(bonds.num_photos, -1, dtype=np.int64)
    place[photos] = np.arange(len(photos))
    is_inside = (place[others] >= 0) & (ends < others)
    first, second = place[ends[is_inside]], place[others[is_inside]]
    weight = np.rint(np.clip(scores[is_inside], 0, 1) * ONE).astype(np.int64)
    return Links(first, second, weight, np.ones(len(weight)))
