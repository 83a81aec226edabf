"""What the painting page keeps beside the masks: journals, what they need, and label images made ahead."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from storage.atomic import make_folder, remove_leftovers, write_bytes
from storage.errors import StageError, UsageError
from storage.folders import paths_in
from storage.formats.journal import is_begun
from storage.formats.paint_journal import PAINT_JOURNAL_NAME
from storage.small_files import small_file

FOLDER, PHOTOS, LABELS = ".painting", "photos", "labels"
MAX_CACHE_BYTES = 1 << 30  # a label image of 12 megapixels takes some 1 to 3 MB
_FILE = re.compile(r"(labels|picture)-[0-9a-f]{24}\.png", re.ASCII)


class PaintFolder:
    """The folder ``.painting`` in a folder of masks; used under its lock.

    Parameters
    ----------
    export_dir : Path
        The folder of masks.
    max_cache_bytes : int
        Label images that no journal needs are removed beyond it, those not used for longest first.
    """

    def __init__(self, export_dir: Path, max_cache_bytes: int = MAX_CACHE_BYTES) -> None:
        self.folder = export_dir / FOLDER
        self.max_cache_bytes = max_cache_bytes
        for folder in _subfolders(self.folder / PHOTOS) + _subfolders(self.folder / LABELS):
            remove_leftovers(folder)

    def photo_dir(self, name: str) -> Path:
        """Give the folder of a photo's journal and of all that it needs."""
        return self.folder / PHOTOS / photo_key(name)

    def begun(self, names: Iterable[str]) -> set[str]:
        """Give those of the photos that have a journal with a first line."""
        keys = {path.name for path in _subfolders(self.folder / PHOTOS) if is_begun(path / PAINT_JOURNAL_NAME)}
        return {name for name in names if photo_key(name) in keys}

    def cached(self, name: str, file: str) -> Path:
        """Give where a label image of a photo lies, or would; UsageError when the file's name is none of ours."""
        return self.folder / LABELS / photo_key(name) / check_file(file)

    def find(self, name: str, file: str) -> Path:
        """Give the path of a label image or picture of a photo, wherever it lies.

        Raises
        ------
        UsageError
            When the name is none of ours.
        StageError
            When there is no such file (any more).
        """
        kept = self.photo_dir(name) / check_file(file)
        if kept.is_file():
            return kept
        cached = self.cached(name, file)
        if not cached.is_file():
            raise StageError(f"there is no {file} of this photo any more: make it again")
        with suppress(OSError):  # a folder that is only read, say: the order in which files go is all that hangs on it
            os.utime(cached)  # used just now: the last to go
        return cached

    def keep(self, name: str, file: str, content: bytes | None = None) -> None:
        """Put a file beside a photo's journal for good: ``content``, or what is cached; what stands there stays."""
        target = self.photo_dir(name) / check_file(file)
        if not target.is_file():
            found = small_file(self.find(name, file)) if content is None else content
            make_folder(target.parent)
            write_bytes(target, found)

    def put_labels(self, name: str, content: bytes) -> str:
        """Put a label image into the cache; give its file, which is named after its content."""
        file = content_file("labels", content)
        path = self.cached(name, file)
        make_folder(path.parent)
        write_bytes(path, content)
        self.trim({path})
        return file

    def trim(self, kept: Iterable[Path] = ()) -> int:
        """Remove label images that were not used for longest until the rest fits; give the bytes that are left."""
        files = [path for folder in _subfolders(self.folder / LABELS) for path in paths_in(folder, "*.png")]
        stats = {path: status for path in files if (status := _stat(path)) is not None}
        total = sum(status.st_size for status in stats.values())
        spared = set(kept)
        for path in sorted(stats, key=lambda path: (stats[path].st_mtime_ns, path)):
            if total <= self.max_cache_bytes:
                break
            if path not in spared and _is_removed(path):
                total -= stats[path].st_size
        return total


def photo_key(name: str) -> str:
    """Give the name of a photo's folder: hexadecimal digits, whatever the photo is called."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def content_file(kind: str, content: bytes) -> str:
    """Give the name of a file of this kind (``labels``, ``picture``), made of a digest of ``content``."""
    return f"{kind}-{hashlib.sha256(content).hexdigest()[:24]}.png"


def check_file(file: str) -> str:
    """Refuse, with a UsageError, what is no name that :func:`content_file` gives: no path gets in here."""
    if not _FILE.fullmatch(file):
        raise UsageError(f"{file!r:.60} is no label image or picture of this page")
    return file


def _subfolders(folder: Path) -> list[Path]:
    return [path for path in paths_in(folder) if path.is_dir()]


def _is_removed(path: Path) -> bool:
    """Remove a file; say whether it is gone. On Windows one that another thread reads stays until the next time."""
    try:
        path.unlink(missing_ok=True)
    except PermissionError:
        return False
    return True


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:  # another thread removed it
        return None
