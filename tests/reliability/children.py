"""Forked children that run a stage: limited, killed, measured, or two at once."""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stages.command_line import exit_codes

if TYPE_CHECKING:
    import argparse

needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="needs fork and /proc, as Linux has them")
STEP_S = 0.002
CRASHED = 99
_CAPABILITY_VERSION_3, _CAP_DAC_OVERRIDE = 0x20080522, 1 << 1


@dataclass
class Child:
    """A child that was started.

    Attributes
    ----------
    pid : int
        Of the process.
    said : Path
        What it wrote to standard error.
    """

    pid: int
    said: Path

    def wait(self, timeout_s: float = 300) -> int:
        """Wait for its end; give its exit code, negative for a signal. A child that hangs is killed."""
        limit = time.monotonic() + timeout_s
        while time.monotonic() < limit:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(STEP_S)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        raise AssertionError(f"the child did not end in {timeout_s:g} s; it said: {self.error}")

    @property
    def error(self) -> str:
        """What it wrote to standard error so far."""
        return self.said.read_text(encoding="utf-8")


def start(function: Callable[[], object]) -> Child:
    """Run ``function`` in a forked process, as a script runs its ``main``: errors become exit codes and a line."""
    handle, name = tempfile.mkstemp(suffix=".err")
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.close(handle)
        return Child(pid, Path(name))
    os.dup2(handle, 2)
    code = CRASHED
    try:
        sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
        code = exit_codes(lambda _: _done(function))(_Quiet())
    except BaseException as error:
        os.write(2, repr(error).encode())
    os._exit(code)


class _Quiet:
    quiet = True


def _done(function: Callable[[], object]) -> int:
    function()
    return 0


@contextmanager
def started(*functions: Callable[[], object]) -> Iterator[list[Child]]:
    """Start children; those that still run at the end of the block are killed."""
    children = [start(function) for function in functions]
    try:
        yield children
    finally:
        for child in children:
            with suppress(ChildProcessError, ProcessLookupError):
                os.kill(child.pid, 9)
                os.waitpid(child.pid, 0)
            child.said.unlink(missing_ok=True)


def run(function: Callable[[], object]) -> None:
    """Run ``function`` in a child; AssertionError when it fails."""
    with started(function) as (child,):
        code = child.wait()
        assert code == 0, f"exit code {code}: {child.error}"


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
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is that of now again
        before = _memory("VmRSS")
        function()
        print(f"grew {_memory('VmHWM') - before}", file=sys.stderr)

    with started(measured) as (child,):
        code = child.wait(timeout_s=36_000)
        assert code == 0, f"exit code {code}: {child.error}"
        return int(child.error.rpartition("grew ")[2])


def _memory(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{field}:"))
