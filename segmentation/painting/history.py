"""What can be taken back and done again: one step per gesture, a bounded number of them, bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from segmentation.painting.changes import Change

MAX_STEPS = 200
MAX_BYTES = 128 * 2**20


@dataclass(frozen=True, eq=False)
class Step:
    """One gesture: its changes in the order in which they were made."""

    label: str
    changes: tuple[Change, ...]

    @cached_property
    def num_bytes(self) -> int:
        """Memory that its changes take."""
        return sum(change.num_bytes for change in self.changes)


@dataclass
class History:
    """Steps that were done and steps that were taken back.

    Beyond ``max_steps``, and beyond ``max_bytes``, the oldest steps are forgotten; the newest one is always kept.
    """

    max_steps: int = MAX_STEPS
    max_bytes: int = MAX_BYTES
    done: list[Step] = field(default_factory=list)
    undone: list[Step] = field(default_factory=list)

    @property
    def num_bytes(self) -> int:
        """Memory that all steps take."""
        return sum(step.num_bytes for step in (*self.done, *self.undone))

    def add(self, step: Step) -> None:
        """Add what was just done; what was taken back before can no longer be done again."""
        self.undone.clear()
        self.done.append(step)
        num_bytes = self.num_bytes
        while len(self.done) > self.max_steps or (num_bytes > self.max_bytes and len(self.done) > 1):
            num_bytes -= self.done.pop(0).num_bytes

    def undo(self) -> Step | None:
        """Move the newest step to those taken back, and give it; None when there is none."""
        if not self.done:
            return None
        self.undone.append(self.done.pop())
        return self.undone[-1]

    def redo(self) -> Step | None:
        """Move the step that was taken back last to those done, and give it; None when there is none."""
        if not self.undone:
            return None
        self.done.append(self.undone.pop())
        return self.done[-1]
