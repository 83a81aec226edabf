"""A photo in the middle of a square, whole and sharp; the rest black, mirrored, or mirrored and ever softer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# One more halving of the border's resolution for each doubling of the distance to the photo, up to this many: at 64
# pixels a block no detail is left, and a border of any width is soft from there on.
MAX_HALVINGS = 6


def squared(pixels: NDArray[Any], border: str) -> NDArray[Any]:
    """Put a photo in the middle of a square of its longest side.

    Parameters
    ----------
    pixels : ndarray of uint8 or uint16, shape (H, W, C)
        The photo; with 2 or 4 channels the last one is opacity.
    border : {"pad", "blur", "reflect"}
        What fills the rest: black, the photo mirrored and ever softer outwards, or mirrored as it is.

    Returns
    -------
    ndarray, shape (S, S, C), S the longer of H and W
        Where the two borders cannot be equal the one at the right or at the bottom is a pixel wider. The photo itself
        is in it unchanged. A square photo is given back as it is.
    """
    height, width = pixels.shape[:2]
    if height == width:
        return pixels
    if height > width:
        return np.ascontiguousarray(squared(pixels.transpose(1, 0, 2), border).transpose(1, 0, 2))
    before = (width - height) // 2
    after = width - height - before
    make = _BORDERS[border]
    return np.concatenate([make(pixels, before)[::-1], pixels, make(pixels[::-1], after)])


def _black(photo: NDArray[Any], num_rows: int) -> NDArray[Any]:
    """Give ``num_rows`` black rows; opaque, where the photo knows opacity."""
    border = np.zeros((num_rows, *photo.shape[1:]), photo.dtype)
    if photo.shape[2] in (2, 4):
        border[..., -1] = np.iinfo(photo.dtype).max
    return border


def _mirrored(photo: NDArray[Any], num_rows: int) -> NDArray[Any]:
    """Give the rows beyond the first row of a photo, the nearest first: the photo mirrored, as often as it takes."""
    height = photo.shape[0]
    period = max(1, 2 * (height - 1))  # the outermost rows stand once in each turn
    steps = np.arange(1, num_rows + 1) % period
    return photo[np.where(steps < height, steps, period - steps)]


def _soft(photo: NDArray[Any], num_rows: int) -> NDArray[Any]:
    """Give the mirrored rows, each the softer the farther from the photo it lies.

    A Gaussian pyramid (Burt and Adelson, 1983, "The Laplacian pyramid as a compact image code", section 2) of photo
    and border is put together again from its coarsest level; at each level the rows near the photo take the finer
    picture. Beside the photo the border is as sharp as the photo, so no seam shows.
    """
    import cv2  # here, as it takes long to import

    if num_rows == 0:
        return photo[:0]
    num_known = min(photo.shape[0], 2**MAX_HALVINGS)  # rows of the photo that the softest rows look at
    levels = [np.ascontiguousarray(np.concatenate([photo[:num_known][::-1], _mirrored(photo, num_rows)]))]
    while len(levels) <= MAX_HALVINGS and min(levels[-1].shape[:2]) > 1:
        levels.append(_with_channels(cv2.pyrDown(levels[-1])))
    distances = np.maximum(np.arange(num_known + num_rows) - num_known + 1, 0)
    softness = np.log2(1 + distances / 2)
    picture = levels.pop()
    while levels:
        finer = levels.pop()
        coarse = _with_channels(cv2.pyrUp(picture, dstsize=(finer.shape[1], finer.shape[0])))
        share = np.clip(softness[:: 2 ** len(levels)] - len(levels), 0, 1).astype(np.float32)[:, None, None]
        picture = np.rint(finer + share * (coarse.astype(np.float32) - finer)).astype(photo.dtype)
    return picture[num_known:]


def _with_channels(picture: NDArray[Any]) -> NDArray[Any]:
    """Give back the last axis that OpenCV takes from pictures of one channel."""
    return picture[:, :, None] if picture.ndim == 2 else picture


_BORDERS: dict[str, Callable[[NDArray[Any], int], NDArray[Any]]] = {
    "pad": _black,
    "reflect": _mirrored,
    "blur": _soft,
}
BORDERS = tuple(_BORDERS)
