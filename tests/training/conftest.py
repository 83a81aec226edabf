"""A teacher that needs no file, and everything else of a training, small enough for a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.drawn_photos import save_photos
from training.photo_set import PhotoSet, find_photos, load_photos
from training.pool import Pool, make_pool
from training.settings import LearningSettings, PoolSettings, StudentSettings

TINY_STUDENT = StudentSettings(dimension=6, widths=(8, 8, 12, 16), bottlenecks=(4, 4, 4, 8), depths=(1, 1, 1, 1))
TINY_LEARNING = LearningSettings(
    num_samples=160, batch_size=16, learning_rate=4e-3, input_stages=((0.0, 32), (0.5, 48))
)
TINY_POOL = PoolSettings(num_crops=48, shard_size=24, dimension=6, stored_side=48, basis_crops=60)


class ColourTeacher:
    """Says how bright and how varied each colour is, in 8 x 8 cells of the crop."""

    identity = "colours"
    input_side = 64

    def __init__(self) -> None:
        self.num_asked = 0

    def maps(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.num_asked += len(crops)
        cells = crops.reshape(len(crops), 8, 8, 8, 8, 3).astype(np.float32) / 64
        return np.concatenate([cells.mean((2, 4)), cells.std((2, 4))], axis=-1)


@pytest.fixture
def photos(tmp_path: Path) -> PhotoSet:
    save_photos(tmp_path / "photos", 6)
    return load_photos(find_photos([tmp_path / "photos"]))


@pytest.fixture
def pool(tmp_path: Path, photos: PhotoSet) -> Pool:
    return make_pool(tmp_path / "crops", photos, ColourTeacher(), TINY_POOL)
