"""Lines of pixels, 8-connected: a flood that goes by 4 neighbours does not cross them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Point = tuple[int, int]


def line_pixels(start: Point, end: Point) -> NDArray[np.int64]:
    """Give the pixels of the line from ``start`` to ``end``, both included, in this order.

    Bresenham's line (IBM Systems Journal 4(1), 1965): one pixel for each step along the longer side, along x where
    both are equal. Pixel i of n lies ``(2 i d + n) // (2 n)`` along the shorter side of length d, so a tie between two
    pixels goes away from the first end. The first end is the one with the smaller x, then y; so the line back has the
    same pixels, in reverse order.

    Parameters
    ----------
    start, end : tuple of int
        (x, y).

    Returns
    -------
    ndarray of int64, shape (n + 1, 2)
        x and y of each pixel; n is the longer side.
    """
    if start > end:
        return line_pixels(end, start)[::-1]
    (x0, y0), (x1, y1) = start, end
    width, height, down = x1 - x0, abs(y1 - y0), 1 if y1 >= y0 else -1
    n = max(width, height)
    steps = np.arange(n + 1, dtype=np.int64)
    if not n:
        return np.array([start], dtype=np.int64)
    if width >= height:
        return np.stack([x0 + steps, y0 + down * ((2 * steps * height + n) // (2 * n))], axis=1)
    return np.stack([x0 + (2 * steps * width + n) // (2 * n), y0 + down * steps], axis=1)
