"""How much memory processes take at most (Linux).

The peak is ``VmHWM`` of ``/proc``; not ``ru_maxrss``, which begins with what the process had that started this one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROCESSES = Path("/proc")


@dataclass
class Peak:
    """The most that one process had at once, in bytes."""

    num_bytes: int = 0


@contextmanager
def peak_of_children(every_s: float = 0.05) -> Iterator[Peak]:
    """Watch the processes that this one has started, and their peaks, while the block runs."""
    peak, stop = Peak(), threading.Event()

    def watch() -> None:
        while not stop.wait(every_s):
            peak.num_bytes = max([peak.num_bytes, *map(peak_of, running_children())])

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def peak_of(process: str = "self") -> int:
    """Give the bytes that a process had at most; 0 where the system does not tell, or it has ended."""
    return _told(process, "VmHWM")


def grown_by(function: Callable[[], object]) -> int:
    """Run a function in this process; give by how many bytes its memory grew at the most."""
    (PROCESSES / "self" / "clear_refs").write_text("5", encoding="ascii")  # the peak is that of now again
    before = _told("self", "VmRSS")
    function()
    return peak_of() - before


def running_children() -> list[str]:
    """Give the children that run a program: between fork and exec one still is like this process."""
    own, found = _text(PROCESSES / "self" / "cmdline"), []
    for task in (PROCESSES / "self" / "task").glob("*/children"):
        found += [child for child in _text(task).split() if _text(PROCESSES / child / "cmdline") != own]
    return found


def _told(process: str, field: str) -> int:
    for line in _text(PROCESSES / process / "status").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # a process that has ended meanwhile
        return ""
