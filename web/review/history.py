"""What was done in the review, what was taken back, and how much was ever done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """What was done and not taken back, what was taken back, and how much was ever done."""

    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)
    num_unapplied: int = 0

    def take(self, line: Mapping[str, Any], step: Step) -> None:
        """Account for a line of the journal."""
        kind = line["line"]
        if kind == "settle":
            return
        if kind == "do":
            self.undone.clear()
        if kind == "undo":
            self.done.pop()
            self.undone.append(step)
        else:
            if kind == "redo":
                self.undone.pop()
            self.done.append(step)
