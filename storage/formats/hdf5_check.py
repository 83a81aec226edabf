"""Whether an HDF5 file may be opened here: another process looks through it first.

The HDF5 library trusts what a file says of itself: of files with altered bytes some crash the process that opens them,
some keep it busy for ever. A process of its own (:mod:`storage.formats.hdf5_walk`) takes that, and costs the file.
It is started with the first file that bears no seal (:mod:`storage.formats.hdf5_seal`), and ends with the program.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from storage.errors import StageError
from storage.formats import hdf5_walk

START_S, FILE_S = 300.0, 10.0


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
    """

    format: str | int | None
    format_version: str | int | None
    problem: str | None


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
    """
    with _lock:
        watcher = _watcher()
        answer = watcher.ask(json.dumps(os.path.abspath(path)), FILE_S)  # noqa: PTH100 - a link is not followed
        if answer is not None:
            return Looked(**json.loads(answer))
        was_slow = watcher.was_slow
        watcher.end()
    reason = (
        f"the HDF5 library is not done with it after {FILE_S:.0f} s" if was_slow else "the HDF5 library crashes on it"
    )
    return Looked(None, None, reason)


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
