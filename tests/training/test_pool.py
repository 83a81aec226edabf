"""The pool of crops with a teacher's answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from threadpoolctl import threadpool_info

from storage.formats.crop_shards import shard_path
from tests.training.conftest import TINY_POOL, ColourTeacher
from training.photo_set import PhotoSet
from training.pool import Aim, Pool, _made, fit_basis, make_pool, turn_basis


def test_a_pool_holds_crops_answers_and_maps_of_every_shard(pool: Pool) -> None:
    assert len(pool) == 48 and len(pool.shards) == 2
    assert pool.shards[0].crops.shape == (24, 48, 48, 3)
    assert pool.shards[0].answers.shape == (24, 6)
    assert pool.shards[0].maps.shape == (24, 4, 4, 6)


def test_an_answer_is_the_mean_of_its_map(pool: Pool) -> None:
    shard = pool.shards[1]
    np.testing.assert_allclose(shard.maps.astype(float).mean((1, 2)), shard.answers, atol=0.02)


def test_taking_crops_gives_them_in_the_order_asked_for(pool: Pool) -> None:
    taken = pool.take(np.array([30, 2, 23, 24]))
    for row, (shard, place) in enumerate([(1, 6), (0, 2), (0, 23), (1, 0)]):
        assert np.array_equal(taken.crops[row], pool.shards[shard].crops[place])
        assert np.array_equal(taken.answers[row], pool.shards[shard].answers[place])


def test_a_second_call_asks_the_teacher_nothing(tmp_path: Path, photos: PhotoSet) -> None:
    make_pool(tmp_path / "crops", photos, ColourTeacher(), TINY_POOL)
    again = ColourTeacher()
    make_pool(tmp_path / "crops", photos, again, TINY_POOL)
    assert again.num_asked == 0


def test_a_pool_grows_without_changing_what_stands(tmp_path: Path, photos: PhotoSet) -> None:
    first = make_pool(tmp_path / "crops", photos, ColourTeacher(), TINY_POOL)
    before = first.shards[1].crops.copy()
    grown = make_pool(tmp_path / "crops", photos, ColourTeacher(), replace(TINY_POOL, num_crops=72))
    assert len(grown) == 72 and np.array_equal(grown.shards[1].crops, before)
    np.testing.assert_allclose(grown.shards[2].maps.astype(float).mean((1, 2)), grown.shards[2].answers, atol=0.02)


def test_workers_make_the_same_bytes(tmp_path: Path, photos: PhotoSet) -> None:
    for folder, num_workers in (("alone", 1), ("together", 2)):
        make_pool(tmp_path / folder, photos, ColourTeacher(), TINY_POOL, num_workers=num_workers)
    for number in range(2):
        alone, together = (shard_path(tmp_path / folder, number).read_bytes() for folder in ("alone", "together"))
        assert alone == together


def test_a_removed_shard_is_made_again_to_the_same_bytes(tmp_path: Path, photos: PhotoSet) -> None:
    make_pool(tmp_path / "crops", photos, ColourTeacher(), TINY_POOL)
    path = shard_path(tmp_path / "crops", 1)
    before = path.read_bytes()
    path.unlink()
    make_pool(tmp_path / "crops", photos, ColourTeacher(), TINY_POOL)
    assert path.read_bytes() == before


def test_a_cut_shard_is_made_again(tmp_path: Path, photos: PhotoSet) -> None:
    make_pool(tmp_path / "crops", photos, ColourTeacher(), TINY_POOL)
    path = shard_path(tmp_path / "crops", 0)
    before = path.read_bytes()
    path.write_bytes(before[:-100])
    make_pool(tmp_path / "crops", photos, ColourTeacher(), TINY_POOL)
    assert path.read_bytes() == before


def test_other_photos_are_not_answered_from_old_shards(tmp_path: Path, photos: PhotoSet) -> None:
    make_pool(tmp_path / "crops", photos, ColourTeacher(), TINY_POOL)
    again = ColourTeacher()
    make_pool(tmp_path / "crops", photos.without([True, *[False] * 5]), again, TINY_POOL)
    assert again.num_asked >= 48


def test_the_projection_keeps_similarities_when_it_keeps_all_directions() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    centred = vectors - vectors.mean(0)
    projected = fit_basis(vectors, 4).project(vectors)
    np.testing.assert_allclose(projected @ projected.T, centred @ centred.T, atol=1e-4)


def test_directions_that_are_not_there_are_zero() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    assert not fit_basis(vectors, 5).project(vectors)[:, 3:].any()


class ThreadCounter:
    """In place of what makes shards: gives the most threads of any library of the worker."""

    def write(self, number: int) -> int:
        return max([cv2.getNumThreads(), *(library["num_threads"] for library in threadpool_info())])


def test_a_worker_computes_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "2")  # the workers are started with this, and must not obey it
    assert list(_made(ThreadCounter(), [0, 1], num_workers=2)) == [1, 1]  # type: ignore[arg-type]


def test_answers_are_turned_to_where_a_student_has_them() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 5)).astype(np.float32) + 3
    basis = fit_basis(vectors, 4)
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0].astype(np.float32)
    aims = basis.project(vectors) @ rotation
    aims /= np.linalg.norm(aims, axis=1, keepdims=True)
    turned = turn_basis(basis, vectors, aims).project(vectors)
    np.testing.assert_allclose(turned / np.linalg.norm(turned, axis=1, keepdims=True), aims, atol=1e-4)


def test_turning_changes_no_angle_between_answers() -> None:
    rng = np.random.default_rng(1)
    vectors, aims = rng.normal(size=(2, 50, 6)).astype(np.float32)
    basis = fit_basis(vectors, 6)
    before, after = basis.project(vectors), turn_basis(basis, vectors, aims).project(vectors)
    np.testing.assert_allclose(after @ after.T, before @ before.T, atol=1e-4)


def test_a_pool_for_a_student_that_has_learnt_before_is_another_pool(tmp_path: Path, photos: PhotoSet) -> None:
    plain = make_pool(tmp_path / "crops", photos, ColourTeacher(), TINY_POOL)
    answers = plain.shards[0].answers.astype(np.float32)
    rng = np.random.default_rng(2)
    aim = Aim("another", lambda crops: rng.normal(size=(len(crops), 6)).astype(np.float32))
    turned = make_pool(tmp_path / "crops", photos, ColourTeacher(), TINY_POOL, aim=aim)
    found = turned.shards[0].answers.astype(np.float32)
    assert not np.allclose(found, answers, atol=0.01)
    np.testing.assert_allclose(found @ found.T, answers @ answers.T, rtol=0.02, atol=0.02)
