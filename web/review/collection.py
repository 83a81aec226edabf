"""The photos under review: where they lie, what their files say, and small pictures of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from stages.photo_exif import ExifSource
from storage.errors import PhotoError, StageError
from storage.exif import ExifRecord
from storage.names import inside
from storage.photos import ACCEPTED_MEGAPIXELS, photo_size
from storage.thumbnails import thumbnail

THUMBNAILS = "thumbnails"
THUMBNAIL_SIDES = (160, 320)
PAUSE_S = 0.001
IMAGE_SIDES = (800, 1600, 2400)


@dataclass(frozen=True)
class Facts:
    """What a photo's file says.

    Attributes
    ----------
    time : str or None
        When it was taken, by the camera's clock.
    camera : str or None
        Make and model.
    position : (float, float) or None
        Latitude and longitude in degrees.
    warning : str or None
        Why the file cannot be read.
    """

    time: str | None = None
    camera: str | None = None
    position: tuple[float, float] | None = None
    warning: str | None = None


class Collection:
    """Photos by number; files are only read.

    Parameters
    ----------
    image_dir : Path
        The image folder.
    results_dir : Path
        Where the small pictures are kept.
    names : sequence of str
        Image names, by number.
    follow_links : bool
        Whether links in the image folder are followed.
    open_exif : callable
        Gives what EXIF says of the photos; called once, when it is first asked for.
    """

    def __init__(
        self,
        image_dir: Path,
        results_dir: Path,
        names: Sequence[str],
        follow_links: bool,
        open_exif: Callable[[], ExifSource],
    ) -> None:
        self._image_dir, self._follow_links = image_dir, follow_links
        self._exif = cache(open_exif)
        self._cache_dir = results_dir / THUMBNAILS
        self._names = names
        self._facts: dict[int, Facts] = {}
        self._is_ended = threading.Event()
        self.is_known = False

    def path(self, photo: int) -> Path:
        """Give the path of a photo; one that lies outside of the image folder is refused."""
        return inside(self._image_dir, self._names[photo], self._follow_links)

    def facts(self, photo: int) -> Facts:
        """Give what a photo's file says, read at most once."""
        found = self._facts.get(photo)
        if found is None:
            found = self._facts[photo] = self._read(photo)
        return found

    def known_facts(self, photo: int) -> Facts:
        """Give what is known of a photo without reading its file."""
        return self._facts.get(photo, Facts())

    @property
    def has_positions(self) -> bool:
        """Whether any photo looked at so far has a position."""
        return any(facts.position is not None for facts in list(self._facts.values()))

    def _read(self, photo: int) -> Facts:
        try:
            self.path(photo)
            return _facts_of(self._exif().record(self._names[photo]))
        except PhotoError as error:
            return Facts(warning=error.reason)
        except StageError as error:  # a link that leads out of the image folder
            return Facts(warning=str(error))

    def read_all(self, photos: Iterable[int]) -> None:
        """Read what is not known yet, until :meth:`end` is called; meant for a thread."""
        for photo in photos:
            if self._is_ended.wait(PAUSE_S if photo % 8 == 0 else 0):  # lets calls of the page go before
                return
            self.facts(photo)
        self.is_known = True

    def end(self) -> None:
        """Let :meth:`read_all` end."""
        self._is_ended.set()

    def picture(self, photo: int, side: int) -> Path:
        """Give the path of an upright JPEG of a photo; see :func:`storage.thumbnails.thumbnail`."""
        return thumbnail(self.path(photo), self._cache_dir, side, ACCEPTED_MEGAPIXELS)

    def size(self, photo: int) -> tuple[int, int]:
        """Give upright width and height of a photo."""
        return photo_size(self.path(photo), ACCEPTED_MEGAPIXELS)


def _facts_of(record: ExifRecord) -> Facts:
    position = None
    if record.latitude_deg is not None and record.longitude_deg is not None:
        position = record.latitude_deg, record.longitude_deg
    return Facts(record.captured_at, record.camera, position)
