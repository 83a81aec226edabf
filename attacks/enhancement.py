"""Contrast, colour, brightness, sharpness, as Pillow's ``ImageEnhance`` defines them: 1 leaves a photo as it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from attacks.base import AttackContext


def change_contrast(photo: NDArray[np.uint8], factor: float, _context: AttackContext) -> NDArray[np.uint8]:
    """Move the values of a photo (H, W, 3) away from their mean grey (factor above 1) or towards it."""
    return np.asarray(ImageEnhance.Contrast(Image.fromarray(photo)).enhance(factor))


def change_color(photo: NDArray[np.uint8], factor: float, _context: AttackContext) -> NDArray[np.uint8]:
    """Move the values of a photo (H, W, 3) away from its grey picture (factor above 1) or towards it."""
    return np.asarray(ImageEnhance.Color(Image.fromarray(photo)).enhance(factor))


def change_brightness(photo: NDArray[np.uint8], factor: float, _context: AttackContext) -> NDArray[np.uint8]:
    """Multiply the values of a photo (H, W, 3) by the factor."""
    return np.asarray(ImageEnhance.Brightness(Image.fromarray(photo)).enhance(factor))


def change_sharpness(photo: NDArray[np.uint8], factor: float, _context: AttackContext) -> NDArray[np.uint8]:
    """Move the values of a photo (H, W, 3) away from its smoothed picture (factor above 1) or towards it."""
    return np.asarray(ImageEnhance.Sharpness(Image.fromarray(photo)).enhance(factor))
