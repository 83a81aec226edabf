"""The photos of an image folder: which there are, and whether links in it are followed."""

from __future__ import annotations

from pathlib import Path

from storage.formats.manifest import is_made_of_links
from storage.listing import list_photos


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
