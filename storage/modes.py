"""Decoded images of any mode as RGB of 8 bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_BAND_PIXELS = 1 << 22
_MOST_GREY = 1e30  # so that a difference of two values stays finite in float32


def as_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Turn a decoded image of any mode into an array (H, W, 3), uint8.

    Transparency is laid on white. 16-bit grey is divided by 257; 32-bit and floating-point grey by what its values
    show, see :func:`_grey_range`. The rows are converted in bands, so that the memory is that of image and array.
    """
    convert = _converter(image)
    rgb = np.empty((image.height, image.width, 3), np.uint8)
    for top, band in _bands(image):
        rgb[top : top + band.height] = convert(band)
    return rgb


def _bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """Cut an image into bands of rows; give the first row of each as well."""
    num_rows = max(1, _BAND_PIXELS // image.width)
    if num_rows >= image.height:
        yield 0, image
        return
    for top in range(0, image.height, num_rows):
        yield top, image.crop((0, top, image.width, min(top + num_rows, image.height)))


def _converter(image: Image.Image) -> Callable[[Image.Image], NDArray[np.uint8]]:
    """Give what turns a band of the image into an array (H, W, 3), or (H, W, 1) where all channels are alike."""
    if image.mode.startswith(("I", "F")):
        black, white = _black_and_white(image)
        return lambda band: _grey_to_8_bit(np.asarray(band), black, white)[:, :, None]
    if image.has_transparency_data:
        return _on_white
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
        return lambda band: np.asarray(ImageCms.applyTransform(band, transform))
    if image.mode == "RGB":
        return np.asarray  # convert would copy it once more
    return lambda band: np.asarray(band.convert("RGB"))


def _on_white(image: Image.Image) -> NDArray[np.uint8]:
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"))


def _finite(grey: NDArray[Any]) -> NDArray[np.float32]:
    values = np.nan_to_num(grey.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(values, -_MOST_GREY, _MOST_GREY, out=values)


def _grey_to_8_bit(grey: NDArray[Any], black: float, white: float) -> NDArray[np.uint8]:
    """Scale grey values (H, W) of any number type to 0-255."""
    values = _finite(grey)
    values -= black
    values *= 255.0 / ((white - black) or 1.0)
    return np.rint(values, out=values).astype(np.uint8)


def _black_and_white(image: Image.Image) -> tuple[float, float]:
    """Give the values of black and white of a grey image."""
    least, greatest = np.inf, -np.inf
    for _, band in _bands(image):
        grey = np.asarray(band)
        if grey.dtype.kind == "u":
            return 0.0, 65535.0
        values = _finite(grey)
        least, greatest = min(least, float(values.min())), max(greatest, float(values.max()))
    return _grey_range(least, greatest)


def _grey_range(least: float, greatest: float) -> tuple[float, float]:
    """Guess the range (black, white) of 32-bit or floating-point grey, which the file does not say.

    The narrowest of 0-1, 0-255 and 0-65535 that holds all values; else from the least to the greatest value.
    """
    if least >= 0:
        for white in (1.0, 255.0, 65535.0):
            if greatest <= white:
                return 0.0, white
    return least, greatest
