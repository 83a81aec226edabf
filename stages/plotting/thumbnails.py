"""Thumbnails of a whole collection: one file each, and square tiles of all on sheets, of which a page loads few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hloc.stream import run_in_workers, workers_for
from storage.names import inside
from storage.photos import ACCEPTED_MEGAPIXELS
from storage.progress import progress_bar
from storage.report import SkippedPhoto
from storage.thumbnails import read_picture, thumbnail
from storage.unchanged import write_if_changed

SIDE = 256  # of the longer side of a thumbnail, in pixels
TILE = 64
SHEET_COLUMNS = 32  # a sheet of 2048 x 2048 pixels: sixteen megabytes in the browser
TIMEOUT_S = 120.0
PHOTOS_PER_WORKER = 200  # starting one more takes longer than these; one there always is, as a photo may crash it
ABSENT = 200  # grey of a tile whose photo cannot be shown
QUALITY = 80


@dataclass(frozen=True)
class ThumbnailWork:
    """Make one photo's thumbnail; picklable, so that workers can do it."""

    image_dir: Path
    cache_dir: Path
    follow_links: bool

    def __call__(self, name: str, _argument: None = None) -> tuple[str, Path]:
        """Give name and path of the thumbnail; PhotoError when the photo cannot be shown."""
        photo = inside(self.image_dir, name, self.follow_links)
        return name, thumbnail(photo, self.cache_dir, SIDE, ACCEPTED_MEGAPIXELS)


def make_thumbnails(names: Sequence[str], work: ThumbnailWork, num_workers: int | None) -> list[Path | SkippedPhoto]:
    """Give the path of each photo's thumbnail; photos that are gone or cannot be read are given with the reason."""
    num_workers = workers_for(num_workers, len(names), PHOTOS_PER_WORKER)
    results: Any = run_in_workers(work, ((name, None) for name in names), num_workers, TIMEOUT_S)
    shown = progress_bar(results, len(names), "thumbnails")
    return [result[1] if isinstance(result, tuple) else result for result in shown]


def make_tiles(paths: Sequence[Path | None]) -> NDArray[np.uint8]:
    """Give the middle square of each thumbnail, (N, 64, 64, 3), grey where there is none."""
    tiles = np.full((len(paths), TILE, TILE, 3), ABSENT, dtype=np.uint8)
    for number, path in enumerate(progress_bar(paths, len(paths), "tiles")):
        if path is not None:
            tiles[number] = _tile(path)
    return tiles


def _tile(path: Path) -> NDArray[np.uint8]:
    photo = read_picture(path)
    height, width = photo.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = Image.fromarray(photo[top : top + side, left : left + side])
    return np.asarray(square.resize((TILE, TILE), Image.Resampling.LANCZOS))


def write_sheets(folder: Path, tiles: NDArray[np.uint8]) -> tuple[list[str], bool]:
    """Write tiles in their order, row by row, on sheets; give the files' names and whether any changed."""
    per_sheet = SHEET_COLUMNS**2
    names, has_changed = [], False
    for number, start in enumerate(range(0, len(tiles), per_sheet)):
        part = tiles[start : start + per_sheet]
        rows = -(-len(part) // SHEET_COLUMNS)
        sheet = np.full((rows * SHEET_COLUMNS, TILE, TILE, 3), 255, dtype=np.uint8)
        sheet[: len(part)] = part
        laid = sheet.reshape(rows, SHEET_COLUMNS, TILE, TILE, 3).swapaxes(1, 2)
        content = BytesIO()
        Image.fromarray(laid.reshape(rows * TILE, SHEET_COLUMNS * TILE, 3)).save(content, "JPEG", quality=QUALITY)
        names.append(f"{number:03d}.jpg")
        has_changed |= write_if_changed(folder / names[-1], content.getvalue())
    return names, has_changed
