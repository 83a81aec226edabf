"""The photos of a painting session by number: where they lie, how large they are, and the pixels of the last one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from segmentation.base import Photo
from storage.errors import PhotoError, StageError
from storage.fingerprints import sha256_of_file
from storage.formats.manifest import printable
from storage.names import inside
from storage.photos import load_photo, photo_size


class PhotoShelf:
    """Photos by number, 0 the first; files are only read.

    Parameters
    ----------
    image_dir : Path
        The image folder.
    names : sequence of str
        Image names by number.
    follow_links : bool
        Whether links in the image folder may lead out of it.
    max_megapixels : float
        Larger photos are refused.
    """

    def __init__(self, image_dir: Path, names: Sequence[str], follow_links: bool, max_megapixels: float) -> None:
        self.image_dir, self.names, self.max_megapixels = image_dir, list(names), max_megapixels
        self._follow_links = follow_links
        self._sizes: dict[int, tuple[int, int]] = {}
        self._last: tuple[int, Photo] | None = None
        self._lock = threading.Lock()

    def name(self, photo: int) -> str:
        """Give the image name of a photo; StageError when there is no such number."""
        if not 0 <= photo < len(self.names):
            raise StageError("there is no such photo")
        return self.names[photo]

    def problem(self, photo: int) -> str:
        """Say why a photo cannot be painted whatever its content is; empty where nothing speaks against it."""
        name = self.name(photo)
        if printable(name) == name:
            return ""
        return "has a name that is not UTF-8: python copy_images.py makes copies with safe names"

    def path(self, photo: int) -> Path:
        """Give the path of a photo.

        Raises
        ------
        PhotoError
            When its name is not UTF-8, so that no mask could be named after it.
        StageError
            When it lies outside of the image folder.
        """
        if problem := self.problem(photo):
            raise PhotoError(problem)
        return inside(self.image_dir, self.name(photo), self._follow_links)

    def size(self, photo: int) -> tuple[int, int]:
        """Give upright width and height of a photo; PhotoError when it cannot be read."""
        if photo not in self._sizes:
            self._sizes[photo] = photo_size(self.path(photo), self.max_megapixels)
        return self._sizes[photo]

    def sha256(self, photo: int) -> str:
        """Give the SHA-256 of a photo's file; PhotoError when it cannot be read."""
        try:
            return sha256_of_file(self.path(photo))
        except OSError as error:
            raise PhotoError(f"cannot be read: {error.strerror or error}") from error

    def pixels(self, photo: int) -> Photo:
        """Give a photo, RGB (H, W, 3), not to be changed; those of one photo are kept."""
        with self._lock:
            if self._last is None or self._last[0] != photo:
                self._last = None  # so that never two are held
                self._last = photo, load_photo(self.path(photo), None, self.max_megapixels)
            return self._last[1]
