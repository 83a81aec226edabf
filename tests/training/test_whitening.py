"""Whitening."""

from __future__ import annotations

import numpy as np
import pytest

from training.whitening import learn_whitening

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
