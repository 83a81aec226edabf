"""Median filter."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from attacks.base import AttackContext


def take_median(photo: NDArray[np.uint8], side: float, _context: AttackContext) -> NDArray[np.uint8]:
    """Give each value of a photo (H, W, 3) the median of the ``side`` x ``side`` values of its channel around it."""
    return np.asarray(cv2.medianBlur(photo, int(side)), np.uint8)
