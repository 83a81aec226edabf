"""Things in the street, drawn flat with their own shading: trees, lamps, fences, rubble.

Each function gives display RGB and coverage, shape (H, W, 4), uint8, at :data:`SPRITE_PPM` pixels per metre; the
bottom row stands on the ground.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.noise import fractal, smoothstep

Sprite = NDArray[np.uint8]
SPRITE_PPM = 64.0


def draw_tree(rng: np.random.Generator, is_bare: bool = False) -> Sprite:
    """Draw a street tree 5 to 7.5 m tall; ``is_bare`` leaves out the leaves."""
    tall = rng.uniform(5, 7.5)
    image = _blank(tall * 1.15, tall)
    rows, columns = image.shape[:2]
    tips: list[NDArray[np.float64]] = []
    foot = np.array([columns / 2, rows - 1.0])
    _branch(image, rng, foot, _Limb(-np.pi / 2, rows * 0.235, rows * 0.038), tips)
    if not is_bare:
        _leaves(image, rng, np.array(tips))
    return image


class _Limb(NamedTuple):
    """Direction in radians, length and width in pixels."""

    angle: float
    length: float
    width: float


def _branch(
    image: Sprite,
    rng: np.random.Generator,
    start: NDArray[np.float64],
    limb: _Limb,
    tips: list[NDArray[np.float64]],
) -> None:
    angle, length, width = limb
    end = start + length * np.array([np.cos(angle), np.sin(angle)])
    tone = rng.uniform(0.8, 1.2)
    for part, shade in ((1.0, 0.20), (0.55, 0.30)):  # a lit half on a dark limb makes it round
        color = [int(255 * shade * tone * value) for value in (1.05, 0.95, 0.82)] + [255]
        offset = np.array([-(1 - part) * width * 0.4, 0])
        ends = np.round((np.stack([start, end]) + offset) * 16).astype(np.int32)
        cv2.line(image, ends[0].tolist(), ends[1].tolist(), color, max(1, round(width * part)), cv2.LINE_AA, 4)
    if width < 1.3:
        tips.append(end)
        return
    for _ in range(2 if rng.random() < 0.6 else 3):
        turn, shorter, thinner = rng.normal(0, 0.45), rng.uniform(0.65, 0.85), rng.uniform(0.5, 0.68)
        _branch(image, rng, end, _Limb(angle + turn, length * shorter, width * thinner), tips)


def _leaves(image: Sprite, rng: np.random.Generator, tips: NDArray[np.float64]) -> None:
    """Small strokes around the twigs, darker below and inside, lighter towards the upper left."""
    rows, columns = image.shape[:2]
    count = 3200
    spots = tips[rng.integers(len(tips), size=count)] + rng.normal(0, rows * 0.05, (count, 2))
    middle = spots.mean(0)
    toward_light = ((spots - middle) @ np.array([-0.5, -0.85])) / rows
    order = np.argsort(toward_light + rng.normal(0, 0.08, count))
    base = np.array([[0.30, 0.35, 0.19], [0.36, 0.38, 0.22], [0.27, 0.32, 0.21]])[rng.integers(3)]
    tones = np.clip(0.72 + 1.5 * toward_light + rng.normal(0, 0.16, count), 0.3, 1.5)
    sizes = rng.integers(1, 5, (count, 2))
    turns = rng.uniform(0, 180, count)
    for i in order:
        color = [int(value) for value in np.clip(255 * base * tones[i], 0, 255)] + [255]
        cv2.ellipse(image, np.round(spots[i]).astype(int).tolist(), sizes[i].tolist(), turns[i], 0, 360, color, -1)


def draw_lamp(rng: np.random.Generator) -> Sprite:
    """Draw a street lamp on a pole."""
    image = _blank(1.6, 6.4)
    rows, columns = image.shape[:2]
    tone = rng.uniform(0.25, 0.5)
    for x in range(7):
        light = tone * (0.55 + 0.75 * np.sin(np.pi * (x + 0.8) / 8))
        image[int(rows * 0.06) :, x + 8] = [int(255 * light)] * 2 + [int(262 * light), 255]
    image[int(rows * 0.83) :, 5:18] = np.maximum(image[int(rows * 0.83) :, 5:18], [int(180 * tone)] * 3 + [255])
    cv2.ellipse(
        image,
        (11, int(rows * 0.08)),
        (int(columns * 0.6), int(rows * 0.06)),
        0,
        270,
        360,
        (80, 80, 84, 255),
        4,
        cv2.LINE_AA,
    )
    cv2.ellipse(image, (int(columns * 0.72), int(rows * 0.075)), (24, 7), 8, 0, 360, (70, 70, 74, 255), -1, cv2.LINE_AA)
    cv2.ellipse(
        image, (int(columns * 0.72), int(rows * 0.08)), (18, 4), 8, 0, 180, (220, 216, 200, 255), -1, cv2.LINE_AA
    )
    return image


def draw_fence(rng: np.random.Generator) -> Sprite:
    """Draw two panels of a building-site fence: a steel frame, wire, and sometimes a red and white tape."""
    image = _blank(7.0, 2.0)
    rows, columns = image.shape[:2]
    steel = (150, 152, 154, 255)
    for x in range(0, columns, 7):
        cv2.line(image, (x, 8), (x, rows - 10), (120, 122, 124, 150), 1)
    for y in range(8, rows - 8, 22):
        cv2.line(image, (0, y), (columns, y), (120, 122, 124, 160), 1)
    for x in (1, columns // 2 - 3, columns // 2 + 3, columns - 3):
        cv2.line(image, (x, 4), (x, rows), steel, 3)
    for y in (6, rows - 12):
        cv2.line(image, (0, y), (columns, y), steel, 3)
    for x in (columns // 2, 14, columns - 14):
        image[-9:, max(0, x - 22) : x + 22] = (118, 114, 108, 255)
    if rng.random() < 0.6:
        for i, x in enumerate(range(0, columns, 16)):
            y = int(rows * 0.4 + 6 * np.sin(np.pi * x / columns * 4))
            image[y : y + 7, x : x + 16] = (196, 48, 40, 255) if i % 2 else (226, 224, 220, 255)
    return image


def draw_rubble(rng: np.random.Generator, width: float, height: float) -> Sprite:
    """Draw a heap of broken masonry: many chunks, each with a lit top and a dark side, the smaller the lower."""
    image = _blank(width, height)
    rows, columns = image.shape[:2]
    palette = np.array(
        [[0.56, 0.32, 0.25], [0.66, 0.62, 0.56], [0.58, 0.55, 0.50], [0.72, 0.68, 0.60], [0.45, 0.42, 0.39]]
    )
    profile = smoothstep(1.0, 0.0, np.abs(np.linspace(-1, 1, columns)).astype(np.float32)) * rows
    profile *= 1 + 0.25 * fractal(rng, (1, columns), columns * 0.2, 4)[0]
    for depth in np.linspace(1, 0, 9):
        for _ in range(int(11 * width)):
            x = rng.integers(columns)
            y = rows - max(0, profile[x] - 9) * depth * rng.uniform(0.8, 1.0)
            _chunk(
                image,
                rng,
                np.array([x, y]),
                rng.uniform(3, 11) * (1.3 - 0.6 * depth),
                palette[rng.integers(len(palette))],
            )
    return image


def _chunk(
    image: Sprite, rng: np.random.Generator, spot: NDArray[np.float64], size: float, color: NDArray[np.float64]
) -> None:
    angles = np.sort(rng.uniform(0, 2 * np.pi, 6))
    shape = np.stack([np.cos(angles) * 1.25, np.sin(angles) * 0.8], 1) * size * rng.uniform(0.7, 1.1, (6, 1))
    tone = rng.uniform(0.65, 1.1)
    for offset, shade in ((0.35, 0.42), (0.0, 0.75), (-0.22, 1.05)):  # shadow, side, lit top
        points = np.round((spot + shape * (1 if shade < 1 else 0.72) + (0, offset * size)) * 16).astype(np.int32)
        shaded = np.clip(255 * color * shade * tone, 0, 255).tolist()
        cv2.fillConvexPoly(image, cv2.convexHull(points), [*shaded, 255], cv2.LINE_AA, 4)


def _blank(width: float, height: float) -> Sprite:
    return np.zeros((round(height * SPRITE_PPM), round(width * SPRITE_PPM), 4), np.uint8)
