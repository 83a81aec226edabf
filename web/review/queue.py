"""The queue of doubtful joins, of photos that could belong somewhere, and of clusters that may hang on little."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clustering.bonds import Bonds
from clustering.corrections import Links
from clustering.questions import Question, Questions, chance, expected_gain
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

    @property
    def gain(self) -> float:
        """What it is worth to ask about it, in photos."""
        return expected_gain(1 - chance(self.score, self.agreement), self.sizes)


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
    """

    def __init__(self, state: ReviewState, bonds: Bonds) -> None:
        self._state, self._bonds = state, bonds
        self._questions = Questions(bonds, _codes(state, range(state.num_photos)))
        self._inside: dict[int, Inside | None] = {}

    def know_inside(self, number: int, inside: Inside) -> None:
        """Take over what is known about a cluster."""
        self._inside.setdefault(number, inside)

    def look_inside(self, number: int) -> None:
        """Find out where a cluster may come apart."""
        if number in self._state.members and number not in self._inside:
            self._inside[number] = find_inside(self._bonds, self._state.photos(number), self._state.links)

    def update(self, photos: set[int], clusters: set[int]) -> None:
        """Account for clusters that changed, and for all photos that are or were in them."""
        if photos:
            chosen = sorted(photos)
            self._questions.update(chosen, _codes(self._state, chosen))
        for number in clusters:
            self._inside.pop(number, None)
            self.look_inside(number)

    def items(self) -> Iterator[Item]:
        """Give the open questions in order."""
        later = []
        for item in heapq.merge(self._insides(), self._joins(), key=lambda item: -item.gain):
            if item.is_unsure:
                later.append(item)
            else:
                yield item
        yield from later

    def _joins(self) -> Iterator[Item]:
        apart = self._apart()
        for question in self._questions.in_order():
            if chance(question.score, question.agreement) < LEAST_CHANCE or question.groups in apart:
                continue
            if any(code >= 0 and self._state.setting("lock", code) for code in question.groups):
                continue
            kind = "join" if min(question.groups) >= 0 else "belongs"
            yield self._item(kind, question)

    def _item(self, kind: str, question: Question) -> Item:
        is_unsure = self._state.setting("answer", *sorted(question.pair)) == UNSURE
        return Item(kind, question.pair, question.score, question.agreement, question.gain, is_unsure)

    def _apart(self) -> set[tuple[int, int]]:
        """Give the groups that a decision keeps apart."""
        found = set()
        for pair in self._state.links.apart:
            if max(pair) < self._state.num_photos:
                one, two = _codes(self._state, pair)
                found |= {(one, two), (two, one)}
        return found

    def _insides(self) -> list[Item]:
        items = []
        for number, inside in self._inside.items():
            if inside is None or number not in self._state.members or self._state.setting("lock", number):
                continue
            if 1 - chance(inside.score, inside.agreement) < LEAST_CHANCE:
                continue
            is_unsure = self._state.setting("answer", *sorted(inside.pair)) == UNSURE
            items.append(Item("inside", inside.pair, inside.score, inside.agreement, inside.gain, is_unsure))
        return sorted(items, key=lambda item: (-item.gain, item.pair))


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
