"""The map as a picture: a dot for every photo, and thumbnails where there is room for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 2000, 1500
TOP, MARGIN = 90, 70
FRAME, DOT = 4, 6
INK, PAPER = "#22252a", "#ffffff"


@dataclass(frozen=True, eq=False)
class PictureOfMap:
    """What is drawn.

    Attributes
    ----------
    title : str
        One line above the map.
    points : ndarray, (N, 2), float64
        Places, -1 to 1.
    tiles : ndarray, (N, S, S, 3), uint8
        Thumbnails.
    colours : sequence of str
        Colour of each photo, as ``#rrggbb``.
    labels : ndarray, (N,)
        Cluster numbers; negative for photos that are alone.
    """

    title: str
    points: NDArray[np.float64]
    tiles: NDArray[np.uint8]
    colours: Sequence[str]
    labels: NDArray[np.integer]


def draw_map(content: PictureOfMap) -> bytes:
    """Draw the map; give a PNG file of 2000 x 1500 pixels, equal for equal content."""
    sheet = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, 30), content.title, fill=INK, font=ImageFont.load_default(30))
    places = _places(content.points, content.tiles.shape[1])
    for (x, y), colour in zip(places, content.colours, strict=True):
        draw.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), fill=colour)
    for number in _with_room(places, content.tiles.shape[1] + 2 * FRAME):
        x, y = places[number]
        tile = Image.new("RGB", (content.tiles.shape[1] + 2 * FRAME,) * 2, content.colours[number])
        tile.paste(Image.fromarray(content.tiles[number]), (FRAME, FRAME))
        _write_number(tile, content.colours[number], int(content.labels[number]))
        sheet.paste(tile, (x - tile.width // 2, y - tile.height // 2))
    output = BytesIO()
    sheet.save(output, "PNG")
    return output.getvalue()


def _places(points: NDArray[np.float64], tile: int) -> list[tuple[int, int]]:
    """Give pixels of the points: as large as the sheet allows, both axes to one scale."""
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([WIDTH - 2 * MARGIN - tile, HEIGHT - TOP - MARGIN - tile])
    scale = float(np.min(room / np.maximum(high - low, 1e-9)))
    middle = np.array([WIDTH / 2, TOP + (HEIGHT - TOP) / 2])
    pixels = middle + (points - (low + high) / 2) * np.array([scale, -scale])  # y upwards
    return [(int(x), int(y)) for x, y in np.round(pixels)]


def _with_room(places: Sequence[tuple[int, int]], side: int) -> list[int]:
    """Choose photos whose tiles do not overlap, first come first served."""
    taken: dict[tuple[int, int], list[tuple[int, int]]] = {}
    chosen = []
    for number, (x, y) in enumerate(places):
        column, row = x // side, y // side
        near = [place for dx in (-1, 0, 1) for dy in (-1, 0, 1) for place in taken.get((column + dx, row + dy), ())]
        if all(max(abs(x - other_x), abs(y - other_y)) >= side for other_x, other_y in near):
            taken.setdefault((column, row), []).append((x, y))
            chosen.append(number)
    return chosen


def _write_number(tile: Image.Image, colour: str, label: int) -> None:
    """Write the cluster's number in the corner of a tile, on the colour of its frame."""
    if label < 0:
        return
    draw, font = ImageDraw.Draw(tile), ImageFont.load_default(16)
    left, top, right, bottom = draw.textbbox((FRAME, 1), str(label), font=font)
    draw.rectangle((0, 0, right + FRAME, bottom + 3), fill=colour)
    draw.text((left, 1), str(label), fill=PAPER, font=font, stroke_width=1, stroke_fill=INK)
