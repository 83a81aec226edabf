"""One campaign: a number of attempts to break a promise, each by its own seed, and what came of them."""

from __future__ import annotations

import random
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType

import pytest

MOST_TOLD = 10


@dataclass
class Attempt:
    """One attempt, as a block: what it raises is a failure of the campaign, which goes on.

    Attributes
    ----------
    number : int
        From 0.
    random : random.Random
        Draws that hang on the campaign and the number alone.
    """

    campaign: Campaign
    number: int
    random: random.Random

    def __enter__(self) -> Attempt:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.campaign.done += 1
        if error is None or not isinstance(error, (Exception, pytest.fail.Exception)):
            return False
        self.campaign.failures.append(f"attempt {self.number}: {''.join(traceback.format_exception(error))}")
        return True


@dataclass
class Campaign:
    """What one campaign of the table does.

    Attributes
    ----------
    name : str
        ``R1`` to ``R27``, and what is tried.
    is_full : bool
        Whether the full counts were asked for.
    done : int
        Attempts that were made.
    failures : list of str
        What failed, with traceback.
    notes : list of str
        Figures beside the count, for the table.
    """

    name: str
    is_full: bool
    done: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def count(self, fast: int, full: int) -> int:
        """Give the count of this run."""
        return full if self.is_full else fast

    def attempts(self, fast: int, full: int) -> Iterator[Attempt]:
        """Give the attempts of this run, each to be made in a ``with`` block; fail at the end if any failed.

        Give the first failures in the message of the AssertionError.
        """
        for number in range(self.count(fast, full)):
            yield Attempt(self, number, random.Random(f"{self.name} {number}"))
        self.conclude()

    def conclude(self) -> None:
        """Fail if an attempt failed."""
        told = "\n".join(self.failures[:MOST_TOLD])
        assert not self.failures, f"{self.name}: {len(self.failures)} of {self.done} attempts failed\n{told}"

    def note(self, text: str) -> None:
        """Tell a figure beside the count."""
        self.notes.append(text)
