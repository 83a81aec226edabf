"""Square photos with one digit each: a collection with known truth, as clusterimg's own example draws it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def draw_digit(digit: int, random: np.random.Generator, side: int = 128, jitter: int = 5) -> np.ndarray:
    """Draw a thick black digit on a light background, near the centre; (side, side, 3) uint8."""
    background = tuple(int(value) for value in random.integers(225, 256, 3))
    photo = np.full((side, side, 3), background, dtype=np.uint8)
    scale, thickness = side / 32, max(2, side // 16)
    (width, height), _ = cv2.getTextSize(str(digit), cv2.FONT_HERSHEY_SIMPLEX, scale, thickness)
    right, down = random.integers(-jitter, jitter + 1, 2)
    corner = ((side - width) // 2 + int(right), (side + height) // 2 + int(down))
    return cv2.putText(photo, str(digit), corner, cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), thickness)


def save_digits(folder: Path, count: int, seed: int = 0, side: int = 128, jitter: int = 5) -> dict[str, int]:
    """Save ``count`` photos named ``<index>_<digit>.png``; give the digit of each name."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    digits = random.integers(0, 10, count).tolist()
    truth = {f"{index:04d}_{digit}.png": digit for index, digit in enumerate(digits)}
    for name, digit in truth.items():
        cv2.imwrite(str(folder / name), draw_digit(digit, random, side, jitter))
    return truth
