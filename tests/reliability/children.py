"""Forked children that run a stage: :func:`started` watches them, signals and measures them; :func:`in_child` has what
they give, and may kill them.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import select
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
from tqdm import tqdm

from tests.reliability.memory import grown_by

needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="needs fork and /proc, as Linux has them")
STEP_S = 0.002
CRASHED = 99
_CAPABILITY_VERSION_3, _CAP_DAC_OVERRIDE = 0x20080522, 1 << 1


@dataclass(frozen=True)
class Moment:
    """A time on the clock, and how long a process had waited for a core until then, both in seconds."""

    clock: float
    waited: float

    @classmethod
    def of(cls, pid: int) -> Moment:
        """Give the present moment of a process, which may have ended but was not waited for."""
        waited_ns = int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[1])
        return cls(time.monotonic(), waited_ns / 1e9)

    def seconds_since(self, former: Moment) -> float:
        """Give the time that passed, without what the process waited for a core because others had it."""
        return self.clock - former.clock - (self.waited - former.waited)


@dataclass
class Child:
    """A child that was started.

    Attributes
    ----------
    pid : int
        Of the process.
    said : Path
        What it wrote to standard error.
    ended_at : Moment or None
        When its end was seen.
    code : int or None
        Its exit code, negative for a signal; None while it runs.
    cpu_seconds : float
        What it computed, once it has ended; unlike the time on the clock it hangs on nobody else.
    """

    pid: int
    said: Path
    cpu_seconds: float = 0.0
    ended_at: Moment | None = None
    code: int | None = None

    def has_ended(self) -> bool:
        """Say whether it has ended; then ``code`` is its exit code, negative for a signal."""
        if self.code is None and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            self.ended_at = Moment.of(self.pid)
            _, status, used = os.wait4(self.pid, 0)
            self.code, self.cpu_seconds = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime
        return self.code is not None

    def wait(self, timeout_s: float = 300) -> int:
        """Wait for its end; give its exit code. AssertionError when it takes too long."""
        first_to_end([self], timeout_s)
        assert self.code is not None
        return self.code

    def signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if not self.has_ended():
            os.kill(self.pid, number)

    @property
    def error(self) -> str:
        """What it wrote to standard error so far."""
        return self.said.read_text(encoding="utf-8")


def first_to_end(running: Sequence[Child], timeout_s: float = 300) -> Child:
    """Wait until one of several ends; give it. AssertionError when none does in time."""
    limit = time.monotonic() + timeout_s
    while time.monotonic() < limit:
        for child in running:
            if child.has_ended():
                return child
        time.sleep(STEP_S)
    raise AssertionError(f"no end in {timeout_s:g} s; said so far: {[child.error for child in running]}")


def start(function: Callable[[], int | None]) -> Child:
    """Run ``function`` in a forked process; what it returns is its exit code."""
    handle, name = tempfile.mkstemp(suffix=".err")
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.close(handle)
        return Child(pid, Path(name))
    code = CRASHED
    try:
        os.dup2(handle, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, encoding="utf-8") for number in (1, 2))
        code = function() or 0
        threading._shutdown()  # type: ignore[attr-defined]  # as at the end of a program: threads are waited for
    except BaseException as error:
        os.write(2, repr(error).encode())
    os._exit(code)


@contextmanager
def started(*functions: Callable[[], int | None]) -> Iterator[list[Child]]:
    """Start children; those that still run at the end of the block are killed."""
    children = [start(function) for function in functions]
    try:
        yield children
    finally:
        for child in children:
            child.signal(signal.SIGKILL)
            child.wait()
            child.said.unlink(missing_ok=True)


def run(function: Callable[[], int | None]) -> None:
    """Run ``function`` in a child; AssertionError when it fails."""
    with started(function) as (child,):
        code = child.wait()
        assert code == 0, f"exit code {code}: {child.error}"


def living_of_group(group: int) -> list[str]:
    """Give the command lines of all processes of a group; one that has ended and waits to be collected is none."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state, _, of_group = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:3]
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:  # it has gone meanwhile
            continue
        if int(of_group) == group and state != "Z":
            found.append(command)
    return found


def drop_rights() -> None:
    """Give up what lets the superuser write to read-only files; for the rest of the process."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()
    for call, name in ((libc.capget, "capget"), (libc.capset, "capset")):
        if call(header, sets) != 0:
            raise OSError(ctypes.get_errno(), name)
        sets[0] &= ~_CAP_DAC_OVERRIDE


def peak_bytes(function: Callable[[], object], max_files: int) -> int:
    """Run ``function`` in a child that may hold ``max_files`` open; give by how much its memory grew at the most."""

    def measured() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_NOFILE, (max_files, max_files))
        print(f"grew {grown_by(function)}", file=sys.stderr)

    with started(measured) as (child,):
        code = child.wait(timeout_s=36_000)
        assert code == 0, f"exit code {code}: {child.error}"
        return int(child.error.rpartition("grew ")[2])


class Killed:
    """What comes back of a process that was killed."""


def in_child(function: Callable[[], Any], kill_after_s: float | None = None) -> Any:
    """Run ``function`` in a forked process and give its result; :class:`Killed` when it was killed before its end.

    Parameters
    ----------
    function : callable
        Its result must be picklable.
    kill_after_s : float or None
        Kill it with signal 9 after so many seconds, unless it has come to its end.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _answer(function, writer)
    os.close(writer)
    with open(reader, "rb") as answer:
        if kill_after_s is not None and not select.select([answer], [], [], kill_after_s)[0]:
            os.kill(child, signal.SIGKILL)
        content = answer.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == -signal.SIGKILL:
        return Killed()
    kind, value = pickle.loads(content) if content else ("error", f"it ended with exit code {code}")
    if kind == "error":
        raise AssertionError(f"in the forked process: {value}")
    return value


def _answer(function: Callable[[], Any], writer: int) -> NoReturn:
    tqdm.set_lock(threading.RLock())  # its own one is shared with forked processes: who is killed may hold it
    try:
        answer = pickle.dumps(("result", function()))
    except BaseException:
        answer = pickle.dumps(("error", traceback.format_exc()))
    with open(writer, "wb") as pipe:
        pipe.write(answer)
    os._exit(0)


def kill_this_process() -> None:
    """End this process at once, as power that fails."""
    os.kill(os.getpid(), signal.SIGKILL)
