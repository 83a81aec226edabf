"""R20: of two runs in one folder exactly one works; a killed run leaves no lock that a person must remove."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.reliability import children
from tests.reliability.campaign import Campaign
from tests.reliability.every_script import BY_NAME, SCRIPTS, Script, draw_inputs, run_stages

MAX_SECONDS = 1
MOST_ATTEMPTS = 100
PID_BYTES = 8
IN_USE = re.compile(r"is in use by another run \(pid (\d+)\)")
QUICK = (
    "copy_images",
    "tools.compare_images",
    "tools.preprocess_images",
    "tools.make_attacks",
    "tools.split_templates",
)


def tried(campaign: Campaign, folder: Path) -> list[Script]:
    """Draw the collection; give the script of each attempt: all with a lock but those of PyTorch, then the quick."""
    draw_inputs(folder)
    quick = [BY_NAME[name] for name in QUICK] * (MOST_ATTEMPTS // len(QUICK))
    if not campaign.is_full:
        return quick
    run_stages(folder)
    return [*(script for script in SCRIPTS if script.has_lock and not script.needs), *quick]


@dataclass(frozen=True)
class Gate:
    """Where runs stop before they write a file, until they are let on.

    Attributes
    ----------
    reached, opened : tuple of int
        Pipes, reading end first: who stops writes its pid to the one and waits for a byte of the other.
    """

    reached: tuple[int, int]
    opened: tuple[int, int]

    def stops(self, script: Script, folder: Path, out: Path, at: int = 1) -> int:
        """Run a script that stops before it opens its ``at``-th temporary file; give its exit code."""
        count = 0

        def watch(event: str, args: tuple[object, ...]) -> None:
            nonlocal count
            if event == "open" and str(args[0]).endswith(".tmp"):
                count += 1
                if count == at:
                    os.write(self.reached[1], os.getpid().to_bytes(PID_BYTES, "big"))
                    os.read(self.opened[0], 1)

        sys.addaudithook(watch)
        return script.main(folder, out)

    def first_of(self, running: list[children.Child]) -> children.Child | None:
        """Wait until one of several children stops, and give it; None when all end without."""
        os.set_blocking(self.reached[0], False)
        while not all(child.has_ended() for child in running):
            try:
                pid = int.from_bytes(os.read(self.reached[0], PID_BYTES), "big")
                return next(child for child in running if child.pid == pid)
            except BlockingIOError:
                time.sleep(children.STEP_S)
        return None


@contextmanager
def gate() -> Iterator[Gate]:
    """Give a gate that is closed."""
    made = Gate(os.pipe(), os.pipe())
    try:
        yield made
    finally:
        for handle in (*made.reached, *made.opened):
            os.close(handle)


@children.needs_fork
def test_of_two_starts_at_once_one_works(campaign: Campaign, tmp_path: Path) -> None:
    folder = tmp_path / "drawn"
    scripts = tried(campaign, folder)
    slowest = 0.0
    for attempt in campaign.attempts(5, MOST_ATTEMPTS):
        script, out = scripts[attempt.number], tmp_path / str(attempt.number)
        script.prepare(folder, out)
        if attempt.number % 2:
            leave_lock(script, folder, out)
        with attempt, gate() as stop, children.started(*[partial(stop.stops, script, folder, out)] * 2) as both:
            winner = stop.first_of(both)
            assert winner is not None, f"{script.name}: neither works: {[child.error for child in both]}"
            loser = both[1 - both.index(winner)]
            assert stop.first_of([loser]) is None, f"{script.name}: both work"
            assert loser.code == 1 and loser.error.count("\n") == 1, f"{script.name}: {loser.code} {loser.error}"
            found = IN_USE.search(loser.error)
            assert loser.code == 1 and loser.error.count("\n") == 1, f"{script.name}: {loser.code} {loser.error}"
            assert found and int(found[1]) == winner.pid, f"{script.name}, pid {winner.pid}: {loser.error}"
            assert loser.cpu_seconds < MAX_SECONDS, f"{script.name}: {loser.cpu_seconds:.2f} s"
            slowest = max(slowest, loser.cpu_seconds)
            os.write(stop.opened[1], b".")
            assert winner.wait() == 0, f"{script.name}: {winner.error}"
    num_scripts = len(set(scripts[: campaign.done]))
    campaign.note(f"{num_scripts} scripts; the refused run ended after {slowest:.2f} s of computing at the most")


def leave_lock(script: Script, folder: Path, out: Path) -> None:
    """Kill a run that holds the lock, so that its pid is left."""
    with gate() as stop, children.started(partial(stop.stops, script, folder, out)) as (child,):
        assert stop.first_of([child]), f"{script.name}: {child.error}"
        child.signal(signal.SIGKILL)


@children.needs_fork
def test_a_killed_run_locks_nobody_out(campaign: Campaign, tmp_path: Path) -> None:
    folder = tmp_path / "drawn"
    scripts = tried(campaign, folder)
    num_killed = 0
    for attempt in campaign.attempts(5, MOST_ATTEMPTS):
        script, out = scripts[attempt.number], tmp_path / str(attempt.number)
        script.prepare(folder, out)
        at = attempt.random.randint(1, 3)
        with attempt, gate() as stop, children.started(partial(stop.stops, script, folder, out, at)) as (child,):
            if stop.first_of([child]):
                child.signal(signal.SIGKILL)
                assert child.wait() == -signal.SIGKILL
                num_killed += 1
            children.run(partial(script.main, folder, out))
    campaign.note(f"{num_killed} killed while they held the lock")
