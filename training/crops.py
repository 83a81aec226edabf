"""Random crops of photos: the views that teacher and student compare.

A student learns most of a teacher from few photos when the crops are many and varied (Asano and Saeed, "The Augmented
Image Prior", 2023) and when both see the very same crop (Beyer et al., "Knowledge distillation: a good teacher is
patient and consistent", 2022). Everything here is drawn from the generator that is handed in, so crop number n of a
seed is the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from training.settings import CropSettings

MIN_CROP_SIDE = 16  # pixels; a smaller piece of a photo shows nothing


def draw_crop(
    photos: Sequence[NDArray[np.uint8]], index: int, settings: CropSettings, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Draw one crop of photo ``index``.

    Parameters
    ----------
    photos : sequence of ndarray of uint8, shape (H, W, 3)
        RGB photos; another one than ``index`` is used where the crop is mixed.
    index : int
        Which photo.
    settings : CropSettings
        How.
    rng : Generator
        Where chance comes from; it is advanced.

    Returns
    -------
    ndarray of uint8, shape (size, size, 3)
        RGB.
    """
    crop = _one_crop(photos[index], settings, rng)
    if rng.random() < settings.mixed:
        other = _one_crop(photos[int(rng.integers(len(photos)))], settings, rng)
        crop = _mixed(crop, other, rng)
    return crop


def _one_crop(photo: NDArray[np.uint8], settings: CropSettings, rng: np.random.Generator) -> NDArray[np.uint8]:
    crop = _resized(_cut(photo, settings, rng), settings.size)
    if rng.random() < settings.perspective:
        crop = _from_the_side(crop, rng)
    if rng.random() < 0.5:
        crop = np.ascontiguousarray(crop[:, ::-1])
    if settings.colour > 0:
        crop = recoloured(crop, settings.colour, rng)
    if rng.random() < settings.blur:
        crop = _as_uint8(cv2.GaussianBlur(crop, (0, 0), float(rng.uniform(0.5, 0.008 * settings.size + 0.6))))
    return crop


def _cut(photo: NDArray[np.uint8], settings: CropSettings, rng: np.random.Generator) -> NDArray[np.uint8]:
    height, width = photo.shape[:2]
    share = float(rng.uniform(math.sqrt(settings.min_area), 1.0))
    stretch = math.exp(float(rng.uniform(-0.5, 0.5)) * math.log(settings.max_stretch))
    rows = int(np.clip(round(height * share * stretch), min(MIN_CROP_SIDE, height), height))
    columns = int(np.clip(round(width * share / stretch), min(MIN_CROP_SIDE, width), width))
    top = int(rng.integers(height - rows + 1))
    left = int(rng.integers(width - columns + 1))
    return photo[top : top + rows, left : left + columns]


def _resized(piece: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    # Averaging areas where pixels get fewer, so that fine lines do not turn into moiré.
    is_shrunk = min(piece.shape[:2]) >= size
    return _as_uint8(cv2.resize(piece, (size, size), interpolation=cv2.INTER_AREA if is_shrunk else cv2.INTER_LINEAR))


def _from_the_side(crop: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    size = crop.shape[0]
    corners = np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)
    moved = corners + rng.uniform(-0.12, 0.12, (4, 2)).astype(np.float32) * size
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return _as_uint8(cv2.warpPerspective(crop, matrix, (size, size), borderMode=cv2.BORDER_REFLECT_101))


def recoloured(crop: NDArray[np.uint8], strength: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Change brightness, contrast, saturation and the balance of the colours of an RGB picture (H, W, 3).

    All are one linear map of each pixel's three values, so it is done in one pass.
    """
    contrast = math.exp(float(rng.normal(0.0, 0.22 * strength)))
    brightness = float(rng.normal(0.0, 18.0 * strength))
    saturation = max(0.0, 1.0 + float(rng.normal(0.0, 0.3 * strength)))
    balance = np.exp(rng.normal(0.0, 0.07 * strength, 3))
    grey = np.full((3, 3), 1 / 3)
    matrix = contrast * balance[:, None] * (saturation * np.eye(3) + (1 - saturation) * grey)
    offset = 128.0 * (1 - contrast) + brightness
    return _as_uint8(cv2.transform(crop, np.column_stack([matrix, np.full(3, offset)])))


def _mixed(crop: NDArray[np.uint8], other: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    if rng.random() < 0.5:
        share = float(rng.uniform(0.5, 0.9))
        return _as_uint8(cv2.addWeighted(crop, share, other, 1 - share, 0.0))
    size = crop.shape[0]
    border = int(rng.uniform(0.3, 0.7) * size)
    pasted = crop.copy()
    if rng.random() < 0.5:
        pasted[border:] = other[border:]
    else:
        pasted[:, border:] = other[:, border:]
    return pasted


def _as_uint8(picture: object) -> NDArray[np.uint8]:
    return np.asarray(picture, dtype=np.uint8)
