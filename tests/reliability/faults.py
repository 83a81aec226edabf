"""Calls that fail: the k-th one that a run makes, once, or from then on as on a disk that is full."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.reliability.io_calls import Call, told_of_calls
from tests.reliability.writers import Outcome, Writer

NEED_ROOM = frozenset(("create", "write", "mkdir", "link", "symlink", "fsync"))


@dataclass
class Fault:
    """The call that fails.

    Attributes
    ----------
    at_call : int
        Number of the first call that fails, from 1.
    number : int
        Of the error, such as ``errno.ENOSPC``; a disk without room stays full.
    failed : list of Call
        The calls that failed.
    """

    at_call: int
    number: int
    count: int = 0
    failed: list[Call] = field(default_factory=list)

    def __call__(self, call: Call, is_made: bool) -> None:
        """Let the call fail, if it is its turn."""
        if is_made:
            return
        self.count += 1
        stays = self.number == errno.ENOSPC and self.count > self.at_call and call.kind in NEED_ROOM
        if self.count == self.at_call or stays:
            self.failed.append(call)
            raise OSError(self.number, os.strerror(self.number), call.path)


@dataclass(frozen=True)
class Broken:
    """A run with a fault in it: what it came to, the calls that failed, the number of all calls."""

    outcome: Outcome
    failed: list[Call]
    count: int


def run_with(fault: Fault, writer: Writer, folder: Path) -> Broken:
    """Run a script in this process with a fault."""
    with told_of_calls(folder, fault):
        outcome = writer.run(folder)
    return Broken(outcome, fault.failed, fault.count)


def run_plain(writer: Writer, folder: Path, told: Callable[[Call, bool], None] = lambda call, made: None) -> Outcome:
    """Run a script with nothing in its way, and be told of its calls."""
    with told_of_calls(folder, told):
        return writer.run(folder)
