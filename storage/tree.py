"""Replacing a whole folder: the former one or the new one stands there, whole, whenever the program is killed.

The new folder is built beside under a token. A record file beside, which names the token, is written between taking
the former folder away and putting the new one in its place, so the next run can tell how far a killed one got.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.atomic import fsync_folder
from storage.errors import StageError
from storage.folders import paths_in


@contextmanager
def building_site(target: Path, token: str) -> Iterator[Path]:
    """Make the folder in which the successor of ``target`` is built in the block; remove it when the block fails."""
    site = _site(target, token)
    try:
        site.mkdir()
        yield site
        fsync_folder(site)
    except BaseException:
        if site.is_dir():
            shutil.rmtree(site)
        raise


def recover_tree(target: Path, token: str | None) -> None:
    """Bring the replacement of ``target`` that a killed run left half done to an end, and remove its leftovers.

    Parameters
    ----------
    target : Path
        The folder that is replaced.
    token : str or None
        The token in the record file; None when there is none.
    """
    is_moved = False
    if not target.exists():
        # The record names the new folder once it is complete; until then the former one counts.
        new = [_site(target, token)] if token is not None else []
        former = [folder for folder in _former(target) if token is None or folder != _taken_away(target, token)]
        for folder in [*new, *former]:
            if folder.is_dir():
                folder.rename(target)
                is_moved = True
                break
    for folder in [*_former(target), *paths_in(target.parent, f".{target.name}.tmp-*")]:
        shutil.rmtree(folder)
    if is_moved:
        fsync_folder(target.parent)


def put_tree(
    target: Path, token: str, write_record: Callable[[], None], recorded_token: Callable[[], str | None]
) -> None:
    """Put the folder built under ``token`` in the place of ``target``, and remove the former one.

    Parameters
    ----------
    target : Path
        The folder to replace; it may be missing.
    token : str
        As given to :func:`building_site`.
    write_record : callable
        Writes the record file that names ``token``.
    recorded_token : callable
        Reads the token that the record file names; None when there is none.

    Raises
    ------
    StageError
        When that cannot be done. The folder that the record names stands in its place then: the former one, or the new
        one where only the last step failed. Where not even that can be done, :func:`recover_tree` does it later.
    """
    former = _taken_away(target, token)
    try:
        try:
            if target.exists():
                target.rename(former)
            write_record()
            _site(target, token).rename(target)
            fsync_folder(target.parent)
        except BaseException:
            recover_tree(target, recorded_token())
            raise
    except OSError as error:
        raise StageError(f"cannot replace {target}: {error.strerror or error}; close what has it open") from error
    if former.is_dir():
        shutil.rmtree(former)


def walk_files(folder: Path) -> Iterator[str]:
    """Yield the POSIX path, relative to ``folder``, of everything in it that is no folder; links are not followed."""
    for where, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        for name in sorted([*files, *links]):
            yield (Path(where) / name).relative_to(folder).as_posix()


def _site(target: Path, token: str) -> Path:
    return target.with_name(f".{target.name}.tmp-{token}")


def _taken_away(target: Path, token: str) -> Path:
    """Give the name under which the folder waits that the one with ``token`` replaces."""
    return target.with_name(f".{target.name}.old-{token}")


def _former(target: Path) -> list[Path]:
    return paths_in(target.parent, f".{target.name}.old-*")
