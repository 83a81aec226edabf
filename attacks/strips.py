"""Changes of values from 0 to 1, a few rows at a time: a large photo as floating-point numbers takes much memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

VALUES_PER_STRIP = 1 << 20


def change_in_strips(
    photo: NDArray[np.uint8], change: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> NDArray[np.uint8]:
    """Change a photo as values from 0 to 1; what leaves that range is clipped to it.

    Parameters
    ----------
    photo : ndarray of uint8, shape (H, W, 3)
        RGB.
    change : callable
        Takes some rows, float32 (h, W, 3), and gives as many; called from the top row to the bottom row.
    """
    changed = np.empty_like(photo)
    num_rows = max(1, VALUES_PER_STRIP // max(1, photo[0].size))
    for start in range(0, len(photo), num_rows):
        rows = slice(start, start + num_rows)
        values = change(photo[rows].astype(np.float32) / np.float32(255))
        changed[rows] = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return changed
