"""Medians, outlines and the projection of the map."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.reporting.places import convex_outline, find_place, mercator_m

SQUARE = [(45.0, 15.0), (45.0, 15.001), (45.001, 15.001), (45.001, 15.0)]
DEGREE_M = 111_195.08  # of a great circle of the mean sphere


def test_no_position_is_no_place() -> None:
    assert find_place([]) is None


def test_the_place_is_the_median_so_one_wrong_position_moves_it_little() -> None:
    place = find_place([(45.0, 15.0), (45.0001, 15.0001), (45.0002, 15.0002), (10.0, 100.0)])
    assert place is not None and place.num_positions == 4
    assert place.latitude_deg == pytest.approx(45.0, abs=0.001)
    assert place.longitude_deg == pytest.approx(15.0, abs=0.001)


def test_the_outline_is_convex_and_leaves_out_what_lies_within() -> None:
    assert set(convex_outline([*SQUARE, (45.0005, 15.0005)])) == set(SQUARE)


def test_the_outline_goes_round_anticlockwise() -> None:
    points = mercator_m(convex_outline(SQUARE), SQUARE[0])
    following = np.roll(points, -1, axis=0)
    assert (points[:, 0] * following[:, 1] - points[:, 1] * following[:, 0]).sum() > 0


@pytest.mark.parametrize(
    ("positions", "outline"),
    [
        ([(45.0, 15.0)] * 3, ((45.0, 15.0),)),
        ([(45.0, 15.0), (45.0, 15.1)], ((45.0, 15.0), (45.0, 15.1))),
        ([(45.0, 15.0), (45.0, 15.1), (45.0, 15.05)], ((45.0, 15.0), (45.0, 15.1))),
        ([(45.0, 15.0), (45.2, 15.0), (45.1, 15.0)], ((45.0, 15.0), (45.2, 15.0))),
    ],
)
def test_without_area_the_outline_is_a_point_or_the_ends_of_a_line(
    positions: list[tuple[float, float]], outline: tuple[tuple[float, float], ...]
) -> None:
    assert convex_outline(positions) == outline


@given(
    st.lists(st.tuples(st.floats(-80, 80), st.floats(-180, 180)), min_size=1, max_size=12),
)
def test_any_positions_have_an_outline_made_of_them(positions: list[tuple[float, float]]) -> None:
    outline = convex_outline(positions)
    assert outline and set(outline) <= set(positions)


def test_the_order_of_photos_changes_no_outline() -> None:
    assert set(convex_outline(SQUARE[::-1])) == set(convex_outline(SQUARE))


@pytest.mark.parametrize("latitude", [0.0, 45.0, -60.0])
def test_near_the_centre_lengths_are_metres_north_and_east(latitude: float) -> None:
    east, north = mercator_m([(latitude, 10.001), (latitude + 0.001, 10.0)], (latitude, 10.0))
    assert east == pytest.approx((DEGREE_M * 0.001 * np.cos(np.radians(latitude)), 0), abs=0.01)
    assert north == pytest.approx((0, DEGREE_M * 0.001), rel=1e-4, abs=0.01)


def test_across_the_antimeridian_neighbours_stay_neighbours() -> None:
    points = mercator_m([(0.0, -179.999)], (0.0, 179.999))
    assert points[0, 0] == pytest.approx(0.002 * DEGREE_M, rel=1e-6)


def test_the_poles_are_finite() -> None:
    assert np.isfinite(mercator_m([(90.0, 0.0), (-90.0, 0.0)], (90.0, 0.0))).all()
