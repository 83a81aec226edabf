"""R5: a disk that is really full: earlier results stay, one line says why, with room again a run gets it done."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.reliability.all_writers import STAGES, WRITERS
from tests.reliability.campaign import Campaign
from tests.reliability.children import in_child
from tests.reliability.io_calls import needs_proc
from tests.reliability.trials import Trial, check_messages
from tests.reliability.writers import Outcome, leftovers

FAST = ("extract_features",)
FULL_OF_TOOLS = 3
DISK_BYTES = 64 << 20
BLOCK = 4096


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB in memory; skipped where it cannot be had."""
    folder = tmp_path / "disk"
    folder.mkdir()
    call = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(folder)]
    if sys.platform != "linux" or subprocess.run(call, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def free_bytes(disk: Path) -> int:
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize


def fill(disk: Path, free: int) -> Path:
    """Leave so many bytes of the disk free; give the file that takes the others."""
    reserve = disk / "reserve"
    with open(reserve, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free_bytes(disk) - free))
    return reserve


def check_left(trial: Trial, outcome: Outcome, what: str) -> None:
    """Check what a run without room left; then give it room."""
    check_messages(outcome)
    if outcome.code == 0:
        trial.check_done(what)
    else:
        trial.check_kept(what)
    assert not leftovers(trial.work), f"{what} leaves {leftovers(trial.work)}"


def room_taken(trial: Trial, disk: Path) -> int:
    """Give the bytes that the second run takes at its end."""
    trial.restore()
    before = free_bytes(disk)
    trial.run(trial.writer, trial.work)
    return max(BLOCK, before - free_bytes(disk))


def passes(name: str) -> int:
    return 10 if name in {writer.name for writer in STAGES} else FULL_OF_TOOLS


def with_limit(function: Callable[[], Outcome], most_bytes: int) -> Outcome:
    """Run in a process that may write no file longer than so many bytes."""
    import resource

    def limited() -> Outcome:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))  # Python ignores SIGXFSZ: the call fails
        return function()

    answer = in_child(limited)
    assert isinstance(answer, Outcome), "it was killed"
    return answer


@needs_proc
@pytest.mark.parametrize("name", WRITERS)
def test_full_disk(name: str, campaign: Campaign, tmp_path: Path, disk: Path) -> None:
    if not campaign.is_full and name not in FAST:
        pytest.skip("in full campaigns")
    trial = Trial(WRITERS[name], tmp_path, disk=disk)
    taken, num_full = room_taken(trial, disk), 0
    for attempt in campaign.attempts(fast=1, full=passes(name)):
        with attempt:
            trial.restore()
            free = attempt.random.randrange(0, taken + 4 * BLOCK, BLOCK)
            reserve = fill(disk, free)
            try:
                outcome = in_child(lambda: trial.writer.run(trial.work))
            finally:
                reserve.unlink()
            num_full += outcome.code == 1
            what = f"a run with {free} bytes free ({outcome})"
            check_left(trial, outcome, what)
            trial.check_second_run(what)
    campaign.note(f"the disk was full in {num_full}")


@needs_proc
@pytest.mark.parametrize("name", WRITERS)
def test_limited_file_size(name: str, campaign: Campaign, tmp_path: Path) -> None:
    if not campaign.is_full and name not in FAST:
        pytest.skip("in full campaigns")
    pytest.importorskip("resource")
    trial = Trial(WRITERS[name], tmp_path)
    largest = max(
        (trial.work / made).stat().st_size for made in trial.made if trial.former.get(made) != trial.made[made]
    )
    num_full = 0
    for attempt in campaign.attempts(fast=2, full=passes(name)):
        with attempt:
            trial.restore()
            limit = _drawn_limit(attempt.random, largest)
            outcome = with_limit(lambda: trial.writer.run(trial.work), limit)
            num_full += outcome.code == 1
            what = f"a run that may write {limit} bytes a file ({outcome})"
            check_left(trial, outcome, what)
            trial.check_second_run(what)
    campaign.note(f"the limit was met in {num_full}")


def _drawn_limit(drawn: random.Random, largest: int) -> int:
    """Draw a limit, small ones as often as large ones."""
    return int(largest ** drawn.uniform(0.3, 1))
