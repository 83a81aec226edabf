"""A flood written as plainly as can be, for comparing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def plain_flood(plane: NDArray[np.int32], x: int, y: int) -> NDArray[np.bool_]:
    """Give the 4-connected region (H, W) of equal number around a pixel."""
    height, width = plane.shape
    reached = np.zeros(plane.shape, dtype=bool)
    waiting = [(x, y)]
    while waiting:
        x0, y0 = waiting.pop()
        if not reached[y0, x0]:
            reached[y0, x0] = True
            for x1, y1 in ((x0 - 1, y0), (x0 + 1, y0), (x0, y0 - 1), (x0, y0 + 1)):
                if 0 <= x1 < width and 0 <= y1 < height and plane[y1, x1] == plane[y0, x0]:
                    waiting.append((x1, y1))
    return reached
