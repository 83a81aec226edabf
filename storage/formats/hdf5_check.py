"""Whether an HDF5 file may be opened here: another process looks through it first.

The HDF5 library trusts what a file says of itself: of files with altered bytes some crash the process that opens them,
some keep it busy for ever. A process of its own (:mod:`storage.formats.hdf5_walk`) takes that, and costs the file.
It is started with the first file that bears no seal (:mod:`storage.formats.hdf5_seal`), and ends with the program.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from storage.errors import StageError, UnreadableFileError
from storage.formats import hdf5_walk

START_S, END_S = 300.0, 10.0
# Processor time that a file may take, of a hundred bytes or of many: a photo of hloc's layout takes 1.4 ms and 3 kB.
FILE_S, BYTES_PER_S = 10.0, 500_000
# Time that may pass meanwhile. It proves nothing of the file: a machine may be busy, or asleep.
TIMES_AS_LONG = 12.0


_TIME_IS_UP = getattr(signal, "SIGXCPU", 0)  # Windows has neither of these signals nor bounds on processor time
_FROM_OUTSIDE = tuple(-getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@dataclass(frozen=True)
class Looked:
    """What was found in a file.

    Attributes
    ----------
    format : str or int or None
        What the file says its format is.
    format_version : str or int or None
        The version of that.
    problem : str or None
        Why it cannot be opened; None where it can.
    errno : int or None
        Where the system has refused to read it: its number for the reason.
    """

    format: str | int | None
    format_version: str | int | None
    problem: str | None
    errno: int | None = None


def look_at(path: Path) -> Looked:
    """Let the other process look through a file.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    StageError
        When that process cannot be started.
    UnreadableFileError
        When it was ended from outside, or got no time.
    """
    seconds = FILE_S + path.stat().st_size / BYTES_PER_S
    with _lock:
        watcher = _watcher()
        asked = json.dumps([os.path.abspath(path), seconds])  # noqa: PTH100 - a link is not followed
        answer = watcher.ask(asked, seconds * TIMES_AS_LONG)
        if answer is not None:
            return Looked(**json.loads(answer))
        code, was_slow = watcher.exit_code(), watcher.was_slow
        watcher.end()
    if was_slow:
        raise UnreadableFileError(
            f"cannot read {path}: the HDF5 library is not done with it after {seconds * TIMES_AS_LONG:.0f} s; try "
            "again when the machine has less to do, or move the file away"
        )
    if code in _FROM_OUTSIDE:
        raise UnreadableFileError(
            f"cannot read {path}: the process that looks through it was ended from outside, as systems do when "
            "memory runs out; close other programs and try again"
        )
    if code == -_TIME_IS_UP:
        return Looked(None, None, f"the HDF5 library is not done with it after {seconds:.0f} s")
    return Looked(None, None, "the HDF5 library crashes on it")


class _Watcher:
    """The other process."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self.was_slow = False
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # each has memory of its own
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", hdf5_walk.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                env=environment,
            )
        except OSError as error:
            raise StageError(
                f"cannot start {sys.executable} to look at HDF5 files: {error.strerror or error}"
            ) from error
        if self._answer(START_S) != hdf5_walk.READY:
            self.end()
            raise StageError(f"{sys.executable} {hdf5_walk.__file__} does not start: it looks at HDF5 files")

    @property
    def is_usable(self) -> bool:
        """False in a forked process, which shares pipes with the one that it came from, and after an end."""
        return self.owner == os.getpid() and self._process.poll() is None

    def ask(self, line: str, seconds: float) -> str | None:
        """Give the answer to a line; None where none came."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
        except OSError:  # it ended meanwhile
            return None
        return self._answer(seconds)

    def _answer(self, seconds: float) -> str | None:
        assert self._process.stdout is not None
        timer = threading.Timer(seconds, self._give_up)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        return line.strip() if line.endswith("\n") else None

    def _give_up(self) -> None:
        self.was_slow = True
        self._process.kill()

    def exit_code(self) -> int | None:
        """Give the code that the process ended with, once it gives no answers; None where it is there all the same."""
        try:
            return self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """End the process."""
        if self.owner == os.getpid():
            self._process.kill()
            self._process.communicate()


_lock = threading.Lock()
_current: _Watcher | None = None


def _watcher() -> _Watcher:
    global _current
    if _current is None or not _current.is_usable:
        _current = _Watcher()
        atexit.unregister(_end)
        atexit.register(_end)
    return _current


def _end() -> None:
    if _current is not None:
        _current.end()
