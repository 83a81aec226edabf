"""Backups beside a file, made before other content takes its place."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from storage.atomic import write_bytes
from storage.errors import StageError

BACKUP_SUFFIX = ".bak"


def keep_backup(path: Path) -> Path | None:
    """Copy a file to the first free name ``NAME.1.bak``, ``NAME.2.bak`` ... beside it; give that, or None without one.

    Raises
    ------
    StageError
        When the file cannot be read or the copy not be written.
    """
    if not path.exists():
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StageError(f"cannot read {path} to back it up: {error.strerror or error}") from error
    backup = next(free for number in count(1) if not (free := backup_name(path, number)).exists())
    write_bytes(backup, content)
    return backup


def backup_name(path: Path, number: int) -> Path:
    """Give the name of the backup of this number, from 1."""
    return path.with_name(f"{path.name}.{number}{BACKUP_SUFFIX}")
