"""What was done in the review, what was taken back, and how much was ever done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from web.review.changes import Change


@dataclass(frozen=True)
class Done:
    """What an action, an undo or a redo did.

    Attributes
    ----------
    revision : int
        Number of the state after it.
    label : str
        What was done.
    clusters : list of int
        Clusters that changed and stand.
    removed : list of int
        Clusters that ended.
    """

    revision: int
    label: str
    clusters: list[int]
    removed: list[int]


@dataclass(frozen=True)
class Step:
    """An action that can be taken back, or done again."""

    label: str
    kind: str
    change: Change


@dataclass
class History:
    """What was done and not taken back, what was taken back, and what of it clusters.json holds.

    Each action has a number of its own, which it keeps when it is taken back and done again.
    """

    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)
    _done_numbers: list[int] = field(default_factory=list)
    _undone_numbers: list[int] = field(default_factory=list)
    _written: list[int] = field(default_factory=list)
    _count: Iterator[int] = field(default_factory=count)

    def mark_written(self) -> None:
        """Remember that clusters.json holds what is done now."""
        self._written = list(self._done_numbers)

    @property
    def num_unapplied(self) -> int:
        """Actions that clusters.json lacks, and those that it holds and that were taken back."""
        pairs = enumerate(zip(self._done_numbers, self._written, strict=False))
        both = min(len(self._done_numbers), len(self._written))
        same = next((place for place, (one, other) in pairs if one != other), both)
        return len(self._done_numbers) + len(self._written) - 2 * same

    def take(self, line: Mapping[str, Any], step: Step) -> None:
        """Account for a line of the journal."""
        kind = line["line"]
        if kind == "settle":
            return
        if kind == "do":
            self.undone.clear()
            self._undone_numbers = [next(self._count)]
        if kind == "undo":
            self.done.pop()
            self.undone.append(step)
            self._undone_numbers.append(self._done_numbers.pop())
        else:
            if kind == "redo":
                self.undone.pop()
            self.done.append(step)
            self._done_numbers.append(self._undone_numbers.pop())
