"""Floods: the pixels that hang together with one, by their 4 neighbours, and hold the same number."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.painting.planes import Plane

FIRST_SIDE = 256  # pixels; a segment of usual size lies in a window of this side
GROWTH = 4  # of the sides, so that all windows before the last one cost a fifteenth of it
_REACHED = 2  # beside 0, another number, and 1, the same one


@dataclass(frozen=True, eq=False)
class Region:
    """Some pixels of a plane.

    Attributes
    ----------
    left, top : int
        Place of the mask in the plane.
    mask : ndarray of bool, shape (h, w)
        True for its pixels.
    """

    left: int
    top: int
    mask: NDArray[np.bool_]


def flood(plane: Plane, x: int, y: int) -> Region:
    """Give the 4-connected region of equal number around pixel (x, y).

    OpenCV's ``floodFill`` runs in a window around the pixel; where the region reaches the window's border inside the
    plane, in a larger one. The result is that of a flood over the whole plane.
    """
    height, width = plane.shape
    side = FIRST_SIDE
    while True:
        left, right = max(0, x - side // 2), min(width, x + side // 2)
        top, bottom = max(0, y - side // 2), min(height, y + side // 2)
        window = (plane[top:bottom, left:right] == plane[y, x]).view(np.uint8)
        _, _, _, box = cv2.floodFill(window, None, (x - left, y - top), _REACHED, flags=4)
        column, row, columns, rows = box
        reaches_beyond = (
            (left > 0 and column == 0)
            or (top > 0 and row == 0)
            or (right < width and column + columns == right - left)
            or (bottom < height and row + rows == bottom - top)
        )
        if not reaches_beyond:
            mask = window[row : row + rows, column : column + columns] == _REACHED
            return Region(left + column, top + row, mask)
        side *= GROWTH
