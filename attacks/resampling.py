"""Bicubic resampling: Pillow's, which averages where it makes smaller."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def resized(photo: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Resample a photo (H, W, 3) to ``width`` x ``height`` pixels, each at least 1."""
    return np.asarray(Image.fromarray(photo).resize((width, height), Image.Resampling.BICUBIC))
