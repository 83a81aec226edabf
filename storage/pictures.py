"""A photo as a network sees it, the same where it is trained and where it is used.

Either its own aspect, the area of a square and sides in whole strides; or one size for all, with bars.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

DECODED_PER_SIDE = 2  # a photo is decoded at twice the picture's side, so that averaging areas has something to average
BAR_GREY = 127


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


def letterboxed(photo: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Fit a whole RGB photo (H, W, 3) into a picture (height, width, 3), in the middle, with grey bars beside it.

    The aspect is kept. A larger photo is averaged over areas, a smaller one enlarged by bilinear interpolation.
    """
    scale = min(width / photo.shape[1], height / photo.shape[0])
    columns, rows = (max(1, round(scale * length)) for length in (photo.shape[1], photo.shape[0]))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = np.full((height, width, 3), BAR_GREY, np.uint8)
    top, left = (height - rows) // 2, (width - columns) // 2
    picture[top : top + rows, left : left + columns] = cv2.resize(photo, (columns, rows), interpolation=method)
    return picture
