"""Finding the frame of one colour round a photo: what padding added and cutting takes off again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# 16-bit values per 8-bit level: 65535 / 255.
_LEVELS_16_BIT = 257

# A frame stands out from the photo: within a block of JPEG, whose ringing may hide the edge itself, something differs
# from it by several tolerances. A smooth night sky does not end so.
_EDGE_LINES = 8
_EDGE_CONTRAST = 4


class Frame(NamedTuple):
    """How many lines of a photo belong to its frame, a side, in pixels."""

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0


def find_frame(pixels: NDArray[Any], tolerance: float, most: float) -> Frame:
    """Find the frame of a photo.

    On each side the lines from the outermost inwards belong to the frame while every pixel, in every channel, lies
    within ``tolerance`` of the outermost line's median. They are a frame only where a line follows that is not of one
    colour itself, and within 8 lines a pixel that differs from the frame by four tolerances: so a uniform photo, a
    gradient, a smooth night sky and a photo with one constant channel have none. What is left is looked at again, as
    frames may lie in frames.

    A photo whose frame would be wider than ``most`` on any side is a picture on a plain ground rather than a framed
    one, and has no frame at all. So the photo that is left never has one: finding and cutting twice changes nothing.

    Parameters
    ----------
    pixels : ndarray of uint8 or uint16, shape (H, W, C)
        The photo.
    tolerance : float
        Largest deviation of a frame's pixel, in levels of 8 bit.
    most : float
        Largest share of the photo's width or height that a side may lose, below 0.5.

    Returns
    -------
    Frame
        Lines to cut off; all 0 where there is no frame. At least one pixel is always left.
    """
    limit = tolerance * (_LEVELS_16_BIT if pixels.dtype == np.uint16 else 1)
    height, width = pixels.shape[:2]
    total = np.zeros(4, int)
    while True:
        rest = pixels[total[2] : height - total[3], total[0] : width - total[1]]
        found = np.array(_frame_sides(rest, limit))
        if not found.any():
            return Frame(*total.tolist())
        total += found
        if np.any(total > most * np.array((width, width, height, height))):
            return Frame()


def without_frame(pixels: NDArray[Any], frame: Frame) -> NDArray[Any]:
    """Give the part of a photo (H, W, C) that lies in its frame, a view."""
    height, width = pixels.shape[:2]
    return pixels[frame.top : height - frame.bottom, frame.left : width - frame.right]


def _frame_sides(pixels: NDArray[Any], limit: float) -> tuple[int, int, int, int]:
    columns = pixels.transpose(1, 0, 2)
    return (
        _num_frame_lines(columns, limit),
        _num_frame_lines(columns[::-1], limit),
        _num_frame_lines(pixels, limit),
        _num_frame_lines(pixels[::-1], limit),
    )


def _num_frame_lines(lines: NDArray[Any], limit: float) -> int:
    """Count the lines (N, length, C) of one colour before the first line that is not of one colour itself."""
    colour = np.median(lines[0], axis=0)
    for number, line in enumerate(lines):
        if np.abs(line - colour).max() > limit:
            is_plain = np.abs(line - np.median(line, axis=0)).max() <= limit
            is_distinct = np.abs(lines[number : number + _EDGE_LINES] - colour).max() > _EDGE_CONTRAST * limit
            return number if is_distinct and not is_plain else 0
    return 0
