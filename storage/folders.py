"""What lies directly in a folder; a folder that cannot be looked into is an error, not an empty one."""

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
