"""DBSCAN in blocks, distances to neighbours and their knee."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.cluster import DBSCAN

from clustering.features import density
from clustering.features.density import density_clusters, distance_blocks, knee, neighbour_distances
from tests.clustering.features.drawn_vectors import draw_groups

VECTORS, _ = draw_groups([40, 30, 30], dimension=3, spread=0.6)


@given(st.integers(1, 60), st.integers(0, 10_000), st.sampled_from([0.3, 1.0, 1.5, 3.0]), st.integers(1, 6))
def test_labels_are_those_of_scikit_learn(count: int, seed: int, radius: float, min_samples: int) -> None:
    vectors = np.random.default_rng(seed).integers(0, 5, (count, 2)).astype(float)
    expected = DBSCAN(eps=radius, min_samples=min_samples).fit_predict(vectors)
    assert density_clusters(vectors, radius, min_samples).tolist() == expected.tolist()


@pytest.mark.parametrize("block", [1, 100, 730, 10**6])
def test_the_size_of_a_block_changes_nothing(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = DBSCAN(eps=0.5, min_samples=4).fit_predict(VECTORS)
    monkeypatch.setattr(density, "BLOCK", block)
    assert (density_clusters(VECTORS, 0.5, 4) == expected).all() and expected.max() > 0
    found = np.concatenate([each for _, each in distance_blocks(VECTORS, VECTORS)])
    assert np.allclose(found, cdist(VECTORS, VECTORS), atol=1e-6)


def test_equal_vectors_are_within_a_radius_of_0() -> None:
    vectors = np.repeat(VECTORS[:3], 4, axis=0)
    assert density_clusters(vectors, 0.0, 4).tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_no_vectors_have_no_labels() -> None:
    assert density_clusters(VECTORS[:0], 1.0, 2).tolist() == []


def test_a_radius_that_holds_everything_takes_no_more_memory_than_one_that_holds_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(density, "BLOCK", 2**14)
    vectors = np.random.default_rng(0).normal(size=(1500, 3))
    tracemalloc.start()
    assert (density_clusters(vectors, 100.0, 3) == 0).all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1500 * 1500 * 8 / 4


def test_without_cores_everything_is_noise() -> None:
    assert (density_clusters(VECTORS, 1e-5, 2) == -1).all()


def test_single_precision_gives_the_same_groups() -> None:
    once, again = (density_clusters(VECTORS.astype(kind), 0.5, 4) for kind in (np.float32, np.float64))
    assert (once == again).all()


@pytest.mark.parametrize("min_samples", [1, 2, 5, 100, 1000])
def test_distances_to_neighbours_are_those_of_a_sorted_table(min_samples: int) -> None:
    table = np.sort(cdist(VECTORS, VECTORS), axis=1)
    assert np.allclose(neighbour_distances(VECTORS, min_samples), table[:, min(min_samples, 100) - 1], atol=1e-7)


def test_the_knee_is_where_the_curve_turns_up() -> None:
    curve = np.concatenate((np.linspace(1.0, 1.2, 90), np.linspace(1.3, 9.0, 10)))
    assert 1.15 < knee(curve) < 1.35
    assert knee(np.random.default_rng(0).permutation(curve)) == knee(curve)


def test_a_scale_of_the_distances_scales_the_knee() -> None:
    curve = np.exp(np.linspace(0, 4, 50))
    assert knee(curve * 7) == pytest.approx(7 * knee(curve))


@pytest.mark.parametrize("curve", [[2.0], [2.0, 2.0, 2.0, 2.0], [1.0, 2.0], [1.0, 2.0, 3.0, 4.0]])
def test_a_curve_without_a_knee_gives_its_largest_distance(curve: list[float]) -> None:
    assert knee(np.array(curve)) == max(curve)


def test_the_knee_of_groups_separates_them() -> None:
    vectors, truth = draw_groups([30, 30, 30], spread=0.1)
    labels = density_clusters(vectors, knee(neighbour_distances(vectors, 3)), 3)
    assert set(labels.tolist()) - {-1} == {0, 1, 2}
    assert all(len(set(truth[labels == label].tolist())) == 1 for label in range(3))
