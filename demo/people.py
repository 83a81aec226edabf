"""Somebody in the street, seen from afar."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.noise import fractal
from demo.sprites import SPRITE_PPM, Sprite

FINER = 4  # drawn this much larger, then shrunk, for clean edges
# Half outlines in parts of the body's height: (distance from the middle, height above the ground).
_COAT = ((0.02, 0.86), (0.06, 0.85), (0.115, 0.81), (0.12, 0.74), (0.10, 0.60), (0.105, 0.50), (0.11, 0.42))
_HEAD = (0.045, 0.058)


def draw_person(rng: np.random.Generator) -> Sprite:
    """Draw someone standing or walking, in everyday clothes; see :mod:`demo.sprites`."""
    ppm = SPRITE_PPM * FINER
    tall = rng.uniform(1.6, 1.85)
    image = np.zeros((round(tall * ppm), round(0.9 * ppm), 4), np.uint8)
    coat = _cloth(rng, 0.12, 0.5)
    trousers = _cloth(rng, 0.10, 0.30)
    skin = np.array([0.76, 0.60, 0.50]) * rng.uniform(0.55, 1.05)
    stride = rng.uniform(0.03, 0.12)
    for side, shade in ((-1, 0.75), (1, 1.0)):
        _limb(
            image,
            [(side * 0.04, 0.48), (side * (0.03 + stride * 0.5), 0.26), (side * stride, 0.03)],
            trousers * shade,
            0.075,
        )
        _limb(image, [(side * stride, 0.018), (side * stride + 0.05, 0.014)], trousers * 0.4, 0.035)
        _limb(image, [(side * 0.10, 0.80), (side * 0.145, 0.62), (side * 0.12, 0.47)], coat * shade * 0.9, 0.06)
        _limb(image, [(side * 0.12, 0.46), (side * 0.115, 0.445)], skin * shade, 0.035)
    outline = [*_COAT, *((-x, y) for x, y in reversed(_COAT))]
    cv2.fillPoly(image, [_pixels(image, outline)], _ink(coat), cv2.LINE_AA)
    _limb(image, [(0, 0.84), (0, 0.90)], skin * 0.75, 0.05)
    centre = tuple(_pixels(image, [(0.0, 0.925)])[0].tolist())
    axes = (round(_HEAD[0] * image.shape[0]), round(_HEAD[1] * image.shape[0]))
    cv2.ellipse(image, centre, axes, 0, 0, 360, _ink(skin), -1, cv2.LINE_AA)
    cv2.ellipse(image, centre, (axes[0] + 4, axes[1] + 6), 0, 185, 355, _ink(_cloth(rng, 0.07, 0.3)), -1, cv2.LINE_AA)
    rows, columns = image.shape[:2]
    folds = 1 + 0.12 * fractal(rng, (rows, columns), 0.08 * rows, 4)
    image[..., :3] = np.clip(image[..., :3] * (folds * np.linspace(1.35, 0.6, columns)[None, :])[..., None], 0, 255)
    return np.asarray(cv2.resize(image, (columns // FINER, rows // FINER), interpolation=cv2.INTER_AREA), np.uint8)


def _cloth(rng: np.random.Generator, dark: float, bright: float) -> NDArray[np.float64]:
    return np.clip(rng.uniform(dark, bright) + rng.normal(0, 0.02, 3), 0.04, 1)


def _ink(color: NDArray[np.float64]) -> list[float]:
    return [*(255 * color).tolist(), 255]


def _pixels(image: Sprite, points: list[tuple[float, float]]) -> NDArray[np.int32]:
    rows, columns = image.shape[:2]
    return np.array([[round(columns / 2 + x * rows), round((1 - y) * rows)] for x, y in points], np.int32)


def _limb(image: Sprite, points: list[tuple[float, float]], color: NDArray[np.float64], width: float) -> None:
    thick = max(1, round(width * image.shape[0]))
    cv2.polylines(image, [_pixels(image, points)], False, _ink(color), thick, cv2.LINE_AA)
