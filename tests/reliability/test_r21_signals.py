"""R21: whoever is asked to end ends soon, says so by the exit code, and goes on when called again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from stages.command_line import INTERRUPTED, TERMINATED
from tests.conftest import ROOT
from tests.hloc.matching.folders import save_walls
from tests.reliability import children
from tests.reliability.campaign import Attempt, Campaign
from tests.reliability.every_script import BY_NAME, SCRIPTS, Script, draw_inputs, run_stages, same_in_every_run
from tests.watched_calls import contents

MAX_SECONDS = 2
MOST_ATTEMPTS = 60
MAX_CPU_SECONDS = 1.5
MAX_SECONDS_OF_TIDYING = 10
CODES = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: TERMINATED}
QUICK = ("copy_images", "tools.preprocess_images", "tools.compare_images", "tools.split_templates")
# What is asked to end while it writes, and while it computes.
MOMENTS = ("writing", "computing")


def send_at(attempt: Attempt, moment: str, send: Callable[[], None]) -> None:
    """Call ``send`` once, when this process opens one of its first temporary files, or after some computing."""
    left = attempt.random.randint(1, 5)

    def watch(event: str, args: tuple[object, ...]) -> None:
        nonlocal left
        if event == "open" and str(args[0]).endswith(".tmp"):
            left -= 1
            if left == 0:
                send()

    if moment == "writing":
        sys.addaudithook(watch)
    else:
        signal.signal(signal.SIGPROF, lambda *_: send())
        signal.setitimer(signal.ITIMER_PROF, attempt.random.uniform(0.01, MAX_CPU_SECONDS))


def signalled(script: Script, folder: Path, out: Path, attempt: Attempt, told: Path) -> int:
    """Run a script that is sent a signal; write down when it was."""
    number = (signal.SIGINT, signal.SIGTERM)[attempt.number % 2]

    def send() -> None:
        now = children.Moment.of(os.getpid())
        told.write_text(f"{now.clock} {now.waited} {number}", encoding="ascii")
        os.kill(os.getpid(), number)

    # As where scripts begin: the test's own process may have either set aside.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    send_at(attempt, MOMENTS[attempt.number // 2 % 2], send)
    return script.main(folder, out)


@children.needs_fork
def test_a_signal_ends_a_run_that_can_go_on(campaign: Campaign, tmp_path: Path) -> None:
    folder = draw_inputs(tmp_path / "drawn")
    scripts = [BY_NAME[name] for name in QUICK] * MOST_ATTEMPTS
    if campaign.is_full:
        run_stages(folder)
        scripts = [*(script for script in SCRIPTS if script.is_there), *scripts]
    undisturbed: dict[str, dict[str, str]] = {}
    slowest, num_ended = 0.0, 0
    for attempt in campaign.attempts(4, MOST_ATTEMPTS):
        script, out, told = scripts[attempt.number], tmp_path / "out", tmp_path / "told"
        with attempt:
            script.prepare(folder, out)
            with children.started(partial(signalled, script, folder, out, attempt, told)) as (child,):
                code = child.wait()
            if told.exists():  # it may have been done before
                clock, waited, number = told.read_text(encoding="ascii").split()
                assert code in (CODES[signal.Signals(int(number))], 0), f"{script.name}: {code} {child.error}"
                assert child.ended_at is not None
                seconds = child.ended_at.seconds_since(children.Moment(float(clock), float(waited)))
                slowest, num_ended = max(slowest, seconds), num_ended + (code != 0)
                assert seconds <= MAX_SECONDS, f"{script.name} took {seconds:.1f} s to end"
            children.run(partial(script.main, folder, out))
            goes_on = contents(out)
            if script.name not in undisturbed:
                shutil.rmtree(out)
                script.prepare(folder, out)
                children.run(partial(script.main, folder, out))
                undisturbed[script.name] = contents(out)
            expected = same_in_every_run(script, undisturbed[script.name])
            assert same_in_every_run(script, goes_on) == expected, script.name
        shutil.rmtree(out, ignore_errors=True)
        told.unlink(missing_ok=True)
    campaign.note(f"{num_ended} ended by it, {slowest:.2f} s after it at the most")


def num_children(pid: int) -> int:
    """Give how many processes a process has started that still run."""
    return len(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())


@children.needs_fork
def test_a_signal_ends_the_workers_too(campaign: Campaign, tmp_path: Path) -> None:
    if not campaign.is_full:
        pytest.skip("starts programs with workers, five seconds each; --full makes ten")
    save_walls(tmp_path / "photos")
    slowest = 0.0
    for attempt in campaign.attempts(0, 10):
        work_dir, number = tmp_path / "work", (signal.SIGINT, signal.SIGTERM)[attempt.number % 2]
        call = [sys.executable, "run_pipeline.py", "--image_dir", str(tmp_path / "photos"), "--work_dir", str(work_dir)]
        call += ["--model", "vlad", "--num_workers", "2", "--quiet"]
        process = subprocess.Popen(call, cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True, text=True)
        with attempt, process:
            while process.poll() is None and num_children(process.pid) < 2:
                time.sleep(children.STEP_S)
            time.sleep(attempt.random.uniform(0, 3))
            sent = children.Moment.of(process.pid)
            # Ctrl-C reaches all processes of the terminal, what a system sends to end a program only the first.
            (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
            ended = children.Child(process.pid, tmp_path / "none")
            assert ended.wait(60) == CODES[number], process.stderr.read() if process.stderr else ""
            assert ended.ended_at is not None
            slowest = max(slowest, ended.ended_at.seconds_since(sent))
            # What multiprocessing starts to tidy up after a program ends by itself, once that has.
            limit = time.monotonic() + MAX_SECONDS_OF_TIDYING
            while (left := children.living_of_group(process.pid)) and time.monotonic() < limit:
                time.sleep(children.STEP_S)
            assert not left, f"{left} still run"
            said = process.stderr.read() if process.stderr else ""
            assert said.count("\n") == 1, said
        shutil.rmtree(work_dir, ignore_errors=True)
    campaign.note(f"{slowest:.2f} s after it at the most; no worker is left")
    assert slowest <= MAX_SECONDS
