"""Random fields."""

from __future__ import annotations

import numpy as np
import pytest

from demo.noise import floats, fractal, smoothstep, stretched, wander


@pytest.mark.parametrize("shape", [(40, 60), (1, 50), (50, 1), (7, 200)])
def test_noise_has_the_shape_asked_for(shape: tuple[int, int]) -> None:
    field = fractal(np.random.default_rng(0), shape, 12, 4)
    assert field.shape == shape and field.dtype == np.float32 and np.isfinite(field).all()


def test_noise_is_around_zero_with_a_spread_near_one() -> None:
    field = fractal(np.random.default_rng(1), (400, 400), 20, 4)
    assert abs(field.mean()) < 0.15 and 0.6 < field.std() < 1.4


def test_a_larger_cell_gives_smoother_noise() -> None:
    def roughness(cell: float) -> float:
        return float(np.abs(np.diff(fractal(np.random.default_rng(2), (200, 200), cell, 1))).mean())

    assert roughness(40) < roughness(10) < roughness(3)


def test_more_octaves_add_detail() -> None:
    few, many = (fractal(np.random.default_rng(3), (200, 200), 40, octaves) for octaves in (1, 5))
    assert np.abs(np.diff(many)).mean() > 2 * np.abs(np.diff(few)).mean()


def test_stretched_noise_changes_slowly_along_its_long_side() -> None:
    field = stretched(np.random.default_rng(4), (200, 200), (100, 4))
    assert np.abs(np.diff(field, axis=0)).mean() < 0.2 * np.abs(np.diff(field, axis=1)).mean()


def test_the_same_seed_gives_the_same_noise() -> None:
    first, second = (fractal(np.random.default_rng(5), (30, 30), 8) for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (1.0, 0.0), (-2.0, 3.0)])
def test_smoothstep_goes_from_nought_to_one(low: float, high: float) -> None:
    field = smoothstep(low, high, floats([low - (high - low), low, (low + high) / 2, high, high + (high - low)]))
    assert field == pytest.approx([0, 0, 0.5, 1, 1])


def test_a_wandering_line_keeps_its_ends_and_leaves_the_straight_way() -> None:
    start, end = np.array([1.0, 2.0]), np.array([11.0, 2.0])
    line = wander(np.random.default_rng(6), start, end, 0.1)
    assert line.shape == (33, 2)
    assert (line[0] == start).all() and (line[-1] == end).all()
    assert np.ptp(line[:, 1]) > 0.1


def test_a_line_without_roughness_is_straight() -> None:
    line = wander(np.random.default_rng(7), np.zeros(2), np.array([4.0, 8.0]), 0.0)
    assert line[:, 1] == pytest.approx(2 * line[:, 0])
