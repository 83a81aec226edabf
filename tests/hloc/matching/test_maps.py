"""Maps between points: fitted, judged, applied."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hloc.matching.maps import Moments, angle_difference, is_sane, map_points, scale_and_turn


def points(count: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(0, 640, (count, 2))


def fit(start: NDArray[np.float64], end: NDArray[np.float64], least_for_affine: int = 3) -> tuple[str, NDArray]:
    everything = np.ones((1, len(start)), bool)
    return Moments.of(np.concatenate([start.T, end.T])).fit(everything, least_for_affine)[0]


def by_the_book(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.linalg.lstsq(np.column_stack([start, np.ones(len(start))]), end, rcond=None)[0].T


def test_a_mirrored_or_flattened_map_is_not_sane() -> None:
    assert is_sane(np.array([[1.0, 0, 5], [0, 1.0, 5]]))
    assert not is_sane(np.array([[-1.0, 0, 0], [0, 1.0, 0]]))
    assert not is_sane(np.array([[1.0, 0, 0], [0, 0.01, 0]]))
    assert not is_sane(np.array([[np.nan, 0, 0], [0, 1.0, 0]]))
    assert not is_sane(np.array([[50.0, 0, 0], [0, 50.0, 0]]))


@given(st.floats(0.2, 5), st.floats(-179, 179), st.floats(-500, 500), st.floats(-500, 500))
@settings(deadline=None, max_examples=50)
def test_fits_give_back_the_map_that_made_the_points(scale: float, turn: float, right: float, down: float) -> None:
    start, angle = points(8), np.deg2rad(turn)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    true = np.column_stack([linear, [right, down]])
    for least_for_affine, kind in ((3, "affine"), (9, "similarity")):
        found_kind, found = fit(start, map_points(true, start), least_for_affine)
        assert found_kind == kind
        assert np.allclose(map_points(found, start), map_points(true, start), atol=1e-6)


@pytest.mark.parametrize("spread", [640.0, 3.0])
@pytest.mark.parametrize("count", [3, 6, 300])
def test_an_affine_map_is_that_of_least_squares_also_of_points_close_together(count: int, spread: float) -> None:
    start = 600 + points(count, 1) * spread / 640
    end = start @ np.array([[0.9, 0.2], [-0.1, 1.2]]) + points(count, 2) / 100
    assert np.allclose(map_points(fit(start, end)[1], start), map_points(by_the_book(start, end), start), atol=1e-6)


@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.0, 1.0), (1.0, 0.5), (0.0, 0.0)])
def test_of_points_on_one_line_the_map_with_the_smallest_numbers_is_taken(direction: tuple[float, float]) -> None:
    start = np.array([120.0, 300.0]) + np.outer(np.arange(9) * 8.0, direction)
    end = 1.1 * start + [4, -7]
    assert np.allclose(fit(start, end)[1], by_the_book(start, end), atol=1e-9)


def test_points_all_but_on_one_line_are_fitted_as_well_as_by_the_book() -> None:
    start = np.array([120.0, 300.0]) + np.outer(np.arange(30) * 8.0, (1.0, 0.0))
    start[::2, 1] += 1 / 32
    end = start * [1.05, 0.98] + 3
    assert np.allclose(map_points(fit(start, end)[1], start), end, atol=1e-4)


def test_each_choice_of_points_is_fitted_by_its_points_alone() -> None:
    start, end = points(40, 3), points(40, 4)
    chosen = np.random.default_rng(5).random((4, 40)) < 0.4
    together = Moments.of(np.concatenate([start.T, end.T])).fit(chosen, 6)
    for choice, (kind, found) in zip(chosen, together, strict=True):
        assert kind == "affine" and np.allclose(found, by_the_book(start[choice], end[choice]), atol=1e-9)


def test_no_choice_of_points_is_no_map() -> None:
    assert Moments.of(np.zeros((4, 5))).fit(np.zeros((0, 5), bool), 6) == []


@given(st.lists(st.floats(-40, 40), min_size=4, max_size=4))
def test_sanity_is_that_of_the_singular_values(numbers: list[float]) -> None:
    linear = np.array(numbers).reshape(2, 2)
    longest, shortest = np.linalg.svd(linear, compute_uv=False)
    limits = (longest - 3.5 * shortest, longest - 1 / 30, shortest - 30, np.linalg.det(linear))
    if min(map(abs, limits)) < 1e-6:  # rounding decides
        return
    expected = limits[0] < 0 and limits[1] > 0 and limits[2] < 0 and limits[3] > 0
    assert is_sane(np.column_stack([linear, [5, 5]])) == expected


def test_scale_and_turn_are_those_that_made_the_map() -> None:
    angle = np.deg2rad(25)
    linear = 1.7 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert scale_and_turn(np.column_stack([linear, [9, 9]])) == pytest.approx((np.log(1.7), 25))


@given(st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_a_difference_of_angles_is_the_short_way_round(one: float, other: float) -> None:
    difference = float(angle_difference(np.array(one), other))
    assert -180 <= difference <= 180
    assert np.cos(np.deg2rad(difference)) == pytest.approx(np.cos(np.deg2rad(one - other)), abs=1e-9)
