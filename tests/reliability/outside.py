"""A work folder beside a folder that nothing may read or write, and what watches that nothing does."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.watched_calls import states

SECRET = b"\xff\xd8\xffsecret"
_opened: list[str] = []
_is_hooked = False


def note_opens() -> None:
    global _is_hooked
    if not _is_hooked:
        sys.addaudithook(lambda event, args: _opened.append(os.fsdecode(args[0])) if _is_path(event, args) else None)
        _is_hooked = True


def _is_path(event: str, args: tuple[Any, ...]) -> bool:
    return event == "open" and isinstance(args[0], (str, bytes))


@dataclass(frozen=True)
class Place:
    """A work folder, and beside it a folder that nothing may touch."""

    root: Path

    @property
    def work(self) -> Path:
        return self.root / "deep" / "work"

    @property
    def heap(self) -> Path:
        return self.work / "heap"

    @property
    def outside(self) -> Path:
        return self.root / "outside"


@contextmanager
def untouched(place: Place) -> Iterator[None]:
    """Fail when something outside the work folder was opened, changed or made."""
    note_opens()
    _opened.clear()
    before = states(place.root)
    yield
    allowed = f"{place.work.resolve()}{os.sep}"
    root = f"{place.root.resolve()}{os.sep}"
    opened = [os.path.realpath(path) for path in _opened]
    strangers = [path for path in opened if path.startswith(root) and not f"{path}{os.sep}".startswith(allowed)]
    strangers += [path for path in opened if path.startswith(("/etc/passwd", "/dev/zero", "/proc/self/environ"))]
    assert not strangers, f"opened {strangers[:3]}"
    after = states(place.root)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert not {path for path in changed if not path.startswith(str(place.work))}, changed
