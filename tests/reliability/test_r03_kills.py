"""R3: kill -9 in every script that writes; what stands is the old result or the new one, and a second run ends it."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.reliability.all_writers import STAGES, WRITERS
from tests.reliability.campaign import Campaign
from tests.reliability.faults import run_plain
from tests.reliability.io_calls import CHANGES, Call, needs_proc
from tests.reliability.kills import KillAtCall, was_killed, was_killed_by_clock
from tests.reliability.trials import Trial

FULL = {"copy_images": 100, "resize_images": 100, "create_clusters": 50, "export_clusters": 100}
FULL_OF_OTHER_STAGES, FULL_OF_TOOLS = 20, 5
FAST = 5


class Kills:
    """Kills of one script, half of them by the clock and half at a call that changes files."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.num_changes = 0
        trial.restore()
        run_plain(trial.writer, trial.work, self._count)
        trial.restore()
        started = time.monotonic()
        run_plain(trial.writer, trial.work)
        self.seconds = time.monotonic() - started

    def _count(self, call: Call, is_made: bool) -> None:
        self.num_changes += is_made and call.kind in CHANGES

    def kill(self, drawn: random.Random, is_by_clock: bool) -> bool:
        """Kill a run; False when it came to its end before."""
        trial = self.trial
        trial.restore()
        if is_by_clock:
            return was_killed_by_clock(lambda: run_plain(trial.writer, trial.work), drawn, self.seconds)
        at_call = drawn.randint(1, self.num_changes)
        return was_killed(lambda: trial.writer.run(trial.work), KillAtCall(at_call), trial.work)


def full_count(name: str) -> int:
    """Give the number of kills in a full campaign."""
    others = FULL_OF_OTHER_STAGES if name in {writer.name for writer in STAGES} else FULL_OF_TOOLS
    return FULL.get(name, others)


@needs_proc
@pytest.mark.parametrize("name", WRITERS)
def test_kills(name: str, campaign: Campaign, tmp_path: Path) -> None:
    if not campaign.is_full and name not in FULL:
        pytest.skip("in full campaigns")
    kills = Kills(Trial(WRITERS[name], tmp_path, run_plain))
    num_early = 0
    for attempt in campaign.attempts(fast=FAST, full=full_count(name)):
        with attempt:
            is_by_clock = attempt.number % 2 == 1
            while not kills.kill(attempt.random, is_by_clock):
                num_early += 1
            what = f"kill {attempt.number} ({'clock' if is_by_clock else 'call'})"
            kills.trial.check_kept(what)
            kills.trial.check_second_run(what)
    campaign.note(f"{num_early} runs that ended before their kill were run again")
