"""Scaling: the only attack that changes the size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attacks.base import AttackContext
from attacks.resampling import resized


def scale(photo: NDArray[np.uint8], ratio: float, _context: AttackContext) -> NDArray[np.uint8]:
    """Scale both sides of a photo (H, W, 3) by ``ratio``; a side is never less than a pixel."""
    height, width = (max(1, round(side * ratio)) for side in photo.shape[:2])
    return resized(photo, width, height)
