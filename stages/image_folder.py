"""The photos of an image folder: which there are, which of their names can be kept, whether links are followed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from storage.errors import StageError
from storage.formats.manifest import is_made_of_links, printable
from storage.listing import list_photos
from storage.names import check_name
from storage.report import SkippedPhoto


def follows_links(image_dir: Path, is_asked: bool) -> bool:
    """Say whether links in an image folder are followed: when asked, or when copy_images.py made them."""
    return is_asked or is_made_of_links(image_dir)


def photos_in(image_dir: Path, follow_links: bool) -> list[str]:
    """List the photos of an image folder as :func:`storage.listing.list_photos`; links as :func:`follows_links` says.

    Raises
    ------
    StageError
        When there is no such folder, or no photo in it.
    """
    return list_photos(image_dir, follows_links(image_dir, follow_links))


def usable_names(names: Sequence[str]) -> tuple[list[str], list[SkippedPhoto]]:
    """Split off the names that no file format can hold."""
    usable, unnamable = [], []
    for name in names:
        try:
            check_name(name)
        except StageError:
            reason = "its name is no valid text, or holds a backslash or a drive; copy_images.py makes names safe"
            unnamable.append(SkippedPhoto(ascii(name), reason))
            continue
        if any(ord(character) < 32 for character in name):
            unnamable.append(SkippedPhoto(name, "its name holds control characters; copy_images.py makes names safe"))
        else:
            usable.append(name)
    return usable, unnamable


def names_in_utf8(names: Sequence[str]) -> tuple[list[str], list[SkippedPhoto]]:
    """Split off the names after which no file can be called."""
    usable = [name for name in names if printable(name) == name]
    reason = "its name is not UTF-8: python copy_images.py makes copies with safe names"
    return usable, [SkippedPhoto(printable(name), reason) for name in names if printable(name) != name]
