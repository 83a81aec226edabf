from __future__ import annotations

import numpy as np
import pytest

from clustering.places import Places

METRES_PER_DEGREE = 111_195


def at(*north_m: float | None) -> np.ndarray:
    return np.array([(np.nan, np.nan) if m is None else (46 + m / METRES_PER_DEGREE, 7.0) for m in north_m])


def changed(num_photos: int) -> np.ndarray:
    return np.ones(num_photos, dtype=bool)


def test_photos_beyond_the_limit_contradict_each_other() -> None:
    places = Places(at(0, 990, 1010), 1000, 3)
    found = places.contradict(np.array([0, 0]), np.array([1, 2]))
    assert found.tolist() == [False, True]


def test_a_photo_without_a_position_contradicts_none() -> None:
    places = Places(at(0, None), 1000, 2)
    assert not places.contradict(np.array([0]), np.array([1])).any()
    assert np.isnan(places.distance_m(np.array([0]), np.array([1]))).all()


def test_distances_are_metres_on_the_ground() -> None:
    assert Places(at(0, 1500), 1000, 2).distance_m(np.array([0]), np.array([1])) == pytest.approx(1500, rel=1e-4)


def test_a_cluster_is_where_most_of_its_photos_are() -> None:
    places = Places(at(0, 10, 9000, 5000), 1000, 4)
    label = np.array([0, 0, 0, 3])
    places.update(label, changed(4))
    assert places.cluster_distance_m(np.array([0]), np.array([3])) == pytest.approx(4990, rel=1e-3)
    assert places.clusters_contradict(np.array([0]), np.array([3])).all()


def test_of_two_photos_the_middle_counts() -> None:
    places = Places(at(0, 100, 50), 1000, 3)
    places.update(np.array([0, 0, 2]), changed(3))
    assert places.cluster_distance_m(np.array([0]), np.array([2])) == pytest.approx(0, abs=0.1)


def test_only_changed_clusters_are_looked_at() -> None:
    places = Places(at(0, 100, 5000), 1000, 3)
    is_changed = np.array([False, False, True])
    places.update(np.array([0, 0, 2]), is_changed)
    assert places.cluster_distance_m(np.array([0]), np.array([2])) == pytest.approx(5000, rel=1e-3)


def test_the_seam_of_longitudes_is_no_distance() -> None:
    places = Places(np.array([(0.0, 179.9999), (0.0, -179.9999)]), 1000, 2)
    assert not places.contradict(np.array([0]), np.array([1])).any()


def test_no_positions_are_no_contradiction() -> None:
    places = Places(None, 1000, 2)
    places.update(np.array([0, 0]), changed(2))
    assert not places.has_any and not places.is_wide(np.array([0, 1]))


def test_clusters_spread_widely_are_told_by_their_box() -> None:
    places = Places(at(0, 600, 1200, None), 1000, 4)
    assert places.is_wide(np.array([0, 1, 2, 3])) and not places.is_wide(np.array([0, 1, 3]))
