"""Whitening."""

from __future__ import annotations

import numpy as np
import pytest

from training.whitening import Whitening, learn_whitening, relearn_whitening

STRETCHED = np.random.default_rng(0).normal(size=(500, 3)) * [5.0, 1.0, 0.2] + [3.0, 0.0, 1.0]


def test_rows_come_out_with_unit_length() -> None:
    assert np.linalg.norm(learn_whitening(STRETCHED).apply(STRETCHED), axis=1) == pytest.approx(1)


def test_full_power_makes_all_spreads_equal() -> None:
    whitening = learn_whitening(STRETCHED, power=1.0)
    spreads = ((STRETCHED - whitening.mean) @ whitening.matrix).std(axis=0)
    assert spreads == pytest.approx(spreads[0], rel=0.02)


def test_power_zero_takes_only_the_mean_away() -> None:
    whitening = learn_whitening(STRETCHED, power=0.0)
    assert whitening.matrix == pytest.approx(np.eye(3), abs=1e-6)
    assert whitening.mean == pytest.approx(STRETCHED.mean(axis=0), rel=1e-5)


def test_directions_that_no_photo_shows_are_not_blown_up() -> None:
    flat = STRETCHED * [1.0, 1.0, 0.0]
    assert np.abs(learn_whitening(flat, power=1.0).matrix).max() < 40


def test_the_mean_itself_gives_a_zero_vector_and_no_warning() -> None:
    whitening = learn_whitening(STRETCHED)
    assert np.isfinite(whitening.apply(whitening.mean[None])).all()


def unit_vectors(count: int, spread: list[float], seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(count, 4)) * spread + [1.0, 0, 0, 0]
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


WIDE, TALL = [0.1, 0.6, 0.3, 0.2], [0.1, 0.2, 0.3, 0.6]
FORMER = learn_whitening(unit_vectors(5000, WIDE))


def difference(first: Whitening, second: Whitening) -> float:
    return float(np.abs(first.matrix - second.matrix).max())


def test_many_photos_speak_for_themselves() -> None:
    photos = unit_vectors(4000, TALL, seed=1)
    whitening, share = relearn_whitening(photos, FORMER)
    assert share < 0.01
    assert difference(whitening, learn_whitening(photos)) < 0.02 < difference(whitening, FORMER)
    assert whitening.mean == pytest.approx(photos.mean(axis=0), abs=0.01)


def test_few_photos_lean_on_what_was_learnt_before() -> None:
    photos = unit_vectors(6, WIDE, seed=2)
    whitening, share = relearn_whitening(photos, FORMER)
    assert share > 0.5
    assert difference(whitening, FORMER) < 0.5 * difference(learn_whitening(photos), FORMER)


def test_the_more_photos_the_less_of_the_former_whitening() -> None:
    shares = [
        np.mean([relearn_whitening(unit_vectors(count, TALL, seed), FORMER)[1] for seed in range(20)])
        for count in (3, 10, 40, 400)
    ]
    assert shares == sorted(shares, reverse=True) and shares[0] > 0.3 and shares[-1] < 0.05


def test_one_photo_changes_nothing() -> None:
    assert relearn_whitening(unit_vectors(1, TALL), FORMER) == (FORMER, 1.0)


def test_equal_photos_have_no_spread_to_learn_from() -> None:
    whitening, share = relearn_whitening(np.repeat(unit_vectors(1, TALL), 5, axis=0), FORMER)
    assert np.isfinite(whitening.matrix).all() and 0 <= share <= 1


def test_photos_of_the_former_kind_change_little_however_many() -> None:
    for count in (5, 50, 5000):
        whitening, _ = relearn_whitening(unit_vectors(count, WIDE, seed=3), FORMER)
        assert difference(whitening, FORMER) < 0.25


def test_blending_is_at_least_as_close_to_the_truth_as_either_alone_on_average() -> None:
    truth = learn_whitening(unit_vectors(20_000, TALL, seed=9))
    blended, alone = [], []
    for seed in range(30):
        photos = unit_vectors(8, TALL, seed=100 + seed)
        blended.append(difference(relearn_whitening(photos, FORMER)[0], truth))
        alone.append(difference(learn_whitening(photos), truth))
    assert np.mean(blended) < np.mean(alone)
