"""Shear along both axes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from attacks.base import AttackContext


def shear(photo: NDArray[np.uint8], angle: float, _context: AttackContext) -> NDArray[np.uint8]:
    """Shear a photo (H, W, 3) by ``angle`` degrees along x, then along y, about its centre.

    The size stays; what comes from outside is black. The directions are what torchvision's ``affine`` calls
    ``shear=(angle, angle)``: the top moves right, then the right side moves up.
    """
    height, width = photo.shape[:2]
    slope = math.tan(math.radians(angle))
    x, y = width / 2, height / 2  # Pillow's coordinates: pixel centres are at halves
    # Where a pixel of the result comes from: x = x' + t y'', y'' = y' + t x', measured from the centre.
    rows = ((1 + slope**2, slope), (slope, 1.0))
    coefficients = [
        value for row, centre in zip(rows, (x, y), strict=True) for value in (*row, centre - row[0] * x - row[1] * y)
    ]
    image = Image.fromarray(photo)
    sheared = image.transform((width, height), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC)
    return np.asarray(sheared)
