"""Gaussian blur."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from attacks.base import AttackContext


def blur(photo: NDArray[np.uint8], side: float, _context: AttackContext) -> NDArray[np.uint8]:
    """Blur a photo (H, W, 3) with a kernel of ``side`` x ``side`` pixels.

    Its deviation is ``0.6 ((side - 1) / 2 - 1) + 1``: 1.0, 1.6 and 2.2 pixels for 3, 5 and 7.
    """
    deviation = 0.6 * ((side - 1) / 2 - 1) + 1
    return np.asarray(cv2.GaussianBlur(photo, (int(side), int(side)), deviation), np.uint8)
