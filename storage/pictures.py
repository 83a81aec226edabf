"""A photo as a network sees it: its own aspect, the area of a square, sides in whole strides."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray


def picture_size(width: int, height: int, side: int, stride: int) -> tuple[int, int]:
    """Give the size at which a photo is seen.

    Parameters
    ----------
    width, height : int
        Of the photo, in pixels.
    side : int
        Of the square whose area the picture has, in pixels; at least ``stride``.
    stride : int
        Both sides are multiples of it.
    """
    scale = side / math.sqrt(width * height)
    columns, rows = (
        min(max(1, round(length * scale / stride)), side * side // stride**2) for length in (width, height)
    )
    return columns * stride, rows * stride


def as_picture(photo: NDArray[np.uint8], side: int, stride: int) -> NDArray[np.uint8]:
    """Resize an RGB photo (H, W, 3) to its :func:`picture_size`, by averaging areas."""
    size = picture_size(photo.shape[1], photo.shape[0], side, stride)
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
