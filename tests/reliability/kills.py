"""Kills with signal 9: at a moment by the clock, or before or after a call that changes files."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.reliability.children import Killed, in_child, kill_this_process
from tests.reliability.io_calls import CHANGES, Call, told_of_calls

# What the one writer of files does: write, force to the disk, rename, force the folder.
STEPS = ("write", "fsync", "rename", "folder fsync")
HOOKS = tuple(f"{when} {step}" for step in STEPS for when in ("before", "after"))


@dataclass
class KillAtCall:
    """Kill this process at one of the calls that change files.

    Attributes
    ----------
    at_call : int
        From 1, of those that fit.
    hook : str
        One of :data:`HOOKS`; empty for any change, before it is made.
    """

    at_call: int
    hook: str = ""
    count: int = 0

    def __call__(self, call: Call, is_made: bool) -> None:
        """Kill, if it is the call's turn."""
        if self._fits(call, is_made):
            self.count += 1
            if self.count == self.at_call:
                kill_this_process()

    def _fits(self, call: Call, is_made: bool) -> bool:
        if not self.hook:
            return not is_made and call.kind in CHANGES
        return self.hook == f"{'after' if is_made else 'before'} {step_of(call)}"


def step_of(call: Call) -> str:
    """Give which of :data:`STEPS` a call is, or its kind."""
    return "folder fsync" if call.kind == "fsync" and Path(call.path).is_dir() else call.kind


def was_killed(run: Callable[[], object], kill: KillAtCall, folder: Path) -> bool:
    """Run in a forked process that is killed at a call; False when it came to its end before."""

    def told_run() -> None:
        with told_of_calls(folder, kill):
            run()

    return isinstance(in_child(told_run), Killed)


def was_killed_by_clock(run: Callable[[], object], drawn: random.Random, seconds: float) -> bool:
    """Run in a forked process that is killed at a drawn moment of the first ``seconds``; False if it ended before."""

    def silent_run() -> None:
        run()

    return isinstance(in_child(silent_run, kill_after_s=drawn.uniform(0, seconds)), Killed)
