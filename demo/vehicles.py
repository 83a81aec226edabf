"""A parked car, drawn from the side."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.noise import fractal
from demo.sprites import SPRITE_PPM, Sprite

CAR_COLORS = (
    (0.62, 0.63, 0.65),
    (0.20, 0.21, 0.23),
    (0.80, 0.80, 0.78),
    (0.40, 0.20, 0.18),
    (0.17, 0.25, 0.40),
    (0.35, 0.38, 0.33),
)
# Outlines in parts of the length (x, to the right) and of the height (y, down), as (hatchback, saloon, van).
_BODIES = (
    (
        (0.01, 0.80),
        (0.0, 0.58),
        (0.05, 0.50),
        (0.20, 0.44),
        (0.34, 0.10),
        (0.72, 0.07),
        (0.90, 0.12),
        (0.98, 0.48),
        (1.0, 0.80),
    ),
    (
        (0.01, 0.80),
        (0.0, 0.58),
        (0.04, 0.50),
        (0.22, 0.45),
        (0.36, 0.11),
        (0.62, 0.09),
        (0.78, 0.42),
        (0.98, 0.46),
        (1.0, 0.80),
    ),
    ((0.01, 0.82), (0.0, 0.55), (0.06, 0.45), (0.14, 0.38), (0.24, 0.03), (0.95, 0.01), (0.99, 0.10), (1.0, 0.82)),
)
_GLASS = (
    ((0.25, 0.44), (0.36, 0.15), (0.70, 0.12), (0.86, 0.16), (0.92, 0.44)),
    ((0.27, 0.44), (0.37, 0.16), (0.61, 0.14), (0.74, 0.43)),
    ((0.18, 0.40), (0.27, 0.09), (0.46, 0.08), (0.46, 0.40)),
)


def draw_car(rng: np.random.Generator) -> Sprite:
    """Draw a car with its shading, panes, wheels and lights; see :mod:`demo.sprites`."""
    kind = int(rng.integers(3))
    length, height = rng.uniform(4.0, 4.7), (1.45, 1.4, 1.95)[kind]
    shape = (round(height * SPRITE_PPM), round(length * SPRITE_PPM))
    image = np.zeros((*shape, 4), np.uint8)
    body = _mask(_BODIES[kind], shape)
    rows = np.linspace(0, 1, shape[0])[:, None]
    sheen = (
        0.95
        - 0.55 * rows
        + 0.35 * np.exp(-(((rows - 0.52) / 0.035) ** 2))
        + 0.2 * np.exp(-(((rows - 0.1) / 0.06) ** 2))
    )
    sheen = sheen + 0.03 * fractal(rng, shape, 40, 4) - 0.25 * (rows > 0.74)
    color = np.array(CAR_COLORS[rng.integers(len(CAR_COLORS))])
    image[..., :3] = np.clip(255 * color * sheen[..., None] * 1.25, 0, 255)
    _paint_glass(image, rng, _mask(_GLASS[kind], shape))
    doors = image[int(shape[0] * 0.44) : int(shape[0] * 0.76)]
    for x in (0.47, 0.72):
        doors[:, int(x * shape[1])] //= 2
    image[..., 3] = body
    _wheels(image)
    _lights(image)
    return image[:, ::-1].copy() if rng.random() < 0.5 else image


def _mask(outline: tuple[tuple[float, float], ...], shape: tuple[int, int]) -> NDArray[np.uint8]:
    mask = np.zeros(shape, np.uint8)
    points = np.round(np.array(outline) * (shape[1] - 1, shape[0] - 1) * 16).astype(np.int32)
    cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, 4)
    return cv2.blur(mask, (3, 3)).astype(np.uint8)


def _paint_glass(image: Sprite, rng: np.random.Generator, mask: NDArray[np.uint8]) -> None:
    rows, columns = mask.shape
    slope = np.linspace(0, 1, columns)[None, :] + np.linspace(0, 1, rows)[:, None]
    shine = (
        0.14
        + 0.28 * np.exp(-(((slope - rng.uniform(0.5, 1.0)) / 0.12) ** 2))
        + 0.25 * np.maximum(0, 0.3 - np.linspace(0, 1, rows))[:, None]
    )
    alpha = (mask / 255.0)[..., None]
    image[..., :3] = image[..., :3] * (1 - alpha) + alpha * 255 * shine[..., None] * np.array([0.9, 1.0, 1.08])
    for part in (0.5, 0.78):
        column = slice(int(part * columns) - 3, int(part * columns) + 3)
        image[:, column, :3] = (image[:, column, :3] * (1 - 0.6 * alpha[:, column])).astype(np.uint8)


def _wheels(image: Sprite) -> None:
    rows, columns = image.shape[:2]
    radius = int(0.33 * SPRITE_PPM)
    for x in (0.19, 0.80):
        centre = (int(x * columns), rows - radius - 1)
        cv2.circle(image, centre, radius + 4, (14, 14, 15, 255), -1, cv2.LINE_AA)
        cv2.circle(image, centre, radius, (30, 30, 31, 255), -1, cv2.LINE_AA)
        cv2.circle(image, centre, int(radius * 0.66), (128, 130, 133, 255), -1, cv2.LINE_AA)
        for angle in np.linspace(0, 2 * np.pi, 6)[:-1]:
            end = (int(centre[0] + radius * 0.6 * np.cos(angle)), int(centre[1] + radius * 0.6 * np.sin(angle)))
            cv2.line(image, centre, end, (70, 71, 73, 255), 3, cv2.LINE_AA)
        cv2.circle(image, centre, int(radius * 0.16), (60, 60, 62, 255), -1, cv2.LINE_AA)


def _lights(image: Sprite) -> None:
    rows, columns = image.shape[:2]
    cv2.ellipse(
        image, (int(columns * 0.04), int(rows * 0.57)), (11, 5), -10, 0, 360, (226, 222, 206, 255), -1, cv2.LINE_AA
    )
    cv2.ellipse(image, (int(columns * 0.975), int(rows * 0.55)), (6, 8), 0, 0, 360, (150, 26, 24, 255), -1, cv2.LINE_AA)
