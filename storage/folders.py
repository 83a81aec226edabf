"""What lies directly in a folder; a folder that cannot be looked into is an error, not an empty one. Numbered files."""

from __future__ import annotations

import errno
import os
from fnmatch import fnmatchcase
from pathlib import Path

from storage.errors import StageError


def paths_in(folder: Path, pattern: str = "*") -> list[Path]:
    """List what lies directly in a folder, sorted; nothing where there is no such folder.

    ``Path.glob`` takes a folder that it may not read for an empty one (from Python 3.13 on also one that the disk
    fails to read), and what stands there would be made again, or overwritten.

    Parameters
    ----------
    folder : Path
        The folder.
    pattern : str
        What names must look like, as in :mod:`fnmatch`, upper and lower case told apart.

    Raises
    ------
    StageError
        When the folder is there but cannot be read.
    """
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:  # what cannot be named is not there
            return []
        raise StageError(f"cannot look into {folder}: {error.strerror or error}") from error
    return sorted(folder / name for name in names if fnmatchcase(name, pattern))


class NumberedFiles:
    """Paths for new files ``STEM-000000.h5``, ``STEM-000001.h5`` ... of a folder, each behind all that stand.

    The folder is listed once: of a run that writes thousands, each listing would be longer than the one before.
    """

    def __init__(self, folder: Path, stem: str) -> None:
        self._folder = folder
        self._stem = stem
        self._number: int | None = None

    def next_path(self) -> Path:
        """Give a path at which nothing stands."""
        if self._number is None:
            found = paths_in(self._folder, f"{self._stem}-*.h5")
            self._number = max((int(path.stem.removeprefix(f"{self._stem}-")) for path in found), default=-1)
        path = self._path(self._number + 1)
        while path.exists():  # of somebody else who writes into this folder
            self._number += 1
            path = self._path(self._number + 1)
        return path

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._stem}-{number:06d}.h5"
