"""Watching and breaking off the calls that change files, through the interpreter's audit events."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KILLED = 87
_CHANGES = {
    "os.rename",
    "os.remove",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.utime",
    "os.truncate",
}
_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_watchers: list[Callable[[str, tuple[Any, ...]], None]] = []
_is_hooked = False


@contextmanager
def _watched(watcher: Callable[[str, tuple[Any, ...]], None]) -> Iterator[None]:
    global _is_hooked
    if not _is_hooked:  # a hook can never be taken away, so there is one for all
        sys.addaudithook(lambda event, args: [watch(event, args) for watch in _watchers] and None)
        _is_hooked = True
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def _is_change(event: str, args: tuple[Any, ...]) -> bool:
    if event == "open":
        return isinstance(args[2], int) and bool(args[2] & _WRITE_FLAGS)
    return event in _CHANGES


@contextmanager
def changes_under(folder: Path) -> Iterator[list[str]]:
    """Collect every call in the block that opens something under ``folder`` for writing or changes its entries."""
    found: list[str] = []
    root = os.path.realpath(folder)

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if _is_change(event, args):
            # A hard link names its source first, which is left as it is.
            paths = args[1:2] if event in ("os.link", "os.symlink") else args[:2]
            named = [_entry(os.fsdecode(path)) for path in paths if isinstance(path, (str, bytes, os.PathLike))]
            found.extend(f"{event} {path}" for path in named if path.startswith(root + os.sep))

    with _watched(watch):
        yield found


def _entry(path: str) -> str:
    """Resolve the folders of a path, but not a link at its end: that is the entry itself."""
    folder, name = os.path.split(path)
    return f"{os.path.realpath(folder)}{os.sep}{name}"


def run_killed(function: Callable[[], object], at_change: int) -> bool:
    """Run ``function`` in a forked process that ends without any clean-up before change number ``at_change``.

    Give True when it was killed, False when it got to its end before; an error of its own is an AssertionError.
    """
    child = os.fork()
    if child == 0:
        count = 0

        def watch(event: str, args: tuple[Any, ...]) -> None:
            nonlocal count
            if _is_change(event, args):
                count += 1
                if count == at_change:
                    os._exit(KILLED)

        try:
            with _watched(watch):
                function()
        except BaseException as error:
            os.write(2, f"{error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, KILLED), f"the run failed with exit code {code}"
    return code == KILLED


def contents(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of every file under ``folder`` by its relative path, without reports, locks and leftovers."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not any(part.startswith(".") or part == "reports" for part in name.split("/")):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def states(folder: Path) -> dict[str, tuple[int, ...]]:
    """Give inode, mode, size and time of change of everything under ``folder``."""
    found: dict[str, tuple[int, ...]] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found[path.as_posix()] = (status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns)
    return found


def file_states(folder: Path) -> dict[str, tuple[int, ...]]:
    """Give the same of files alone: the folder that a lock stands in for a while changes each time."""
    return {path: state for path, state in states(folder).items() if os.path.isfile(path)}


@contextmanager
def at_opening(path: Path, number: int, action: Callable[[], object]) -> Iterator[list[int]]:
    """Do ``action`` just before ``path`` is opened for the ``number``-th time in the block; count the openings."""
    count = [0]
    wanted = os.path.realpath(path)

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(args[0], (str, bytes)) and os.path.realpath(os.fsdecode(args[0])) == wanted:
            count[0] += 1
            if count[0] == number:
                action()

    with _watched(watch):
        yield count
