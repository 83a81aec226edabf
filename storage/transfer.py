"""Putting a photo in another place: a verified copy, a hard link, a symbolic link or a reflink.

The source is only ever read. The target is replaced as a whole or not at all, and never a part of it is seen.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from storage.atomic import atomic_path, fsync_folder, make_folder
from storage.errors import PhotoError, StageError, UsageError
from storage.fingerprints import Fingerprint, fingerprint, sha256_of_file
from storage.temporaries import remove_abandoned, temporary_beside

ATTEMPTS = 3
BLOCK_BYTES = 1 << 20


class _SourceChangedError(Exception):
    """The source was written to, or replaced, while it was being read."""


def transfer(source: Path, target: Path, mode: str = "copy") -> Fingerprint:
    """Put ``source`` at ``target``, in place of what stood there, and keep its time of change.

    Parameters
    ----------
    source : Path
        The photo; opened for reading only.
    target : Path
        Where it goes. Its folder is made when it is missing.
    mode : {"copy", "hardlink", "symlink", "reflink"}
        How. A copy is read back and compared by SHA-256; a symbolic link is absolute; a reflink shares its blocks
        with the source until one of the two is changed.

    Returns
    -------
    Fingerprint
        Of the source, and of the target with it.

    Raises
    ------
    PhotoError
        When the source cannot be read, or goes on changing, or the target's path is longer than the disk takes.
    UsageError
        When the disk cannot do what ``mode`` asks for; nothing else is done instead.
    StageError
        When the target cannot be written, or does not read back as it was written.
    """
    for _attempt in range(ATTEMPTS):
        try:
            return _TRANSFERS[mode](source, target)
        except _SourceChangedError:
            continue
        except StageError as error:
            if getattr(error.__cause__, "errno", None) == errno.ENAMETOOLONG:
                raise PhotoError("the path of its copy is longer than the disk takes") from error
            raise
    raise PhotoError(f"was changing while it was copied, {ATTEMPTS} times in a row")


def is_linked(source: Path, target: Path, mode: str) -> bool:
    """Say whether ``target`` already is the link to ``source`` that ``mode`` would make."""
    if mode not in ("hardlink", "symlink"):
        return False
    try:
        return target.is_symlink() == (mode == "symlink") and target.samefile(source)
    except OSError:  # one of the two is not there, so they are not one file
        return False


def _copy(source: Path, target: Path) -> Fingerprint:
    with atomic_path(target) as temporary:
        found = _copy_bytes(source, temporary)
        if sha256_of_file(temporary) != found.sha256:
            raise StageError(f"{target} did not read back as it was written; the disk or the memory may be failing")
        os.utime(temporary, ns=(found.mtime_ns, found.mtime_ns))
    return found


def _copy_bytes(source: Path, target: Path) -> Fingerprint:
    """Write the bytes of ``source`` to the new file ``target``; give the fingerprint of what was read."""
    digest = hashlib.sha256()
    with _opened(source) as reader, open(target, "xb") as writer:
        before = os.fstat(reader.fileno())
        num_bytes = 0
        while block := _read_block(reader):
            digest.update(block)
            writer.write(block)
            num_bytes += len(block)
    if num_bytes != before.st_size:
        raise _SourceChangedError
    _check_unchanged(source, before)
    return Fingerprint(num_bytes, before.st_mtime_ns, digest.hexdigest())


def _hard_link(source: Path, target: Path) -> Fingerprint:
    return _link(source, target, "hardlink", lambda new: new.hardlink_to(source))


def _symbolic_link(source: Path, target: Path) -> Fingerprint:
    return _link(source, target, "symlink", lambda new: new.symlink_to(source.absolute()))


def _link(source: Path, target: Path, mode: str, make_link: Callable[[Path], None]) -> Fingerprint:
    found = _read_fingerprint(source)
    # Not atomic_path: it would open the link, and with it the source, for writing.
    temporary = temporary_beside(target)
    try:
        make_folder(target.parent)
        remove_abandoned(target.parent)
        with _refusal_as_usage_error(source, target, mode):
            make_link(temporary)
        temporary.replace(target)
        fsync_folder(target.parent)
    except OSError as error:
        raise StageError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return found


def _reflink(source: Path, target: Path) -> Fingerprint:
    try:
        from reflink_copy import reflink
    except ImportError:
        raise UsageError("--mode reflink needs one more package: pip install reflink-copy") from None
    found = _read_fingerprint(source)
    with atomic_path(target) as temporary:
        with _refusal_as_usage_error(source, target, "reflink"):
            reflink(source, temporary)
        # macOS clones the permissions as well; a copy that cannot be written to cannot be synchronised to disk.
        temporary.chmod(temporary.stat().st_mode | stat.S_IWUSR)
        if sha256_of_file(temporary) != found.sha256:
            raise _SourceChangedError
        os.utime(temporary, ns=(found.mtime_ns, found.mtime_ns))
    return found


_TRANSFERS: dict[str, Callable[[Path, Path], Fingerprint]] = {
    "copy": _copy,
    "hardlink": _hard_link,
    "symlink": _symbolic_link,
    "reflink": _reflink,
}


def _read_fingerprint(source: Path) -> Fingerprint:
    try:
        found = fingerprint(source)
        after = source.stat()
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror or error}") from error
    if (after.st_size, after.st_mtime_ns) != (found.size, found.mtime_ns):
        raise _SourceChangedError
    return found


@contextmanager
def _opened(source: Path) -> Iterator[BinaryIO]:
    try:
        reader = open(source, "rb", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror or error}") from error
    with reader:
        yield reader


def _read_block(reader: BinaryIO) -> bytes:
    try:
        return reader.read(BLOCK_BYTES)
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror or error}") from error


def _check_unchanged(source: Path, before: os.stat_result) -> None:
    try:
        after = source.stat()
    except OSError as error:
        raise PhotoError(f"disappeared while it was copied: {error.strerror or error}") from error
    if any(getattr(before, part) != getattr(after, part) for part in ("st_ino", "st_size", "st_mtime_ns")):
        raise _SourceChangedError


@contextmanager
def _refusal_as_usage_error(source: Path, target: Path, mode: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"--mode {mode} does not work from {source} to {target.parent} ({error.strerror or error}); "
            "give --mode copy"
        ) from error
