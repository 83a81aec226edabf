"""What a canvas is made of: two planes of whole numbers, one for labels and cuts, one for paint."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.formats.paint_classes import Colour

Plane = NDArray[np.int32]

UNPAINTED = 0
PAINTED = 1 << 24  # beside the three bytes of a colour, so that black paint is paint
EDGE = 0
MAX_LABEL = (1 << 24) - 1  # what three bytes of a PNG hold


def paint_of(colour: Colour) -> int:
    """Give the number that stands in the paint plane for a colour: 2**24 + 65536 red + 256 green + blue."""
    red, green, blue = colour
    return PAINTED | red << 16 | green << 8 | blue


def colour_of(paint: int) -> Colour:
    """Give the colour that a number of the paint plane stands for; the reverse of :func:`paint_of`."""
    return paint >> 16 & 255, paint >> 8 & 255, paint & 255


def paint_of_picture(picture: NDArray[np.uint8]) -> Plane:
    """Give the paint plane (H, W) of an RGB picture (H, W, 3), all of it painted."""
    wide = picture.astype(np.int32)
    return PAINTED | wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]


def check_labels(labels: NDArray[Any]) -> Plane:
    """Give a label image as a plane of its own, (H, W) int32.

    Raises
    ------
    ValueError
        When it is not two-dimensional, empty, not of whole numbers, or holds a label below 0 or above 2**24 - 1.
    """
    if labels.ndim != 2 or not labels.size:
        raise ValueError(f"labels have the shape {labels.shape}: must be (height, width), 1 pixel or more")
    if labels.dtype.kind not in "iub":
        raise ValueError(f"labels are of type {labels.dtype}: must be whole numbers")
    least, most = int(labels.min()), int(labels.max())
    if least < 0 or most > MAX_LABEL:
        raise ValueError(f"labels go from {least} to {most}: must be 0 (edge) to {MAX_LABEL}")
    return labels.astype(np.int32, order="C", copy=True)
