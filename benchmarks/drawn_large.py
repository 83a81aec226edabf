"""Drawn JPEGs of 12 megapixels, for timing decoders and what follows them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def draw_photos(folder: Path, count: int) -> list[Path]:
    """Write JPEGs of 4000 x 3000 pixels: patches of every size, and noise as a camera has it."""
    paths = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        image = np.zeros((3000, 4000, 3), np.float32)
        for side in (6, 24, 96, 384):
            coarse = rng.normal(0, 28, (side * 3 // 4, side, 3)).astype(np.float32)
            image += cv2.resize(coarse, (4000, 3000), interpolation=cv2.INTER_LINEAR)
        image += 120 + rng.normal(0, 4, image.shape).astype(np.float32)
        path = folder / f"drawn-{seed}.jpg"
        cv2.imwrite(str(path), image.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 92])
        paths.append(path)
    return paths
