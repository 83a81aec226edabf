"""A facade drawn with known segments: sky, roof, two walls, rows of windows, a door, ground, trees."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SKY, ROOF, WALL, BASE, GROUND, TREE, DOOR = 1, 2, 3, 4, 5, 6, 7
FIRST_WINDOW = 8
_COLOURS = {
    SKY: (176, 204, 232),
    ROOF: (122, 66, 52),
    WALL: (214, 192, 150),
    BASE: (138, 134, 128),
    GROUND: (92, 96, 84),
    TREE: (58, 104, 48),
    DOOR: (74, 46, 30),
}
_GLASS = (44, 58, 78)


@dataclass(frozen=True, eq=False)
class DrawnSegments:
    """A photo (H, W, 3), RGB, and the true segment (H, W) of each pixel, int32, from 1 without gaps."""

    photo: NDArray[np.uint8]
    truth: NDArray[np.int32]


def draw_facade(width: int = 864, height: int = 486, seed: int = 0, noise: float = 4.0) -> DrawnSegments:
    """Draw a facade with light that falls off, a weak texture and noise; each window is a segment of its own."""
    truth = np.full((height, width), SKY, np.int32)

    def box(left: float, top: float, right: float, bottom: float, label: int) -> None:
        rows = slice(round(top * height), round(bottom * height))
        truth[rows, round(left * width) : round(right * width)] = label

    def polygon(label: int, *corners: tuple[float, float]) -> None:
        points = np.array([[round(x * width), round(y * height)] for x, y in corners], np.int32)
        cv2.fillPoly(truth, [points], label)

    box(0, 0.86, 1, 1, GROUND)
    box(0.12, 0.26, 0.88, 0.78, WALL)
    box(0.12, 0.78, 0.88, 0.88, BASE)
    polygon(ROOF, (0.09, 0.26), (0.24, 0.10), (0.76, 0.10), (0.91, 0.26))
    box(0.46, 0.62, 0.54, 0.88, DOOR)
    label = FIRST_WINDOW
    for top in (0.32, 0.56):
        for left in (0.17, 0.31, 0.62, 0.76):
            box(left, top, left + 0.07, top + 0.15, label)
            label += 1
    cv2.circle(truth, (round(0.03 * width), round(0.72 * height)), round(0.16 * height), TREE, -1)
    return DrawnSegments(_lit(truth, seed, noise), truth)


def _lit(truth: NDArray[np.int32], seed: int, noise: float) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    table = np.array([_COLOURS.get(label, _GLASS) for label in range(int(truth.max()) + 1)], np.float32)
    photo = cv2.GaussianBlur(table[truth], (3, 3), 0.6)
    height, width = truth.shape
    coarse = random.normal(0, 1, (max(2, height // 24), max(2, width // 24))).astype(np.float32)
    light = 1 - 0.06 * np.linspace(0, 1, width, dtype=np.float32)[None, :]
    light = light + 0.01 * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    noisy = photo * light[:, :, None] + random.normal(0, noise, photo.shape)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class DrawnObject:
    """A photo (H, W, 3), RGB, and where its object is (H, W)."""

    photo: NDArray[np.uint8]
    mask: NDArray[np.bool_]


def draw_object(width: int = 240, height: int = 180, seed: int = 0) -> DrawnObject:
    """Draw a striped ellipse with a notch on a mottled ground."""
    random = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    centre, axes = (width // 2, height // 2), (width // 4, height // 4)
    cv2.ellipse(mask, centre, axes, 20, 0, 360, 1, -1)
    cv2.rectangle(mask, (width // 2 - width // 24, 0), (width // 2 + width // 24, height // 2 - height // 12), 0, -1)
    coarse = random.normal(0, 14, (6, 8)).astype(np.float32)
    ground = np.array((96, 132, 84), np.float32) + cv2.resize(coarse, (width, height))[:, :, None]
    stripes = np.where(np.arange(width) // max(1, width // 30) % 2, 1.0, 0.8)[None, :, None]
    photo = np.where(mask[:, :, None] > 0, np.array((204, 84, 52), np.float32) * stripes, ground)
    noisy = cv2.GaussianBlur(photo.astype(np.float32), (3, 3), 0.6) + random.normal(0, 5, photo.shape)
    return DrawnObject(np.clip(np.round(noisy), 0, 255).astype(np.uint8), mask > 0)
