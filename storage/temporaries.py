"""Names of temporary files, and what becomes of those whose process was killed."""

from __future__ import annotations

import os
import re
import secrets
import zlib
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from storage.folders import paths_in
from storage.machine import where_process_numbers_hold

TEMPORARY_SUFFIX = ".tmp"
_MADE_BY = re.compile(r"\..*\.([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.tmp", re.DOTALL)
_TOKEN = "[0-9a-f]" * 8
_OWN_NAMES = (f".*.{_TOKEN}.tmp", f".*.{_TOKEN}-*-{_TOKEN}.tmp", ".*.npy.tmp")
_tidied: set[Path] = set()  # folders that this process has looked through


def temporary_beside(target: Path) -> Path:
    """Give a path in the folder of ``target`` that does not exist; its name tells which process made it."""
    token = f"{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"
    return target.with_name(f".{target.name[:40]}.{token}{TEMPORARY_SUFFIX}")


def is_temporary(name: str) -> bool:
    """Tell names of temporary files of this program, of all releases, from hidden files of others."""
    return any(fnmatchcase(name, own) for own in _OWN_NAMES)


def remove_abandoned(folder: Path) -> None:
    """Remove the temporary files directly in ``folder`` whose process has ended; looks only once for each folder.

    Needs no lock: files of processes that run stay, and those of other machines that share the folder. Windows cannot
    tell whether a process runs without the right to end it: there they stay for whoever holds the folder's lock.

    Raises
    ------
    StageError
        When the folder cannot be read.
    """
    if folder in _tidied or os.name == "nt":
        return
    _tidied.add(folder)
    for path in paths_in(folder, f".*{TEMPORARY_SUFFIX}"):
        made_by = _MADE_BY.fullmatch(path.name)
        if made_by and made_by[1] == _machine() and not _is_running(int(made_by[2])):
            path.unlink(missing_ok=True)


@cache
def _machine() -> str:
    return f"{zlib.crc32(where_process_numbers_hold().encode()):08x}"


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True
