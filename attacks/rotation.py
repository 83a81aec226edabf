"""Rotation, with all of the photo kept and brought back to its size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from attacks.base import AttackContext
from attacks.resampling import resized


def rotate(photo: NDArray[np.uint8], angle: float, _context: AttackContext) -> NDArray[np.uint8]:
    """Turn a photo (H, W, 3) counter-clockwise by ``angle`` degrees on a black canvas that holds all of it.

    The canvas is then resampled to the size of the photo, which squeezes what it shows.
    """
    height, width = photo.shape[:2]
    turned = Image.fromarray(photo).rotate(angle, Image.Resampling.BICUBIC, expand=True)
    return resized(np.asarray(turned), width, height)
