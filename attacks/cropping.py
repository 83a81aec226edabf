"""Centre crop, brought back to the size of the photo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attacks.base import AttackContext
from attacks.resampling import resized


def crop(photo: NDArray[np.uint8], percent: float, _context: AttackContext) -> NDArray[np.uint8]:
    """Cut ``percent`` of each side of a photo (H, W, 3) off, half at either end, and enlarge what is left.

    60 keeps 40 % of each side, so 16 % of the area; at least a pixel is kept.
    """
    height, width = photo.shape[:2]
    rows, columns = (max(1, round(side * (1 - percent / 100))) for side in (height, width))
    top, left = (height - rows) // 2, (width - columns) // 2
    return resized(photo[top : top + rows, left : left + columns], width, height)
