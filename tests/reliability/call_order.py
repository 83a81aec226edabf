"""Whether files got their names in the order that survives a crash: write, fsync, rename, fsync of the folder.

See Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014, for what goes wrong otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from tests.reliability.io_calls import Call

NAMINGS = ("rename", "link")


def _named(calls: Sequence[Call], path: str) -> list[tuple[int, str]]:
    """Give the places of all calls that named a file, or a folder that it lies in, with its name before."""
    found: list[tuple[int, str]] = []
    for place in range(len(calls) - 1, -1, -1):
        call = calls[place]
        if call.kind in NAMINGS and (path == call.target or path.startswith(call.target + os.sep)):
            path = call.path + path.removeprefix(call.target)
            found.insert(0, (place, path))
        elif call.kind == "create" and call.path == path:
            break
    return found


def breaches(calls: Sequence[Call], path: str) -> Iterator[str]:
    """Yield what is wrong with the order in which the file ``path`` was made, or replaced."""
    namings = _named(calls, path)
    if not namings:
        yield f"{path} is written under its own name"
        return
    names = {path, *(former for _, former in namings)}
    own = [place for place, _ in namings if calls[place].target in names]
    if not own:
        yield f"{path} is written under its own name in a folder that is renamed"
        return
    written = _places(calls[: own[-1]], ("create", "write"), names)
    if written and not any(place > written[-1] for place in _places(calls[: own[-1]], ("fsync",), names)):
        yield f"{path} is not forced to the disk between its last write and its last rename"
    for place in {own[-1], namings[-1][0]}:
        folder = os.path.dirname(calls[place].target)
        if not _places(calls[place + 1 :], ("fsync",), {folder}):
            yield f"{folder} is not forced to the disk after {calls[place].target} got its name"


def unforced_folders(calls: Sequence[Call], root: str) -> Iterator[str]:
    """Yield what is wrong with the new folders below ``root`` that stand at the end."""
    for place, call in enumerate(calls):
        is_new = call.kind == "mkdir" and call.path.startswith(root + os.sep) and os.path.isdir(call.path)
        if is_new and not _places(calls[place + 1 :], ("fsync",), {os.path.dirname(call.path)}):
            yield f"the entry of the new folder {call.path} is not forced to the disk"


def _places(calls: Sequence[Call], kinds: tuple[str, ...], paths: set[str]) -> list[int]:
    return [place for place, call in enumerate(calls) if call.kind in kinds and call.path in paths]
