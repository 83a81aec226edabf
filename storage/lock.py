"""One lock per work folder, so that two runs never write the same files.

The lock is the operating system's (through ``filelock``): it ends with its process, however that ends, so no lock is
ever left behind to be removed by hand. The pid in the file only serves the message.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from storage.atomic import make_folder
from storage.errors import StageError

LOCK_NAME = ".lock"
PID_SUFFIX = ".pid"
LOCK_FILES = (LOCK_NAME, f"{LOCK_NAME}{PID_SUFFIX}")  # what a lock puts into its folder
PID_WAIT_S, STEP_S = 0.2, 0.02


@contextmanager
def work_lock(folder: Path, name: str = LOCK_NAME) -> Iterator[None]:
    """Hold the lock of ``folder``, which is made when it is missing; locks of different names do not meet.

    Raises
    ------
    StageError
        At once, when another process holds the lock; its pid is named.
    """
    pid_file = folder / f"{name}{PID_SUFFIX}"
    try:
        make_folder(folder)
        lock = FileLock(folder / name)
        lock.acquire(timeout=0)
    except Timeout:
        raise StageError(
            f"{folder} is in use by another run ({_holder(pid_file)}); wait for it to end, or choose another folder"
        ) from None
    except OSError as error:
        raise StageError(f"cannot work in {folder}: {error.strerror or error}") from error
    try:
        pid_file.write_text(str(os.getpid()), encoding="ascii")
        yield
    finally:
        try:
            # A pid that stays does no harm; on Windows it does while another run reads it, to name this one.
            with suppress(OSError):
                pid_file.unlink(missing_ok=True)
        finally:
            lock.release()


def _holder(pid_file: Path) -> str:
    """Name the holder. It writes its pid a moment after it has the lock; until then an earlier, killed one's stands."""
    first = found = _read_pid(pid_file)
    waited_s = 0.0
    while found == first and waited_s < PID_WAIT_S:
        time.sleep(STEP_S)
        waited_s += STEP_S
        found = _read_pid(pid_file) or found
    return "pid unknown" if found is None else f"pid {found}"


def _read_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # not there yet, or being written
        return None
