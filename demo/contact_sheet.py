"""All photos of a street on one page, one row per building."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from storage.thumbnails import read_picture

TILE_HEIGHT = 150
GAP = 4


def draw_contact_sheet(image_dir: Path, labels: dict[str, str]) -> bytes:
    """Draw the photos of ``image_dir`` small, upright, a row per label; labels of one photo share rows at the end.

    Parameters
    ----------
    image_dir : Path
        Where the photos are.
    labels : dict of str to str
        Image name to building.

    Returns
    -------
    bytes
        A PNG file.
    """
    groups: dict[str, list[str]] = {}
    for name, building in sorted(labels.items(), key=lambda item: (item[1], item[0])):
        groups.setdefault(building, []).append(name)
    rows = [names for names in groups.values() if len(names) > 1]
    singles = [name for names in groups.values() if len(names) == 1 for name in names]
    longest = max([len(row) for row in rows], default=8)
    rows += [singles[i : i + longest] for i in range(0, len(singles), longest)]
    strips = [[_tile(image_dir / name) for name in row] for row in rows]
    width = max(sum(tile.shape[1] + GAP for tile in strip) for strip in strips) + GAP
    sheet = np.full((len(strips) * (TILE_HEIGHT + GAP) + GAP, width, 3), 245, np.uint8)
    for i, strip in enumerate(strips):
        x, y = GAP, GAP + i * (TILE_HEIGHT + GAP)
        for tile in strip:
            sheet[y : y + TILE_HEIGHT, x : x + tile.shape[1]] = tile
            x += tile.shape[1] + GAP
    return cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))[1].tobytes()


def _tile(path: Path) -> NDArray[np.uint8]:
    photo = read_picture(path, max_side=4 * TILE_HEIGHT)
    size = (max(1, photo.shape[1] * TILE_HEIGHT // photo.shape[0]), TILE_HEIGHT)
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
