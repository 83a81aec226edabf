"""Thumbnails of the photos that a page or a picture shows; a photo that cannot be shown is named with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hloc.stream import run_in_workers, workers_for
from storage.names import inside
from storage.photos import ACCEPTED_MEGAPIXELS
from storage.progress import progress_bar
from storage.report import SkippedPhoto
from storage.thumbnails import thumbnail

TIMEOUT_S = 120.0
PHOTOS_PER_WORKER = 200  # starting one more takes longer than these; one there always is, as a photo may crash it


@dataclass(frozen=True)
class ThumbnailWork:
    """Make one photo's thumbnail; picklable, so that workers can do it.

    Attributes
    ----------
    image_dir : Path
        The image folder.
    cache_dir : Path
        Where thumbnails are kept.
    side : int
        Longest side in pixels.
    follow_links : bool
        Whether links in the image folder are followed.
    max_megapixels : float
        Larger photos are refused.
    """

    image_dir: Path
    cache_dir: Path
    side: int
    follow_links: bool = False
    max_megapixels: float = ACCEPTED_MEGAPIXELS

    def __call__(self, name: str, _argument: None = None) -> tuple[str, Path]:
        """Give name and path of the thumbnail; PhotoError when the photo cannot be shown."""
        photo = inside(self.image_dir, name, self.follow_links)
        return name, thumbnail(photo, self.cache_dir, self.side, self.max_megapixels)


def make_thumbnails(
    names: Sequence[str], work: ThumbnailWork, num_workers: int | None = 0
) -> list[Path | SkippedPhoto]:
    """Give the path of each photo's thumbnail; photos that are gone or cannot be read are given with the reason.

    Parameters
    ----------
    names : sequence of str
        Image names.
    work : ThumbnailWork
        How.
    num_workers : int or None
        Worker processes; 0 works in this process, None takes as many as pay.
    """
    num_workers = workers_for(num_workers, len(names), PHOTOS_PER_WORKER)
    results: Any = run_in_workers(work, ((name, None) for name in names), num_workers, TIMEOUT_S)
    shown = progress_bar(results, len(names), "thumbnails")
    return [result[1] if isinstance(result, tuple) else result for result in shown]
