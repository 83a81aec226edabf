"""Drawn photos for the tests of this room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image


@pytest.fixture(scope="session")
def drawn() -> NDArray[np.uint8]:
    """A smooth picture (48, 64, 3) without any symmetry, so that every turn and mirror of it shows."""
    rows, columns = np.mgrid[0:48, 0:64].astype(np.float64)
    red = 255 * columns / 63
    green = 255 * rows / 47
    blue = 127 + 120 * np.sin(columns / 9) * np.cos(rows / 14)
    return np.stack([red, green, blue], axis=2).round().astype(np.uint8)


@pytest.fixture
def jpeg(drawn: NDArray[np.uint8], tmp_path: Path) -> Path:
    """The drawn picture as a JPEG of good quality."""
    path = tmp_path / "drawn.jpg"
    Image.fromarray(drawn).save(path, quality=95, subsampling=0)
    return path
