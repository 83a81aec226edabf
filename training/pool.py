"""The pool: fixed random crops with the teacher's answers, made shard by shard, read at random.

On a processor a teacher's answer costs more than the student's look at the crop, so each answer is used several times
(with flips and shifts of colour, which hardly change it) instead of drawing fresh crops at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from storage.errors import DamagedFileError
from storage.formats.crop_shards import CropShard, map_crop_shard, shard_path, write_crop_shard
from storage.machine import signals_held_back
from storage.progress import progress_bar
from training.crops import draw_crop
from training.photo_set import PhotoSet
from training.settings import PoolSettings
from training.teacher import Teacher, averaged_to_grid

TEACHER_BATCH = 50
PARTS = ("crops", "answers", "maps")


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


def turn_basis(basis: Basis, vectors: NDArray[np.float32], aims: NDArray[np.float32]) -> Basis:
    """Turn the projected vectors as a whole until they lie where a student's vectors lie.

    Principal components are known up to a rotation as far as angles between answers go. Begun with a student that has
    learnt from other crops, the rotation nearest to its vectors (Schönemann, "A generalized solution of the orthogonal
    Procrustes problem", 1966) spares it learning the same answers in other coordinates.

    Parameters
    ----------
    basis : Basis
        With D axes.
    vectors : ndarray of float32, shape (N, C)
        The teacher's answers.
    aims : ndarray of float32, shape (N, D)
        The student's unit vectors of the same crops.
    """
    projected = basis.project(vectors)
    unit = projected / np.maximum(np.linalg.norm(projected, axis=1, keepdims=True), 1e-12)
    left, _, right = np.linalg.svd(unit.T @ aims, full_matrices=False)
    return Basis(basis.mean, np.ascontiguousarray(basis.axes @ (left @ right), np.float32))


@dataclass(frozen=True, eq=False)
class Aim:
    """A student that the answers are turned towards.

    Attributes
    ----------
    identity : str
        SHA-256 of its file.
    describe : callable
        Turns crops (B, S, S, 3) into its unit vectors (B, D).
    """

    identity: str
    describe: Callable[[NDArray[np.uint8]], NDArray[np.float32]]


class Pool:
    """Crops of all shards, by one running number.

    Parameters
    ----------
    shards : sequence of CropShard
        The crops.
    identity : Mapping, optional
        What they hang on: photos, teacher and settings, without their number.
    """

    def __init__(self, shards: Sequence[CropShard], identity: Mapping[str, Any] | None = None) -> None:
        self.shards, self.identity = list(shards), dict(identity or {})
        self._ends = np.cumsum([len(shard.crops) for shard in self.shards])

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def take(self, numbers: NDArray[np.int64]) -> CropShard:
        """Give the crops of these numbers, copied into memory."""
        which = np.searchsorted(self._ends, numbers, side="right")
        rows = [(self.shards[shard], int(n - self._ends[shard])) for shard, n in zip(which, numbers, strict=True)]
        return CropShard(*(np.stack([getattr(shard, part)[row] for shard, row in rows]) for part in PARTS))


def make_pool(
    folder: Path,
    photos: PhotoSet,
    teacher: Teacher,
    settings: PoolSettings,
    *,
    num_workers: int = 1,
    aim: Aim | None = None,
) -> Pool:
    """Make what is missing of a pool and open all of it.

    Parameters
    ----------
    folder : Path
        Where the shards lie. Damaged shards, and those of other settings, are made anew.
    photos : PhotoSet
        What crops are drawn from.
    teacher : Teacher
        Who answers; with workers, each has a copy.
    settings : PoolSettings
        What the pool holds.
    num_workers : int
        Processes that make shards, each with one thread; the shards are the same whatever their number.
    aim : Aim, optional
        A student that will learn from the pool and has learnt before: the answers are turned towards its vectors.
    """
    described = asdict(settings) | {"photos": photos.digest, "teacher": teacher.identity}
    described |= {} if aim is None else {"turned_to": aim.identity}
    described.pop("num_crops")  # a pool may grow
    paths = [shard_path(folder, number) for number in range(settings.num_shards)]
    missing = [number for number, path in enumerate(paths) if not _stands(path, described)]
    if missing:
        maker = _Maker(folder, photos.photos, teacher, settings, described)
        maker.fit(aim)
        for _ in progress_bar(_made(maker, missing, num_workers), len(missing), "shards of crops"):
            pass
    return Pool([map_crop_shard(path, described) for path in paths], described)


def _made(maker: _Maker, numbers: Sequence[int], num_workers: int) -> Iterator[int]:
    if num_workers <= 1:
        yield from map(maker.write, numbers)
        return
    # Spawned, so that the same happens on every system; the photos go to each worker once.
    with ProcessPoolExecutor(num_workers, get_context("spawn"), _begin_worker, (maker,)) as workers:
        with signals_held_back():
            made = workers.map(_write_in_worker, numbers)
        yield from made


_worker_maker: list[_Maker] = []  # in a worker: what it makes shards with
_worker_limits: list[threadpool_limits] = []  # kept, so that they hold for the worker's life


def _begin_worker(maker: _Maker) -> None:
    # Workers whose libraries each start a thread for every core wait for one another: two were five times slower.
    _worker_limits[:] = [threadpool_limits(1)]
    cv2.setNumThreads(1)
    _worker_maker[:] = [maker]


def _write_in_worker(number: int) -> int:
    return _worker_maker[0].write(number)


def _stands(path: Path, described: dict[str, Any]) -> bool:
    if not path.is_file():
        return False
    try:
        map_crop_shard(path, described)
    except DamagedFileError:
        return False
    return True


class _Maker:
    """Draws crops, asks the teacher and writes shards."""

    def __init__(
        self,
        folder: Path,
        photos: Sequence[NDArray[np.uint8]],
        teacher: Teacher,
        settings: PoolSettings,
        described: dict[str, Any],
    ) -> None:
        self.folder, self.photos, self.teacher = folder, photos, teacher
        self.settings, self.described = settings, described
        self.basis = Basis(np.zeros(1, np.float32), np.zeros((1, 1), np.float32))

    def fit(self, aim: Aim | None = None) -> None:
        """Fit the projection, on crops of their own generator: the same whichever shards are missing."""
        rng, count = np.random.default_rng([self.settings.seed, 0, 1]), self.settings.basis_crops
        vectors, aims = [], []
        for start in range(0, count, TEACHER_BATCH):
            crops = self._crops(range(start, min(start + TEACHER_BATCH, count)), rng)
            vectors.append(self.teacher.maps(crops).mean(axis=(1, 2)))
            if aim is not None:
                aims.append(aim.describe(self._small(crops)))
        self.basis = fit_basis(np.concatenate(vectors), self.settings.dimension)
        if aim is not None:
            self.basis = turn_basis(self.basis, np.concatenate(vectors), np.concatenate(aims))

    def write(self, number: int) -> int:
        """Make one shard; give its number."""
        size, rng = self.settings.shard_size, np.random.default_rng([self.settings.seed, number])
        kept = []
        for start in range(0, size, TEACHER_BATCH):
            first = number * size + start
            kept.append(self._answered(range(first, first + min(TEACHER_BATCH, size - start)), rng))
        whole = CropShard(*(np.concatenate([getattr(k, part) for k in kept]) for part in PARTS))
        write_crop_shard(shard_path(self.folder, number), whole, self.described)
        return number

    def _answered(self, numbers: range, rng: np.random.Generator) -> CropShard:
        crops = self._crops(numbers, rng)
        maps = self.teacher.maps(crops)
        answers = self.basis.project(maps.mean(axis=(1, 2))).astype(np.float16)
        return CropShard(self._small(crops), answers, self.basis.project(averaged_to_grid(maps)).astype(np.float16))

    def _small(self, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
        size = (self.settings.stored_side,) * 2
        return np.stack([np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8) for crop in crops])

    def _crops(self, numbers: range, rng: np.random.Generator) -> NDArray[np.uint8]:
        drawn = replace(self.settings.crops, size=self.teacher.input_side)
        return np.stack([draw_crop(self.photos, number % len(self.photos), drawn, rng) for number in numbers])
