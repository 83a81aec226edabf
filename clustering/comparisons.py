"""Which pairs of photos are compared: all of them, those that can still join two components, or those of leaders.

``none`` compares every pair. ``exact`` leaves out a pair whose photos are in one component already, and so finds the
same components with fewer comparisons. ``leader`` is clusterimg's rule: of two similar photos the later one is compared
with nothing any more. It saves most, but what it finds depends on the order of the photos, and it breaks chains: with
0 like 1 and 1 like 2, photo 1 is never compared with 2 once it is known to be like 0.

Where a block of scores costs little more than a few pairs of it, whole blocks are scored. Then ``exact`` would save
nothing, and is ``none``; ``leader`` keeps the pairs of its rule, and counts all that were scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from storage.errors import UsageError

EXACT, LEADER, NONE = "exact", "leader", "none"
RULES = (EXACT, LEADER, NONE)
SCORES_AT_ONCE = 1 << 22  # of a block: 32 MB
PAIRS_AT_ONCE = 1 << 12  # of pairs scored one by one: seconds, where one takes a millisecond

Numbers = NDArray[np.int64]
Scores = NDArray[np.float64]


class PairScorer(Protocol):
    """What scores pairs of photos by number; a pair has one score, whichever method asks for it."""

    def block(self, first: Numbers, second: Numbers) -> Scores:
        """Give the scores (A, B) of each of A photos with each of B."""

    def pairs(self, first: Numbers, second: Numbers) -> Scores:
        """Give the scores (P,) of P pairs."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What is to be compared.

    Attributes
    ----------
    scorer : PairScorer
        Scores the photos.
    num_photos : int
        Number of photos N; they are taken in the order of their numbers.
    threshold : float
        Two photos are similar when their score is at or above it.
    rule : str
        One of :data:`RULES`.
    scores_blocks : bool
        Whether a block of scores costs little more than a few pairs of it.
    group : ndarray of int64, shape (N,), optional
        Photos of one group are not compared with each other; without it all are.

    Raises
    ------
    UsageError
        For an unknown rule.
    """

    scorer: PairScorer
    num_photos: int
    threshold: float
    rule: str = EXACT
    scores_blocks: bool = False
    group: Numbers | None = None

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise UsageError(f"--skip {self.rule}: must be one of {', '.join(RULES)}")

    @property
    def num_pairs(self) -> int:
        """Number of pairs that ``none`` compares."""
        sizes = np.array([], dtype=np.int64) if self.group is None else np.unique(self.group, return_counts=True)[1]
        return int(_pairs_among(np.array([self.num_photos]))[0] - _pairs_among(sizes).sum())

    def may_compare(self, first: Numbers, second: Numbers) -> NDArray[np.bool_]:
        """Tell which pairs are of two groups; the arrays may be of any shapes that go together."""
        shape = np.broadcast_shapes(first.shape, second.shape)
        return np.ones(shape, dtype=bool) if self.group is None else self.group[first] != self.group[second]


def _pairs_among(counts: Numbers) -> Numbers:
    return counts * (counts - 1) // 2


@dataclass(frozen=True, eq=False)
class Step:
    """What some rows of comparisons gave.

    Attributes
    ----------
    next_row : int
        All rows before it are done: photos below it have been compared with all that come after them.
    first, second : ndarray of int64, shape (K,)
        The similar pairs, the lower number first.
    score : ndarray of float64, shape (K,)
        Their scores.
    num_compared : int
        Pairs that were scored.
    """

    next_row: int
    first: Numbers
    second: Numbers
    score: Scores
    num_compared: int


def compare(
    comparison: Comparison, start_row: int = 0, former: tuple[Numbers, Numbers] | None = None
) -> Iterator[Step]:
    """Compare photos row by row: each with those that come after it, as far as the rule asks for it.

    Parameters
    ----------
    comparison : Comparison
        What is to be compared.
    start_row : int
        Where to go on.
    former : (ndarray of int64, ndarray of int64), optional
        The similar pairs that the rows before ``start_row`` gave. The rest comes out as without the interruption.

    Yields
    ------
    Step
        As the rows get done.
    """
    first, second = former or (np.zeros(0, np.int64), np.zeros(0, np.int64))
    if comparison.rule == LEADER:
        is_absorbed = np.zeros(comparison.num_photos, dtype=bool)
        is_absorbed[second] = True
        yield from _leaders(comparison, start_row, is_absorbed)
    elif comparison.scores_blocks:
        yield from _all_by_blocks(comparison, start_row)
    elif comparison.rule == NONE:
        yield from _all_by_pairs(comparison, start_row)
    else:
        label = label_components(comparison.num_photos, first, second)
        for row in range(start_row, comparison.num_photos - 1):
            yield _row_of_components(comparison, row, label)


def label_components(num_photos: int, first: Numbers, second: Numbers) -> Numbers:
    """Give each photo the number of the component that pairs make it a part of; shape (N,)."""
    entries = np.ones(len(first), dtype=np.int8)
    graph = sparse.csr_array((entries, (first, second)), shape=(num_photos, num_photos))
    label: Numbers = connected_components(graph, directed=False)[1].astype(np.int64)
    return label


def _all_by_blocks(comparison: Comparison, row: int) -> Iterator[Step]:
    num_photos = comparison.num_photos
    while row < num_photos - 1:
        stop = min(row + max(1, SCORES_AT_ONCE // (num_photos - row)), num_photos)
        rows, columns = np.arange(row, stop), np.arange(row + 1, num_photos)
        counts = (columns > rows[:, None]) & comparison.may_compare(rows[:, None], columns)
        scores = comparison.scorer.block(rows, columns)
        places = np.nonzero(counts & (scores >= comparison.threshold))
        yield Step(stop, rows[places[0]], columns[places[1]], scores[places], int(np.count_nonzero(counts)))
        row = stop


def _all_by_pairs(comparison: Comparison, row: int) -> Iterator[Step]:
    num_photos = comparison.num_photos
    while row < num_photos - 1:
        stop = min(row + max(1, PAIRS_AT_ONCE // (num_photos - row)), num_photos)
        rows, columns = np.arange(row, stop), np.arange(row + 1, num_photos)
        places = np.nonzero((columns > rows[:, None]) & comparison.may_compare(rows[:, None], columns))
        yield _scored(comparison, stop, rows[places[0]], columns[places[1]])
        row = stop


def _scored(comparison: Comparison, next_row: int, first: Numbers, second: Numbers) -> Step:
    """Score pairs and keep the similar ones."""
    scores = comparison.scorer.pairs(first, second) if len(first) else np.zeros(0)
    is_similar = scores >= comparison.threshold
    return Step(next_row, first[is_similar], second[is_similar], scores[is_similar], len(first))


def _row_of_components(comparison: Comparison, row: int, label: Numbers) -> Step:
    """Compare one photo with those after it that are not in its component; ``label`` is brought up to date.

    Within a row the other components have nothing to do with each other: each is left when its first similar photo is
    found. So their first photos are scored together, then the second ones of those that are still open, and so on.
    That is, pair by pair, what going through the photos in order would compare.
    """
    others = np.arange(row + 1, comparison.num_photos)
    others = others[(label[others] != label[row]) & comparison.may_compare(np.array([row]), others)]
    others = others[np.argsort(label[others], kind="stable")]
    is_first = np.ones(len(others), dtype=bool)
    is_first[1:] = label[others[1:]] != label[others[:-1]]
    place = np.flatnonzero(is_first)
    end = np.append(place[1:], len(others))
    rounds: list[Step] = []
    while len(place):
        second = others[place]
        step = _scored(comparison, row + 1, np.full(len(second), row), second)
        rounds.append(step)
        is_open = ~np.isin(second, step.second) & (place + 1 < end)
        place, end = place[is_open] + 1, end[is_open]
    found = _joined(rounds, row + 1)
    label[np.isin(label, label[found.second])] = label[row]
    return found


def _joined(steps: list[Step], next_row: int) -> Step:
    """Put what several steps gave into one."""
    columns = [(step.first, step.second, step.score) for step in steps]
    columns.append((np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)))
    first, second, score = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    return Step(next_row, first, second, score, sum(step.num_compared for step in steps))


def _leaders(comparison: Comparison, row: int, is_absorbed: NDArray[np.bool_]) -> Iterator[Step]:
    """Compare the photos that are like no earlier one with those after them that are likewise."""
    while row < comparison.num_photos - 1:
        columns = row + np.flatnonzero(~is_absorbed[row:])
        if len(columns) < 2:
            break
        num_rows = max(1, SCORES_AT_ONCE // len(columns)) if comparison.scores_blocks else 1
        rows = columns[:num_rows]
        row = int(rows[-1]) + 1
        if comparison.scores_blocks:
            yield _leaders_of_block(comparison, rows, columns, is_absorbed)
            continue
        second = columns[1:][comparison.may_compare(rows, columns[1:])]
        step = _scored(comparison, row, np.full(len(second), rows[0]), second)
        is_absorbed[step.second] = True
        yield step


def _leaders_of_block(comparison: Comparison, rows: Numbers, columns: Numbers, is_absorbed: NDArray[np.bool_]) -> Step:
    counts = (columns > rows[:, None]) & comparison.may_compare(rows[:, None], columns)
    scores = comparison.scorer.block(rows, columns)
    is_similar = counts & (scores >= comparison.threshold)
    next_row = int(rows[-1]) + 1
    steps = [Step(next_row, *_nothing(), int(np.count_nonzero(counts)))]
    for place, leader in enumerate(rows):
        if is_absorbed[leader]:
            continue
        found = np.flatnonzero(is_similar[place] & ~is_absorbed[columns])
        is_absorbed[columns[found]] = True
        steps.append(Step(next_row, np.full(len(found), leader), columns[found], scores[place, found], 0))
    return _joined(steps, next_row)


def _nothing() -> tuple[Numbers, Numbers, Scores]:
    return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)
