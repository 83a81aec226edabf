"""Label images for people: colours over the photo with lines between segments, and sheets of several methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from segmentation.base import EDGE, Labels, Photo, enlarged
from storage.photos import wanted_size

_GOLDEN = 0.618033988749895  # steps of the golden ratio keep the hues of neighbouring numbers apart
OPACITY = 0.45
_LINE = (0, 0, 0)
PAPER, INK, LETTERS = (255, 255, 255), (34, 37, 42), 14
_GAP, _CAPTION = 8, 22


def colours_of(num_labels: int) -> NDArray[np.uint8]:
    """Give a colour for each label (num_labels + 1, 3), RGB: black for 0, then hues that differ."""
    numbers = np.arange(num_labels + 1)
    hsv = np.empty((1, num_labels + 1, 3), np.uint8)
    hsv[0, :, 0] = (numbers * _GOLDEN % 1 * 180).astype(np.uint8)
    hsv[0, :, 1] = 160 + numbers % 3 * 40
    hsv[0, :, 2] = 255 - numbers // 3 % 3 * 45
    colours = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)[0]
    colours[EDGE] = 0
    return colours


def draw_segments(photo: Photo, labels: Labels, max_side: int, opacity: float = OPACITY) -> Photo:
    """Draw segments over a photo, in colours, with a black line around each.

    Parameters
    ----------
    photo : ndarray of uint8, shape (H, W, 3)
        RGB.
    labels : ndarray of int32, shape (H, W)
        0 is drawn black.
    max_side : int
        Longest side of the picture, in pixels; a smaller photo is not enlarged.
    opacity : float
        Of the colours, 0 to 1.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
    """
    size = wanted_size((photo.shape[1], photo.shape[0]), max_side)
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    shown = _shrunk(labels, size)
    colours = colours_of(int(shown.max()))[shown]
    drawn = np.asarray(cv2.addWeighted(small, 1 - opacity, colours, opacity, 0), np.uint8)
    is_line = np.zeros(shown.shape, bool)
    is_line[:, 1:] |= shown[:, 1:] != shown[:, :-1]
    is_line[1:] |= shown[1:] != shown[:-1]
    drawn[is_line | (shown == EDGE)] = _LINE
    return drawn


def _shrunk(labels: Labels, size: tuple[int, int]) -> Labels:
    return enlarged(labels, (size[1], size[0]))  # the nearest label, whichever way the size changes


@dataclass(frozen=True, eq=False)
class Tile:
    """A picture (h, w, 3) on a sheet, with the line below it."""

    picture: Photo
    caption: str


def draw_sheet(tiles: Sequence[Tile], num_columns: int) -> Photo:
    """Put pictures of one size side by side, ``num_columns`` in a row, each with its caption."""
    height, width = (max(tile.picture.shape[side] for tile in tiles) for side in (0, 1))
    num_rows = -(-len(tiles) // num_columns)
    step = width + _GAP, height + _CAPTION + _GAP
    sheet = Image.new("RGB", (num_columns * step[0] + _GAP, num_rows * step[1] + _GAP), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(LETTERS)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, num_columns)
        left, top = _GAP + column * step[0], _GAP + row * step[1]
        sheet.paste(Image.fromarray(tile.picture), (left, top))
        draw.text((left, top + tile.picture.shape[0] + 2), tile.caption, INK, font)
    return np.asarray(sheet, np.uint8)
