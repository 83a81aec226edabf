"""Many files written at once: each exists whole or not at all, and the disk is waited for once, not once for each.

Forcing files to the disk one after the other takes a turn of the file system's journal each; asked for together they
share one (58 files of 300 kB: 0.07 s in the place of 1.3 s on ext4).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from storage.atomic import fsync_file, fsync_folder, make_folder
from storage.errors import StageError
from storage.temporaries import remove_abandoned, temporary_beside

THREADS = 8


class Batch:
    """Files that wait beside their targets; see :func:`batch_of_files`."""

    def __init__(self) -> None:
        self._waiting: dict[Path, Path] = {}

    def put(self, target: Path, content: bytes) -> None:
        """Write ``content`` to a temporary file beside ``target``; the last one for a target counts."""
        temporary = temporary_beside(target)
        try:
            make_folder(target.parent)
            remove_abandoned(target.parent)
            former = self._waiting.pop(target, None)
            self._waiting[target] = temporary
            if former is not None:
                former.unlink()
            with open(temporary, "xb") as file:
                file.write(content)
        except OSError as error:
            raise StageError(f"cannot write {target}: {error.strerror or error}") from error

    def publish(self) -> None:
        """Force all files to the disk, then give each its name."""
        try:
            with ThreadPoolExecutor(THREADS) as threads:
                list(threads.map(fsync_file, self._waiting.values()))
            for target, temporary in self._waiting.items():
                os.replace(temporary, target)
            for folder in sorted({target.parent for target in self._waiting}):
                fsync_folder(folder)
        except OSError as error:
            raise StageError(f"cannot write {error.filename2 or error.filename}: {error.strerror or error}") from error

    def discard(self) -> None:
        """Remove what still waits."""
        for temporary in self._waiting.values():
            temporary.unlink(missing_ok=True)


@contextmanager
def batch_of_files() -> Iterator[Batch]:
    """Give a batch whose files take their places when the block ends without an error, and are gone otherwise.

    Raises
    ------
    StageError
        When a file cannot be written; a former one under its name is then untouched, or replaced as a whole.
    """
    batch = Batch()
    try:
        yield batch
        batch.publish()
    finally:
        batch.discard()
