from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from clustering.nearest import (
    EARTH_RADIUS_M,
    LonePlaces,
    LowestWithin,
    Point,
    chord_length,
    find_alone,
    haversine_m,
    unit_vector,
)
from tests.clustering.literal_specification import distance_m


def test_a_quarter_of_the_equator_is_a_quarter_of_the_circumference() -> None:
    assert haversine_m(0, 0, 0, 90) == pytest.approx(EARTH_RADIUS_M * math.pi / 2)


def test_opposite_points_are_half_the_circumference_apart() -> None:
    assert haversine_m(30, 10, -30, -170) == pytest.approx(EARTH_RADIUS_M * math.pi)


def test_longitudes_on_both_sides_of_the_antimeridian_are_near() -> None:
    assert haversine_m(0, 179.9999, 0, -179.9999) == pytest.approx(22.239, abs=0.001)


def test_a_chord_spans_its_arc() -> None:
    a, b = unit_vector(46, 7), unit_vector(46.3, 7.2)
    assert chord_length(haversine_m(46, 7, 46.3, 7.2)) == pytest.approx(math.dist(a, b))


def test_the_lowest_of_several_near_places_is_found_not_the_nearest() -> None:
    places = LowestWithin(np.array([[50.0, 7.0], [46.0002, 7.0], [46.0, 7.0]]), 30)
    assert places.find(46.0, 7.0) == 1


def test_the_radius_is_inclusive() -> None:
    distance = haversine_m(46, 7, 46.0002, 7)
    assert LowestWithin(np.array([[46.0002, 7.0]]), distance).find(46, 7) == 0
    assert LowestWithin(np.array([[46.0002, 7.0]]), distance - 1e-6).find(46, 7) is None


def test_a_radius_of_zero_finds_the_very_place() -> None:
    places = LowestWithin(np.array([[46.0, 7.0], [46.0, 7.0000001]]), 0)
    assert (places.find(46, 7), places.find(46, 7.0000001), places.find(46, 7.1)) == (0, 1, None)


def test_a_radius_of_half_the_earth_finds_everything() -> None:
    assert LowestWithin(np.array([[-46.0, -173.0]]), 3e7).find(46, 7) == 0


def test_a_removed_place_is_found_no_more() -> None:
    places = LowestWithin(np.array([[46.0, 7.0]] * 20), 30)
    for place in (0, 2, 1):
        places.remove(place)
    assert places.find(46, 7) == 3


def test_no_places_give_none() -> None:
    assert LowestWithin(np.empty((0, 2)), 30).find(46, 7) is None


def test_found_places_equal_those_of_looking_at_all() -> None:
    rng = np.random.default_rng(2)
    for radius in (0.0, 15.0, 40.0, 2000.0):
        positions = np.array([46, 7]) + rng.integers(-20, 20, (150, 2)) * 1e-4
        places, left = LowestWithin(positions, radius), set(range(150))
        while left:
            asked = positions[rng.integers(150)] + rng.choice([0, 1e-5]) * rng.random(2)
            near = [p for p in left if distance_m(tuple(asked), tuple(positions[p])) <= radius]
            assert places.find(*asked) == min(near, default=None)
            gone = int(rng.choice(sorted(left)))
            places.remove(gone)
            left.remove(gone)


def test_crowded_places_are_answered_without_looking_at_each(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    positions = np.array([46, 7]) + rng.random((4000, 2)) * 1e-4
    places = LowestWithin(positions, 30)
    visited: list[int] = []
    find_in_leaf = LowestWithin._find_in_leaf

    def counted(self: LowestWithin, node: int, latitude: float, longitude: float, point: Point) -> int:
        visited.append(node)
        return find_in_leaf(self, node, latitude, longitude, point)

    monkeypatch.setattr(LowestWithin, "_find_in_leaf", counted)
    for place in range(1000):
        places.remove(place)
        assert places.find(46.00005, 7.00005) == place + 1
    assert len(visited) < 1000


def test_of_many_places_at_one_point_just_too_far_only_one_is_compared() -> None:
    # 27 m north and 19 m east: inside the box around the place, outside the radius
    places = LowestWithin(np.array([[46.00024, 7.00024]] * 500), 30)
    compared: list[int] = []

    class Watched(list[Point]):
        def __getitem__(self, place: Any) -> Any:
            compared.append(place)
            return super().__getitem__(place)

    places._points = Watched(places._points)
    assert places.find(46.0, 7.0) is None
    assert compared == [0]


@pytest.mark.parametrize("centre", [(46.0, 7.0), (0.0, 180.0), (89.999, 0.0), (-89.999, 120.0)])
def test_who_is_alone_is_what_looking_at_all_says(centre: tuple[float, float]) -> None:
    rng = np.random.default_rng(3)
    places = np.array(centre) + rng.uniform(-2e-3, 2e-3, (60, 2)) * [1, 1 if abs(centre[0]) < 89 else 9e4]
    places[:, 0] = np.clip(places[:, 0], -90, 90)
    places[:, 1] = (places[:, 1] + 180) % 360 - 180
    places[7] = places[8]
    near = np.array([[haversine_m(*one, *two) <= 30 for two in places] for one in places]).sum(axis=1)
    assert find_alone(places, 30.0).tolist() == (near == 1).tolist()
    assert 0 < find_alone(places, 30.0).sum() < 60


def test_no_place_is_alone_when_there_is_none_and_a_single_one_is() -> None:
    assert find_alone(np.empty((0, 2)), 30.0).tolist() == []
    assert find_alone(np.array([[46.0, 7.0]]), 30.0).tolist() == [True]


def test_lone_places_are_found_by_number_until_they_are_taken_away() -> None:
    places = np.array([[0.0, 179.9999], [0.0, -179.9999], [1.0, 0.0]])
    lone = LonePlaces(np.array([5, 9, 11]), places, 30.0)
    assert sorted(lone.find(0.0, 180.0)) == [5, 9]
    lone.remove(5)
    assert lone.find(0.0, 180.0) == [9] and lone.find(50.0, 0.0) == []
    assert LonePlaces(np.empty(0, np.int64), np.empty((0, 2)), 30.0).find(0.0, 0.0) == []
