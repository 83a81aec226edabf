"""The queue of doubtful joins, of photos that could belong somewhere, and of clusters that may hang on little."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from clustering.bonds import Bonds
from clustering.corrections import Links
from clustering.questions import Questions, chance, expected_gain
from web.review.changes import ALONE
from web.review.state import ReviewState

LEAST_CHANCE = 0.1  # below it a pair's verdict is "different" (docs/formats.md), and nothing is asked
UNSURE = "unsure"
MOST_SEAMS = 64  # of one cluster that are looked at for one that nobody has confirmed


@dataclass(frozen=True)
class Inside:
    """Where a cluster may come apart: the pair that holds it, what speaks for it, photos on either side."""

    pair: tuple[int, int]
    score: float
    agreement: float
    sizes: tuple[int, int]

    @cached_property
    def gain(self) -> float:
        """What it is worth to ask about it, in photos."""
        return expected_gain(1 - chance(self.score, self.agreement), self.sizes)

    @cached_property
    def is_doubtful(self) -> bool:
        """Whether the chance that it holds nothing together is large enough to ask."""
        return 1 - chance(self.score, self.agreement) >= LEAST_CHANCE


ToldInside = Callable[[int], Inside | None]


@dataclass(frozen=True)
class Item:
    """A question as it stands in the queue.

    Attributes
    ----------
    kind : str
        ``join`` (two clusters), ``belongs`` (a photo that is alone) or ``inside`` (one cluster).
    pair : (int, int)
        The photos to be shown, the first of the left side.
    score, agreement : float
        Chance of the pair, agreement of the two sides.
    gain : float
        What it is worth to ask, in photos.
    is_unsure : bool
        Whether it was asked, and the answer was that it cannot be told.
    """

    kind: str
    pair: tuple[int, int]
    score: float
    agreement: float
    gain: float
    is_unsure: bool


class ReviewQueue:
    """All open questions, those that are worth most first, those that could not be answered last.

    Parameters
    ----------
    state : ReviewState
        The clusters.
    bonds : Bonds
        The pairs.
    told_inside : callable, optional
        Gives what is known already about where a cluster may come apart; None for nothing.
    """

    def __init__(self, state: ReviewState, bonds: Bonds, told_inside: ToldInside = lambda number: None) -> None:
        self._state, self._bonds, self._told_inside = state, bonds, told_inside
        self._questions = Questions(bonds, _codes(state, range(state.num_photos)))
        self._inside: dict[int, Inside | None] = {}
        self._is_current = False
        self._rows = self._questions.open_rows()[:0]
        self._insides: list[Inside] = []
        self._told: set[int] = set()
        self.take_told()

    def take_told(self) -> None:
        """Take over what is known already, after it changed."""
        told = {number: self._told_inside(number) for number in self._state.members}
        known = {number: inside for number, inside in told.items() if inside is not None}
        for number in self._told - known.keys():
            self._inside.pop(number, None)
            self.look_inside(number)
        self._inside |= known
        self._told = set(known)
        self._is_current = False

    def look_inside(self, number: int) -> None:
        """Find out where a cluster may come apart."""
        if number in self._state.members and number not in self._inside:
            told = self._told_inside(number)
            (self._told.discard if told is None else self._told.add)(number)
            self._inside[number] = told or find_inside(self._bonds, self._state.photos(number), self._state.links)
            self._is_current = False

    def update(self, photos: set[int], clusters: set[int]) -> None:
        """Account for clusters that changed, and for all photos that are or were in them."""
        if photos:
            chosen = sorted(photos)
            self._questions.update(chosen, _codes(self._state, chosen))
        for number in clusters:
            self._inside.pop(number, None)
            self.look_inside(number)

    def refresh(self) -> None:
        """Put the open questions in order again, after anything was decided."""
        self._is_current = False

    def __len__(self) -> int:
        self._put_in_order()
        return len(self._rows) + len(self._insides)

    def items(self) -> Iterator[Item]:
        """Give the open questions in order."""
        self._put_in_order()
        later = []
        for item in heapq.merge(self._inside_items(), self._join_items(), key=lambda item: -item.gain):
            if item.is_unsure:
                later.append(item)
            else:
                yield item
        yield from later

    def _put_in_order(self) -> None:
        if self._is_current:
            return
        state = self._state
        locked = [number for (number,) in state.settings.get("lock", {})]
        apart = [_codes(state, pair) for pair in state.links.apart if max(pair) < state.num_photos]
        self._rows = self._questions.open_rows(LEAST_CHANCE, locked, [(one, two) for one, two in apart])
        closed = set(locked)
        found = [
            inside
            for number, inside in self._inside.items()
            if inside is not None and number in state.members and number not in closed and inside.is_doubtful
        ]
        self._insides = sorted(found, key=lambda inside: (-inside.gain, inside.pair))
        self._is_current = True

    def _join_items(self) -> Iterator[Item]:
        for row in self._rows:
            found = self._questions.question(int(row))
            kind = "join" if min(found.groups) >= 0 else "belongs"
            yield Item(kind, found.pair, found.score, found.agreement, found.gain, self._is_unsure(found.pair))

    def _inside_items(self) -> Iterator[Item]:
        for inside in self._insides:
            measures = (inside.score, inside.agreement, inside.gain)
            yield Item("inside", inside.pair, *measures, self._is_unsure(inside.pair))

    def _is_unsure(self, pair: tuple[int, int]) -> bool:
        return bool(self._state.setting("answer", *sorted(pair)) == UNSURE)


def _codes(state: ReviewState, photos: Sequence[int]) -> list[int]:
    return [~photo if state.owner[photo] == ALONE else state.owner[photo] for photo in photos]


def find_inside(bonds: Bonds, photos: list[int], links: Links) -> Inside | None:
    """Find the seam of a cluster that is worth most to be asked about and that nobody has confirmed.

    A seam that a decision spans is confirmed; then both of its sides are looked at.
    """
    best: Inside | None = None
    pending = [photos]
    for _ in range(MOST_SEAMS):
        if not pending:
            break
        part = pending.pop()
        if len(part) < 2:
            continue
        seam = bonds.seam(part)
        if _is_spanned(seam.sides, links):
            pending += seam.sides
            continue
        pair = seam.bond.pair if seam.bond else (seam.sides[0][0], seam.sides[1][0])
        measures = (bonds.chance(*pair), seam.bond.agreement) if seam.bond else (0.0, 0.0)
        found = Inside(pair, *measures, (len(seam.sides[0]), len(seam.sides[1])))
        if best is None or found.gain > best.gain:
            best = found
    return best


def _is_spanned(sides: tuple[list[int], list[int]], links: Links) -> bool:
    one, two = map(set, sides)
    smaller = sides[0] if len(sides[0]) <= len(sides[1]) else sides[1]
    return any(one & set(link) and two & set(link) for link in links.together_of(smaller))


def inside_as_told(told: Mapping[str, Any], number_of: Mapping[str, int]) -> Inside | None:
    """Give the join of a cluster that is worth most to be asked about, as clusters_info.json tells of it."""
    found = [
        Inside(
            (number_of[join["pairs"][0][0]], number_of[join["pairs"][0][1]]),
            float(join["pairs"][0][2]),
            float(join["agreement"]),
            (int(join["survivor_size"]), int(join["absorbed_size"])),
        )
        for join in told.get("joins", ())
        if "agreement" in join and join.get("pairs") and all(name in number_of for name in join["pairs"][0][:2])
    ]
    return max(found, key=lambda inside: inside.gain, default=None)
