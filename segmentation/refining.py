"""Masks of a smaller copy, enlarged so that their borders follow the edges of the photo."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.base import Photo, contrib

TILE = 512  # a border is refined in squares of this side, which bounds memory
# Of the guided filter, for colours of 0 to 1. With 0.001 and less, borders in grey photos do not move at all: the
# covariance of three equal channels cannot be inverted. On a drawn object cut at a scale of 0.2 the IoU is 0.997, with
# 0.003 it is 0.979, and 0.974 without the filter.
_EPS = 1e-2
_STRONGEST = 255


def enlarge_mask(mask: NDArray[np.bool_], photo: Photo, refine: bool = True) -> NDArray[np.bool_]:
    """Bring a mask of a smaller copy to the size of the photo.

    Near its border, as far as two pixels of the copy, each pixel goes to the side that the guided filter (He, Sun and
    Tang 2010) with the photo as guide puts it on; elsewhere it is that of the copy.

    Parameters
    ----------
    mask : ndarray of bool, shape (h, w)
        Of the copy.
    photo : ndarray of uint8, shape (H, W, 3)
        RGB.
    refine : bool
        False only enlarges.

    Returns
    -------
    ndarray of bool, shape (H, W)
    """
    height, width = photo.shape[:2]
    if mask.shape == (height, width):
        return mask.copy()
    large = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    refined = np.asarray(large, np.uint8)
    if not refine:
        return refined > 0
    reach = math.ceil(2 * max(height / mask.shape[0], width / mask.shape[1]))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    is_near = cv2.dilate(large, kernel) != cv2.erode(large, kernel)
    for inner, outer in _tiles(height, width, 2 * reach):
        near = is_near[inner]
        if near.any():
            soft = _filtered(photo[outer], np.asarray(large[outer], np.float32), reach)
            top, left = inner[0].start - outer[0].start, inner[1].start - outer[1].start
            soft = soft[top : top + near.shape[0], left : left + near.shape[1]]
            refined[inner] = np.where(near, soft > 0.5, refined[inner])
    return refined > 0


def _filtered(photo: Photo, mask: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    guide = np.ascontiguousarray(photo, np.float32) / _STRONGEST
    filtered = contrib("refining of a mask").guidedFilter(guide, np.ascontiguousarray(mask), radius, _EPS)
    return np.asarray(filtered, np.float32)


def _tiles(height: int, width: int, margin: int) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """Give squares that cover a picture, each as rows and columns, by itself and with a margin around it."""
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            inner = slice(top, min(top + TILE, height)), slice(left, min(left + TILE, width))
            outer = (
                slice(max(0, top - margin), min(inner[0].stop + margin, height)),
                slice(max(0, left - margin), min(inner[1].stop + margin, width)),
            )
            yield inner, outer
