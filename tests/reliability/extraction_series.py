"""An extraction that is killed again and again in one folder, until a run gets to its end."""

from __future__ import annotations

import random
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hloc.extractors.base import Extractor
from tests.reliability.children import in_child
from tests.reliability.faults import run_plain
from tests.reliability.io_calls import Call
from tests.reliability.kills import KillAtCall, step_of, was_killed, was_killed_by_clock
from tests.reliability.writers import Outcome, Writer, final_files, leftovers

MOST_AGAIN = 32  # photos that a kill may cost, whatever the shards


@dataclass
class Series:
    """Extractions in one folder, killed until one gets to its end; then all begins anew.

    Parameters
    ----------
    writer : Writer
        The extraction.
    folder : Path
        Where it runs; its photos are drawn.
    extractor : type
        The class whose ``prepare`` describes a photo: its calls are counted.

    Attributes
    ----------
    num_finished : int
        Extractions that got to their end; the results of each were those of an untroubled one, to the byte.
    most_again : int
        Most photos that were described again after one kill.
    """

    writer: Writer
    folder: Path
    extractor: type[Extractor]
    num_finished: int = 0
    most_again: int = 0
    kills_of_series: int = 0
    expected: dict[str, str] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.work, self.log = self.folder / "work", self.folder / "described.txt"
        self.writer.prepare(self.work, has_former=False)
        outcome = self._run()
        assert outcome.code == 0, outcome
        self.num_photos = len(self._described())
        self.expected = final_files(self.work)
        self._begin_anew()
        run_plain(self.writer, self.work, self._count_step)
        self._begin_anew()
        started = time.monotonic()  # when all modules are imported
        in_child(self._run)
        self.seconds = time.monotonic() - started
        self._begin_anew()

    def _count_step(self, call: Call, is_made: bool) -> None:
        self.steps[f"{'after' if is_made else 'before'} {step_of(call)}"] += 1

    def _run(self) -> Outcome:
        with told_of_prepared(self.extractor, self.log):
            return self.writer.run(self.work)

    def _described(self) -> list[str]:
        return self.log.read_text(encoding="ascii").splitlines() if self.log.exists() else []

    def _begin_anew(self) -> None:
        shutil.rmtree(self.work / "netvlad")
        self.log.unlink(missing_ok=True)
        self.kills_of_series = 0

    def kill_by_clock(self, drawn: random.Random) -> None:
        """Kill one run at a drawn moment; extractions that end before are checked, and begun anew."""
        while not was_killed_by_clock(self._run, drawn, self.seconds):
            self._finish()
        self._check_redone()

    def kill_at(self, hook: str, drawn: random.Random) -> None:
        """Kill one run at a hook; a run that goes on where another was killed passes fewer of them."""
        most = max(1, self.steps[hook] // 2)
        while not was_killed(self._run, KillAtCall(drawn.randint(1, most), hook), self.work):
            self._finish()
        self._check_redone()

    def _check_redone(self) -> None:
        self.kills_of_series += 1
        self._check_against(self.kills_of_series - 1)

    def finish(self) -> None:
        """Run to the end, if a run was killed since the last end."""
        if self.kills_of_series:
            assert self._run().code == 0
            self._finish()

    def _finish(self) -> None:
        """Compare what stands with the results of an untroubled run."""
        found = final_files(self.work)
        wrong = [name for name in found.keys() | self.expected.keys() if found.get(name) != self.expected.get(name)]
        assert not wrong, f"after {self.kills_of_series} kills {wrong} differ from an untroubled run"
        assert not leftovers(self.work), leftovers(self.work)
        self._check_against(self.kills_of_series)
        self.num_finished += 1
        self._begin_anew()

    def _check_against(self, kills: int) -> None:
        again = len(self._described()) - self.num_photos
        if kills:
            self.most_again = max(self.most_again, -(-again // kills))
        assert again <= kills * MOST_AGAIN, f"{again} photos were described again after {kills} kills"


@contextmanager
def told_of_prepared(extractor: type[Extractor], log: Path) -> Iterator[None]:
    """Write a line to ``log`` for every photo that is described; it is there also when the process is killed."""
    real: Any = extractor.prepare

    def told(self: Any, photo: Any) -> Any:
        with open(log, "ab", buffering=0) as file:
            file.write(b"1\n")
        return real(self, photo)

    with patch.object(extractor, "prepare", told):
        yield
