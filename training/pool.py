"""The pool: fixed random crops with the teacher's answers, made shard by shard, read at random.

On a processor a teacher's answer costs more than the student's look at the crop, so each answer is used several times
(with flips and shifts of colour, which hardly change it) instead of drawing fresh crops at every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from storage.errors import DamagedFileError
from storage.formats.crop_shards import CropShard, map_crop_shard, shard_path, write_crop_shard
from storage.progress import progress_bar
from training.crops import draw_crop
from training.photo_set import PhotoSet
from training.settings import CropSettings, PoolSettings
from training.teacher import Teacher, averaged_to_grid

TEACHER_BATCH = 50


@dataclass(frozen=True, eq=False)
class Basis:
    """The projection of the teacher's vectors: centred on the crops' mean, reduced to their principal components.

    Attributes
    ----------
    mean : ndarray of float32, shape (C,)
        Mean vector.
    axes : ndarray of float32, shape (C, D)
        Principal components as columns, unit length.
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]

    def project(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn vectors (..., C) into (..., D)."""
        return np.asarray((vectors - self.mean) @ self.axes, np.float32)


def fit_basis(vectors: NDArray[np.float32], dimension: int) -> Basis:
    """Fit the projection to vectors (N, C); with fewer than ``dimension`` directions, the rest are zero."""
    mean = vectors.mean(axis=0)
    axes = np.linalg.svd(vectors - mean, full_matrices=False)[2][:dimension].T
    missing = dimension - axes.shape[1]
    return Basis(mean.astype(np.float32), np.pad(axes, ((0, 0), (0, missing))).astype(np.float32))


class Pool:
    """Crops of all shards, by one running number."""

    def __init__(self, shards: Sequence[CropShard]) -> None:
        self.shards = list(shards)
        self._ends = np.cumsum([len(shard.crops) for shard in self.shards])

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def take(self, numbers: NDArray[np.int64]) -> CropShard:
        """Give the crops of these numbers, copied into memory."""
        which = np.searchsorted(self._ends, numbers, side="right")
        rows = [(self.shards[shard], int(n - self._ends[shard])) for shard, n in zip(which, numbers, strict=True)]
        return CropShard(
            *(np.stack([getattr(shard, part)[row] for shard, row in rows]) for part in ("crops", "answers", "maps"))
        )


def make_pool(folder: Path, photos: PhotoSet, teacher: Teacher, settings: PoolSettings, dimension: int) -> Pool:
    """Make what is missing of a pool and open all of it.

    Parameters
    ----------
    folder : Path
        Where the shards lie. Damaged shards, and those of other settings, are made anew.
    photos : PhotoSet
        What crops are drawn from.
    teacher : Teacher
        Who answers.
    settings : PoolSettings
        What the pool holds.
    dimension : int
        Length D of the projected answers.
    """
    described = asdict(settings) | {"photos": photos.digest, "teacher": teacher.identity, "dimension": dimension}
    described.pop("num_crops")  # a pool may grow
    maker = _Maker(photos.photos, teacher, settings, dimension)
    shards = []
    for number in progress_bar(range(settings.num_shards), settings.num_shards, "crops"):
        path = shard_path(folder, number)
        if not _stands(path, described):
            write_crop_shard(path, maker.shard(number), described)
        shards.append(map_crop_shard(path, described))
    return Pool(shards)


def _stands(path: Path, described: dict[str, Any]) -> bool:
    if not path.is_file():
        return False
    try:
        map_crop_shard(path, described)
    except DamagedFileError:
        return False
    return True


class _Maker:
    """Draws crops and asks the teacher; fits the projection when it is first needed."""

    def __init__(
        self, photos: Sequence[NDArray[np.uint8]], teacher: Teacher, settings: PoolSettings, dimension: int
    ) -> None:
        self.photos, self.teacher, self.settings, self.dimension = photos, teacher, settings, dimension
        self._basis: Basis | None = None

    def shard(self, number: int) -> CropShard:
        """Make one shard."""
        basis = self._fitted()
        first, count, side = number * self.settings.shard_size, self.settings.shard_size, self.settings.stored_side
        rng = np.random.default_rng([self.settings.seed, number])
        kept: list[CropShard] = []
        for start in range(0, count, TEACHER_BATCH):
            crops = self._crops(range(first + start, first + min(start + TEACHER_BATCH, count)), rng)
            maps = self.teacher.maps(crops)
            answers = basis.project(maps.mean(axis=(1, 2)))
            small = np.stack([cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA) for crop in crops])
            places = basis.project(averaged_to_grid(maps))
            kept.append(CropShard(small.astype(np.uint8), answers.astype(np.float16), places.astype(np.float16)))
        return CropShard(*(np.concatenate([getattr(k, part) for k in kept]) for part in ("crops", "answers", "maps")))

    def _crops(self, numbers: range, rng: np.random.Generator) -> NDArray[np.uint8]:
        drawn = CropSettings(**(asdict(self.settings.crops) | {"size": self.teacher.input_side}))
        return np.stack([draw_crop(self.photos, number % len(self.photos), drawn, rng) for number in numbers])

    def _fitted(self) -> Basis:
        if self._basis is None:
            # From crops of its own generator, so that it is the same whichever shard is made first.
            rng = np.random.default_rng([self.settings.seed, 0, 1])
            count = self.settings.basis_crops
            batches = [range(start, min(start + TEACHER_BATCH, count)) for start in range(0, count, TEACHER_BATCH)]
            vectors = [self.teacher.maps(self._crops(batch, rng)).mean(axis=(1, 2)) for batch in batches]
            self._basis = fit_basis(np.concatenate(vectors), self.dimension)
        return self._basis
