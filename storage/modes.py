"""Decoded images of any mode as RGB of 8 bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_MOST_GREY = 1e30  # so that a difference of two values stays finite in float32


def as_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Turn a decoded image of any mode into an array (H, W, 3), uint8.

    Transparency is laid on white. 16-bit grey is divided by 257; 32-bit and floating-point grey by what its values
    show, see :func:`_grey_range`.
    """
    if image.mode.startswith(("I", "F")):
        grey = _grey_to_8_bit(np.asarray(image))
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"))
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
        return np.asarray(ImageCms.applyTransform(image, transform))
    return np.asarray(image.convert("RGB"))


def _grey_to_8_bit(grey: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale grey values (H, W) of any number type to 0-255."""
    values = np.nan_to_num(grey.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    np.clip(values, -_MOST_GREY, _MOST_GREY, out=values)
    lowest, highest = (0.0, 65535.0) if grey.dtype.kind == "u" else _grey_range(values)
    values -= lowest
    values *= 255.0 / ((highest - lowest) or 1.0)
    return np.rint(values, out=values).astype(np.uint8)


def _grey_range(values: NDArray[np.float32]) -> tuple[float, float]:
    """Guess the range (black, white) of 32-bit or floating-point grey, which the file does not say.

    The narrowest of 0-1, 0-255 and 0-65535 that holds all values; else from the least to the greatest value.
    """
    least, greatest = float(values.min()), float(values.max())
    if least >= 0:
        for white in (1.0, 255.0, 65535.0):
            if greatest <= white:
                return 0.0, white
    return least, greatest
