"""Small photos drawn for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def draw_photo(seed: int, width: int = 48, height: int = 32) -> Image.Image:
    """Draw a smooth coloured pattern that differs from seed to seed."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BILINEAR)


def save_photos(folder: Path, count: int, first_seed: int = 0) -> list[str]:
    """Save ``count`` drawn JPEGs in ``folder``; give their names, sorted."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"photo_{number:03d}.jpg" for number in range(count)]
    for number, name in enumerate(names):
        draw_photo(first_seed + number).save(folder / name, quality=92)
    return names
