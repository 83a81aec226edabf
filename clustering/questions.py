"""Which two photos to show a person next: the question whose true answer is likely to mend most.

A question is about two groups, or about the two sides of one group where it comes apart first. What it is worth is the
gain to be expected from a true answer, in photos: with ``p`` the chance that it changes something, and the groups of
``a`` and ``b`` photos, ``p * 2 a b / (a + b)``. That is what B-cubed recall gains, times the number of photos, when
the two are a building's only parts (each photo's share of its building grows from ``a / (a + b)``, or ``b / (a + b)``,
to 1); it is what B-cubed precision gains when a wrong cluster comes apart. Counting pairs of photos, ``a b``, would ask
about the largest clusters alone.

The chance that two groups are one is the geometric mean of the score of their best pair, which is calibrated for two
photos, and of how well the groups agree (:class:`clustering.bonds.Bond`, all pairs counted): a sure pair that all other
photos of both sides are silent about is worth less the larger the sides are. Neither was chosen by labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustering.agreement import ONE, sum_of_best
from clustering.bonds import Bonds

LEAST_SCORE = 0.02  # pairs below it are not asked about
PairColumns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True)
class Question:
    """A question about two groups.

    Attributes
    ----------
    groups : (int, int)
        Codes of the groups: the number of a cluster, or ``~photo`` of a photo that is alone; the same twice for the
        two sides of a cluster.
    pair : (int, int)
        The photos to be shown, one of each group.
    score, agreement : float
        Of the best pair, and of the groups.
    gain : float
        What it is worth to ask, in photos.
    """

    groups: tuple[int, int]
    pair: tuple[int, int]
    score: float
    agreement: float
    gain: float


def chance(score: float, agreement: float) -> float:
    """Give the chance that two groups are one."""
    return float(np.sqrt(min(max(score, 0.0), 1.0) * min(max(agreement, 0.0), 1.0)))


def expected_gain(chance_of_change: float, sizes: tuple[int, int]) -> float:
    """Give what a true answer is expected to mend, in photos."""
    return chance_of_change * 2 * sizes[0] * sizes[1] / (sizes[0] + sizes[1])


class Questions:
    """All questions about two groups, kept up to date as groups change.

    Parameters
    ----------
    bonds : Bonds
        The pairs of N photos.
    groups : sequence of int, length N
        Code of the group of each photo.
    """

    def __init__(self, bonds: Bonds, groups: Sequence[int]) -> None:
        self._bonds = bonds
        self._group = np.array(groups, dtype=np.int64)
        self._rows = _find_rows(bonds.every(), self._group)

    def __len__(self) -> int:
        return len(self._rows.gain)

    def update(self, photos: Sequence[int], codes: Sequence[int]) -> None:
        """Account for groups that changed.

        Parameters
        ----------
        photos : sequence of int
            All photos of all groups that changed, those included that did not move.
        codes : sequence of int
            Code of the group of each of them now.
        """
        former = self._group[photos]
        self._group[photos] = codes
        rows = _find_rows(self._bonds.gather(photos), self._group)
        self._rows = self._rows.without(np.concatenate((former, self._group[photos]))).with_more(rows)

    def open_rows(
        self, least_chance: float = 0.0, closed: Sequence[int] = (), apart: Sequence[tuple[int, int]] = ()
    ) -> NDArray[np.int64]:
        """Find the questions to be asked, the one that is worth most first; for :meth:`question`.

        Parameters
        ----------
        least_chance : float
            Questions with a smaller chance that the groups are one are left out.
        closed : sequence of int
            Codes of groups that nothing is asked about.
        apart : sequence of (int, int)
            Codes of groups that are known to be two.
        """
        rows = self._rows
        is_open = np.sqrt(rows.score * rows.agreement) >= least_chance
        if len(closed):
            is_open &= ~(np.isin(rows.first, closed) | np.isin(rows.second, closed))
        if len(apart):
            ends = np.sort(np.array(apart, dtype=np.int64).reshape(-1, 2), axis=1)
            width = np.int64(1) << 31  # codes are photos, or clusters: below it either way
            is_open &= ~np.isin(rows.first * width + rows.second, ends[:, 0] * width + ends[:, 1])
        found = np.flatnonzero(is_open)
        return found[np.lexsort((rows.two[found], rows.one[found], -rows.gain[found]))]

    def question(self, row: int) -> Question:
        """Give one question; rows hold until the next :meth:`update`."""
        return self._rows.question(row)

    def in_order(self) -> Iterator[Question]:
        """Give all questions, the one that is worth most first."""
        return map(self.question, self.open_rows().tolist())


@dataclass(frozen=True)
class _Rows:
    """Questions as columns, Q of them."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    one: NDArray[np.int64]
    two: NDArray[np.int64]
    score: NDArray[np.float64]
    agreement: NDArray[np.float64]
    gain: NDArray[np.float64]

    def without(self, codes: NDArray[np.int64]) -> _Rows:
        """Leave out what concerns some groups."""
        is_kept = ~(np.isin(self.first, codes) | np.isin(self.second, codes))
        return _Rows(*(getattr(self, name)[is_kept] for name in _COLUMNS))

    def with_more(self, other: _Rows) -> _Rows:
        """Give these and others."""
        return _Rows(*(np.concatenate((getattr(self, name), getattr(other, name))) for name in _COLUMNS))

    def question(self, row: int) -> Question:
        """Give one of them."""
        values = (getattr(self, name)[row].item() for name in _COLUMNS)
        first, second, one, two, *measures = values
        return Question((first, second), (one, two), *measures)


_COLUMNS = ("first", "second", "one", "two", "score", "agreement", "gain")


def _find_rows(pairs: PairColumns, group: NDArray[np.int64]) -> _Rows:
    """Find the questions that some pairs make; a pair may stand there in both directions."""
    one, two, score = pairs
    is_turned = group[one] > group[two]
    one, two = np.where(is_turned, two, one), np.where(is_turned, one, two)
    is_between = (group[one] != group[two]) & (score >= LEAST_SCORE)
    one, two, score = one[is_between], two[is_between], np.clip(score[is_between], 0, 1)
    codes, sizes = np.unique(group, return_counts=True)
    first, second = np.searchsorted(codes, group[one]), np.searchsorted(codes, group[two])
    # the best pair of two groups first, ties by photo numbers
    order = np.lexsort((two, one, -score, second, first))
    one, two, score, first, second = (column[order] for column in (one, two, score, first, second))
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    joint, weight = np.cumsum(is_new) - 1, np.rint(score * ONE).astype(np.int64)
    num_joints = int(is_new.sum())
    sums = [sum_of_best(joint, photo, weight, num_joints, len(group)) / ONE for photo in (one, two)]
    one, two, score, first, second = (column[is_new] for column in (one, two, score, first, second))
    agreement = np.sqrt(sums[0] * sums[1] / (sizes[first] * sizes[second]))
    harmonic = 2 * sizes[first] * sizes[second] / (sizes[first] + sizes[second])
    gain = np.sqrt(score * agreement) * harmonic
    return _Rows(codes[first], codes[second], one, two, score, agreement, gain)
