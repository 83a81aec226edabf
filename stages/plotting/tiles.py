"""Square tiles of all photos of a collection, on sheets, of which a page loads few."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from storage.progress import progress_bar
from storage.thumbnails import read_picture
from storage.unchanged import write_if_changed

TILE = 64
SHEET_COLUMNS = 32  # a sheet of 2048 x 2048 pixels: sixteen megabytes in the browser
ABSENT = 200  # grey of a tile whose photo cannot be shown
QUALITY = 80


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
