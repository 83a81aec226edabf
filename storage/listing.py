"""Which files of a folder are photos: regular files, by ending or by their first bytes, in sorted order."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.errors import StageError

PHOTO_ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif"))

NUM_FIRST_BYTES = 32  # as many as photo_format looks at

# Raw files of cameras begin like a TIFF, but what decodes from them is a thumbnail.
RAW_ENDINGS = frozenset(
    (".3fr", ".arw", ".cr2", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".k25", ".kdc", ".mef", ".mos")
    + (".nef", ".nrw", ".orf", ".pef", ".rw2", ".rwl", ".sr2", ".srf", ".srw")
)

_WINDOWS_ELOOP = 1921  # ERROR_CANT_RESOLVE_FILENAME
_FORMAT_STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}
_BMP_HEADER_SIZES = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"))


@dataclass(frozen=True)
class Listing:
    """What was found under a folder.

    Attributes
    ----------
    names : list of str
        Image names of the photos, see :func:`list_photos`.
    left_out : dict of str to str
        What is named like a photo but is none, and why: links, pipes, devices. In code point order.
    """

    names: list[str]
    left_out: dict[str, str]


def list_photos(folder: Path, follow_links: bool = False) -> list[str]:
    """List the photos under ``folder``; see :func:`find_photos`, which also says what it leaves out."""
    return find_photos(folder, follow_links).names


def find_photos(folder: Path, follow_links: bool = False) -> Listing:
    """List the photos under ``folder``, and what only looks like one.

    A regular file is a photo when it has a photo ending, in any case (whether it can be decoded shows later), or when
    it begins like a file of an accepted format. Names that begin with a dot, folders included, are left out; so are
    pipes, devices and sockets, and raw camera files.

    Parameters
    ----------
    folder : Path
        The folder to walk, at any depth.
    follow_links : bool
        Follow links to files and folders, also where they lead out of ``folder``. Each real folder is walked once, so
        a link that leads back up ends there; folders reached without a link keep their own name.

    Returns
    -------
    Listing
        Image names: POSIX paths relative to ``folder``, in code point order, at least one. A name that is not UTF-8
        holds surrogate escapes as :func:`os.fsdecode` gives them; ``storage.names.safe_name`` makes it safe.

    Raises
    ------
    StageError
        When the folder is missing, cannot be read, vanishes meanwhile, or holds no photo.
    """
    if not folder.is_dir():
        problem = "is no folder" if folder.exists() else "does not exist"
        raise StageError(f"photo folder {folder} {problem}: give a folder that holds photos")
    try:
        names, left_out = [], {}
        for name, entry, reason in _walk(folder, follow_links):
            if not reason and _is_photo(entry):
                names.append(name)
            elif reason and _ending(entry.name) in PHOTO_ENDINGS:
                left_out[name] = reason
    except OSError as error:
        where = error.filename or folder
        raise StageError(f"cannot read {where}: {error.strerror or error}; make it readable or move it away") from error
    if not names:
        raise StageError(f"no photos in {folder}: accepted are files ending in {' '.join(sorted(PHOTO_ENDINGS))}")
    return Listing(sorted(names), dict(sorted(left_out.items())))


def photo_format(first_bytes: bytes) -> str | None:
    """Name the photo format (as Pillow calls it) that a file beginning with ``first_bytes`` has, or None."""
    for start, name in _FORMAT_STARTS.items():
        if first_bytes.startswith(start):
            return name
    if first_bytes[:4] == b"RIFF" and first_bytes[8:12] == b"WEBP":
        return "WEBP"
    if first_bytes[4:8] == b"ftyp" and first_bytes[8:12] in _HEIF_BRANDS:
        return "HEIF"
    # "BM" alone begins many a text.
    if first_bytes[:2] == b"BM" and int.from_bytes(first_bytes[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    return None


def read_first_bytes(path: str | Path) -> bytes:
    """Read as many bytes of a file as :func:`photo_format` looks at; OSError when it cannot be read."""
    with open(path, "rb", buffering=0) as file:
        return file.read(NUM_FIRST_BYTES)


def _walk(folder: Path, follow_links: bool) -> Iterator[tuple[str, os.DirEntry[str], str]]:
    """Yield all but folders with name and, unless it is a regular file, what it is.

    Real folders come first, so that links never rename what they hold.
    """
    seen: set[tuple[int, int]] = set()
    real, linked = [(os.fspath(folder), "")], list[tuple[str, str]]()
    while real or linked:
        path, prefix = real.pop() if real else linked.pop()
        status = Path(path).stat()
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(path) as entries:
            # Reversed, as the folder put last is walked first.
            for entry in sorted(entries, key=lambda entry: entry.name, reverse=True):
                if entry.name.startswith("."):
                    continue
                is_circle = follow_links and _leads_in_a_circle(entry)
                if not is_circle and entry.is_dir(follow_symlinks=follow_links):
                    (linked if entry.is_symlink() else real).append((entry.path, f"{prefix}{entry.name}/"))
                elif not is_circle and entry.is_file(follow_symlinks=follow_links):
                    yield f"{prefix}{entry.name}", entry, ""
                else:
                    yield f"{prefix}{entry.name}", entry, _kind_of(entry, follow_links)


def _kind_of(entry: os.DirEntry[str], follow_links: bool) -> str:
    """Say what an entry is that is neither a folder nor a regular file."""
    if not entry.is_symlink():
        return "is a pipe, a socket or a device"
    if not follow_links:
        return "is a link, and --follow_links was not given"
    return "is a link that leads to no file"


def _leads_in_a_circle(entry: os.DirEntry[str]) -> bool:
    """Tell whether an entry is a link that only leads to links; it is as dead as one that leads nowhere."""
    try:
        entry.is_dir()
    except OSError as error:
        if error.errno == errno.ELOOP or getattr(error, "winerror", None) == _WINDOWS_ELOOP:
            return True
        raise
    return False


def _ending(name: str) -> str:
    """Give the ending with its dot, in lower case; a Path for each of many files would cost more than the rest."""
    stem, dot, ending = name.rpartition(".")
    return f"{dot}{ending}".lower() if stem else ""


def _is_photo(entry: os.DirEntry[str]) -> bool:
    ending = _ending(entry.name)
    if ending in PHOTO_ENDINGS:
        return True
    if ending in RAW_ENDINGS:
        return False
    try:
        return photo_format(read_first_bytes(entry.path)) is not None
    except PermissionError:
        # It may be a photo: listed, it is named as skipped with its reason, not lost without a word.
        return True
