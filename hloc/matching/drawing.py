"""Two photos side by side with the matches between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from storage.formats.local_features import StoredFeatures

Photo = NDArray[np.uint8]
Shares = NDArray[np.float64]
Colour = tuple[int, int, int]

GAP = 12
LEAST_HEIGHT = 320  # tiny photos are enlarged so far
MOST_ASPECT = 4  # a photo that is wider than so many times the height is drawn lower
MAX_LINES = 150  # more hide the photos

# Okabe and Ito, "Color universal design" (2008): told apart with every kind of colour vision.
INLIER_COLOURS: tuple[Colour, ...] = ((240, 228, 66), (86, 180, 233), (230, 159, 0), (0, 178, 130))
OVERLAY_COLOUR: Colour = (255, 110, 210)
EDGE_COLOUR: Colour = (20, 20, 20)
PAPER: Colour = (250, 250, 248)

DOT, CROSS, DASH = 4, 5, 10  # pixels
OPACITY = 0.75  # of lines, so that the photo is seen through many
_SHIFT = 4  # OpenCV draws at 16ths of a pixel


@dataclass(frozen=True)
class Tile:
    """Where a photo stands on the canvas: its left upper pixel, and its size."""

    x: int
    y: int
    width: int
    height: int

    def place(self, shares: Shares) -> Shares:
        """Give places (K, 2) on the canvas, in pixels from the centre of its first pixel."""
        return shares * (self.width, self.height) + (self.x - 0.5, self.y - 0.5)


@dataclass(frozen=True, eq=False)
class DrawnMatches:
    """Matches between two photos, as places.

    Attributes
    ----------
    first, second : ndarray of float64, shape (K, 2)
        Places in either photo as shares of its width and height: (0, 0) is the corner at the upper left of the
        upright photo.
    """

    first: Shares
    second: Shares

    @classmethod
    def of(cls, first: StoredFeatures, second: StoredFeatures, rows: NDArray[np.integer]) -> DrawnMatches:
        """Take matched keypoints; ``rows`` (K, 2) are their rows in either photo."""
        return cls(_shares(first, rows[:, 0]), _shares(second, rows[:, 1]))

    def __len__(self) -> int:
        return len(self.first)

    def at_most(self, count: int) -> DrawnMatches:
        """Give ``count`` of the matches, spread evenly over their order, or all."""
        if len(self) <= count:
            return self
        chosen = np.linspace(0, len(self) - 1, count).round().astype(np.intp)
        return DrawnMatches(self.first[chosen], self.second[chosen])

    def on(self, tiles: tuple[Tile, Tile]) -> tuple[Shares, Shares]:
        """Give the places of both ends on the canvas, in pixels."""
        return tiles[0].place(self.first), tiles[1].place(self.second)


def _shares(features: StoredFeatures, rows: NDArray[np.integer]) -> Shares:
    """Turn pixels counted from the centre of the first into shares of the sides."""
    places = features.keypoints[rows, :2].astype(np.float64)
    return np.asarray((places + 0.5) / np.array(features.photo_size, np.float64))


def lay_out(sizes: tuple[tuple[int, int], tuple[int, int]], max_side: int) -> tuple[Tile, Tile]:
    """Say where two photos stand: side by side, equally high.

    Parameters
    ----------
    sizes : two tuples of int
        Width and height of the photos, upright.
    max_side : int
        Longest side of either on the canvas. A photo is not enlarged beyond its pixels unless the other one is
        larger, or both are lower than 320 pixels. One that is more than four times as wide as the common height
        becomes lower, and stands in the middle.
    """
    height = max(LEAST_HEIGHT, *(size[1] for size in sizes))
    for width, full_height in sizes:
        wide = min(width / full_height, float(MOST_ASPECT))
        height = min(height, int(max_side / max(1.0, wide)))
    tiles, x = [], 0
    for width, full_height in sizes:
        drawn_width = min(max(1, round(width * height / full_height)), MOST_ASPECT * height)
        drawn_height = min(height, max(1, round(full_height * drawn_width / width)))
        tiles.append(Tile(x, (height - drawn_height) // 2, drawn_width, drawn_height))
        x += drawn_width + GAP
    return tiles[0], tiles[1]


def draw_matches(
    photos: tuple[Photo, Photo], inliers: DrawnMatches, overlay: DrawnMatches, max_side: int
) -> NDArray[np.uint8]:
    """Draw two photos side by side, lines between the places that match.

    Matches that agree are whole lines from dot to dot, their colours from left to right of the first photo; matches
    that were left out as overlay are dashed lines from cross to cross. Of either at most ``MAX_LINES`` are drawn.

    Parameters
    ----------
    photos : two ndarrays of uint8, shape (H, W, 3)
        Upright, RGB, of any size.
    inliers, overlay : DrawnMatches
        What agrees, and what was left out.
    max_side : int
        See :func:`lay_out`.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        RGB.
    """
    first, second = photos
    tiles = lay_out(((first.shape[1], first.shape[0]), (second.shape[1], second.shape[0])), max_side)
    height = max(tile.y + tile.height for tile in tiles)
    canvas = np.full((height, tiles[1].x + tiles[1].width, 3), PAPER, np.uint8)
    for tile, photo in zip(tiles, photos, strict=True):
        canvas[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = _resized(photo, tile)
    left_out, agreeing = (each.at_most(MAX_LINES).on(tiles) for each in (overlay, inliers))
    order = np.lexsort((agreeing[0][:, 1], agreeing[0][:, 0]))
    colours = [INLIER_COLOURS[place % len(INLIER_COLOURS)] for place in range(len(order))]
    lines = canvas.copy()
    for start, end in zip(*left_out, strict=True):
        draw_dashes(lines, start, end)
    for row, colour in zip(order, colours, strict=True):
        draw_line(lines, agreeing[0][row], agreeing[1][row], colour)
    canvas = np.asarray(cv2.addWeighted(lines, OPACITY, canvas, 1 - OPACITY, 0), np.uint8)
    # ends last, so that no line hides one
    for places in left_out:
        draw_crosses(canvas, places)
    for row, colour in zip(order, colours, strict=True):
        draw_dots(canvas, (agreeing[0][row], agreeing[1][row]), colour)
    return canvas


def _resized(photo: Photo, tile: Tile) -> Photo:
    shrinks = tile.width < photo.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(photo, (tile.width, tile.height), interpolation=how), np.uint8)


def draw_line(canvas: NDArray[np.uint8], start: Shares, end: Shares, colour: Colour) -> None:
    """Draw a whole line with a dark edge."""
    _line(canvas, start, end, EDGE_COLOUR, 3)
    _line(canvas, start, end, colour, 1)


def draw_dots(canvas: NDArray[np.uint8], places: Iterable[Shares], colour: Colour) -> None:
    """Draw dots with a dark edge: the ends of whole lines."""
    for place in places:
        cv2.circle(canvas, _fixed(place), (DOT + 1) << _SHIFT, EDGE_COLOUR, -1, cv2.LINE_AA, _SHIFT)
        cv2.circle(canvas, _fixed(place), DOT << _SHIFT, colour, -1, cv2.LINE_AA, _SHIFT)


def draw_crosses(canvas: NDArray[np.uint8], places: Iterable[Shares]) -> None:
    """Draw crosses with a dark edge: the ends of dashed lines."""
    for place in places:
        for thickness, colour in ((4, EDGE_COLOUR), (2, OVERLAY_COLOUR)):
            for arm in ((CROSS, CROSS), (CROSS, -CROSS)):
                _line(canvas, place - arm, place + arm, colour, thickness)


def draw_dashes(canvas: NDArray[np.uint8], start: Shares, end: Shares) -> None:
    """Draw a dashed line in the colour of what was left out."""
    count = max(1, int(np.linalg.norm(end - start) / DASH))
    cuts = start + (end - start) * np.arange(count + 1)[:, None] / count
    for begin, stop in zip(cuts[:-1:2], cuts[1::2], strict=False):
        _line(canvas, begin, stop, OVERLAY_COLOUR, 1)


def _line(canvas: NDArray[np.uint8], start: Shares, end: Shares, colour: Colour, thickness: int) -> None:
    cv2.line(canvas, _fixed(start), _fixed(end), colour, thickness, cv2.LINE_AA, _SHIFT)


def _fixed(place: Shares) -> tuple[int, int]:
    x, y = np.rint(place * (1 << _SHIFT)).astype(int).tolist()
    return x, y
