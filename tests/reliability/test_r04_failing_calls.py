"""R4: each call to the disk fails in its turn; earlier results stay, one line says why, the next run gets it done."""

from __future__ import annotations

import errno
import random
from pathlib import Path

import pytest

from tests.reliability.all_writers import STAGES, WRITERS
from tests.reliability.campaign import Campaign
from tests.reliability.faults import Broken, Fault, run_plain, run_with
from tests.reliability.io_calls import Call, needs_proc
from tests.reliability.trials import Trial, check_messages
from tests.reliability.writers import is_leftover, leftovers

ERRORS = {"ENOSPC": errno.ENOSPC, "EIO": errno.EIO, "EACCES": errno.EACCES}
FAST = ("copy_images", "resize_images", "extract_features", "create_clusters", "export_clusters")
TIDYING = frozenset(("unlink", "rmdir", "scandir", "listdir"))  # what fails at these cannot tidy up
CALLS_OF_A_TOOL = 40  # and of the pipeline, which is the stages again; of the stages every call fails in its turn


def break_off(trial: Trial, fault: Fault) -> Broken:
    """Run with a fault, look at what it left, and run again."""
    trial.restore()
    broken = run_with(fault, trial.writer, trial.work)
    check_messages(broken.outcome)
    if broken.outcome.code == 0:
        trial.check_done(broken)
    elif broken.outcome.code == 1:
        trial.check_kept(broken)
    is_tidy = any(_is_tidying(call) for call in broken.failed) or not leftovers(trial.work)
    assert is_tidy, f"{broken} leaves {leftovers(trial.work)}"
    trial.check_second_run(broken, knows_former=broken.outcome.code == 3)
    return broken


def _is_tidying(call: Call) -> bool:
    return call.kind in TIDYING or (call.kind == "open" and is_leftover(call.path))


def faults_of(trial: Trial, campaign: Campaign) -> list[tuple[str, int]]:
    """Give error and call of every attempt: all calls in a full run, else a few without room."""
    counting = Fault(0, 0)
    trial.restore()
    run_with(counting, trial.writer, trial.work)
    if not campaign.is_full:
        drawn = random.Random(trial.writer.name).sample(range(1, counting.count + 1), 6)
        return [("ENOSPC", at_call) for at_call in sorted(drawn)]
    is_stage = trial.writer in STAGES and trial.writer.is_light
    most = counting.count if is_stage else min(counting.count, CALLS_OF_A_TOOL)
    chosen = [1 + place * counting.count // most for place in range(most)]
    campaign.note(f"{len(chosen)} of {counting.count} calls, 3 errors each")
    return [(name, at_call) for name in ERRORS for at_call in chosen]


@needs_proc
@pytest.mark.parametrize("name", WRITERS)
def test_failing_calls(name: str, campaign: Campaign, tmp_path: Path) -> None:
    if not campaign.is_full and name not in FAST:
        pytest.skip("in full campaigns")
    trial = Trial(WRITERS[name], tmp_path, run_plain)
    faults = faults_of(trial, campaign)
    codes: dict[int, int] = {}
    for attempt in campaign.attempts(fast=len(faults), full=len(faults)):
        error, at_call = faults[attempt.number]
        with attempt:
            broken = break_off(trial, Fault(at_call, ERRORS[error]))
            codes[broken.outcome.code] = codes.get(broken.outcome.code, 0) + 1
    campaign.note(", ".join(f"exit {code}: {count}" for code, count in sorted(codes.items())))
