"""The one writer of the project: a file exists whole or not at all.

Temporary file in the target's folder, fsync, rename, fsync of the folder. The order follows restic's local backend
(``internal/backend/local``); SQLite's and ALICE's crash studies say why each step is there.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from storage.errors import StageError
from storage.folders import paths_in
from storage.temporaries import TEMPORARY_SUFFIX, is_temporary, remove_abandoned, temporary_beside

IS_WINDOWS = os.name == "nt"
WINDOWS_LENGTH = 259  # of a path, where nobody has enabled longer ones
NO_FOLDERS = (errno.EINVAL, errno.ENOTSUP)  # what file systems answer that cannot sync a folder


@contextmanager
def atomic_path(target: Path, keeps_former: bool = False) -> Iterator[Path]:
    """Give a temporary path beside ``target`` that takes its place when the block ends without an error.

    Parameters
    ----------
    target : Path
        The file to make or replace. Its folder is made when it is missing.
    keeps_former : bool
        Leave a file that stands already, also one that stands since the block began: of several writers the first one
        wins. Needs no lock, so it also serves machines that share nothing but a folder.

    Yields
    ------
    Path
        A path that does not exist yet, in the folder of ``target``, ending in ``.tmp``. What killed processes left in
        that folder is removed.

    Raises
    ------
    StageError
        When the file cannot be written (no room, no permission); the former file is untouched.
    """
    temporary = temporary_beside(target)
    try:
        make_folder(target.parent)
        remove_abandoned(target.parent)
        yield temporary
        fsync_file(temporary)
        if keeps_former:
            _put_unless_there(temporary, target)
        else:
            os.replace(temporary, target)
        fsync_folder(target.parent)
    except OSError as error:
        raise StageError(f"cannot write {target}: {_reason(error, target)}") from error
    finally:
        if os.path.lexists(temporary):  # asked first: unlink raises where the path is longer than the disk takes
            temporary.unlink(missing_ok=True)


def _put_unless_there(temporary: Path, target: Path) -> None:
    try:
        os.link(temporary, target)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not target.exists():
            os.replace(temporary, target)


def write_bytes(target: Path, content: bytes) -> None:
    """Write ``content`` to ``target`` atomically; see :func:`atomic_path`."""
    with atomic_path(target) as temporary, open(temporary, "xb") as file:
        file.write(content)


def write_text(target: Path, text: str) -> None:
    """Write ``text`` as UTF-8 with ``\\n`` line ends, atomically; see :func:`atomic_path`."""
    write_bytes(target, text.encode("utf-8"))


def write_json(target: Path, value: Any) -> None:
    """Write ``value`` as indented UTF-8 JSON, atomically; key order is the caller's, NaN is refused."""
    write_text(target, json_text(value))


def json_text(value: Any) -> str:
    """Give the text that :func:`write_json` writes."""
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def make_folder(folder: Path) -> None:
    """Make ``folder`` and its parents, and make each new entry durable."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
        fsync_folder(new.parent)


def remove_leftovers(folder: Path) -> int:
    """Remove the temporary files of killed runs directly in ``folder``; give their number. Call under the lock."""
    hidden = paths_in(folder, f".*{TEMPORARY_SUFFIX}")  # also those of other programs, which stay
    leftovers = [path for path in hidden if is_temporary(path.name)]
    for leftover in leftovers:
        leftover.unlink(missing_ok=True)
    return len(leftovers)


def fsync_file(path: Path) -> None:
    """Force the content of ``path`` to the disk."""
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def fsync_folder(folder: Path) -> None:
    """Force the entries of ``folder`` to the disk, where the system can: not on Windows, not on some network disks."""
    if IS_WINDOWS:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NO_FOLDERS:
            raise
    finally:
        os.close(descriptor)


def _reason(error: OSError, target: Path) -> str:
    """Give what the system says, and on Windows what it does not say of a path that is too long for it."""
    length = len(os.path.abspath(target))  # noqa: PTH100 - what does not exist cannot be resolved
    is_too_long = IS_WINDOWS and length > WINDOWS_LENGTH and isinstance(error, FileNotFoundError)
    hint = f"; the path has {length} characters, use a folder nearer to the drive or enable long paths in Windows"
    return f"{error.strerror or error}{hint if is_too_long else ''}"
