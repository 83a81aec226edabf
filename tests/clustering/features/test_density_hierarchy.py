from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_rand_score

from clustering.features.clusterers.base import Labels, number_by_first
from clustering.features.density_hierarchy import dense_clusters, hierarchy_of
from clustering.features.density_validity import reachability_tree


def drawn(seed: int, num_groups: int = 5) -> NDArray[np.float64]:
    """Groups of different sizes and densities, and noise between them."""
    random = np.random.default_rng(seed)
    parts = [
        random.normal(random.uniform(-20, 20, 3), random.uniform(0.3, 2), (random.integers(5, 40), 3))
        for _ in range(num_groups)
    ]
    return np.concatenate([*parts, random.uniform(-25, 25, (20, 3))])


def clusters(vectors: NDArray[np.float64], size: int, min_samples: int = 2, method: str = "eom") -> Labels:
    return dense_clusters(hierarchy_of(reachability_tree(vectors, min_samples)), size, method)


@pytest.mark.parametrize("method", ["eom", "leaf"])
@pytest.mark.parametrize("min_samples", [1, 2])
@pytest.mark.parametrize("size", [2, 3, 5, 12])
def test_clusters_are_those_of_scikit_learn(size: int, min_samples: int, method: str) -> None:
    for seed in range(6):
        vectors = drawn(seed)
        model = HDBSCAN(size, min_samples=min_samples, cluster_selection_method=method, copy=True)
        assert np.array_equal(clusters(vectors, size, min_samples, method), number_by_first(model.fit_predict(vectors)))


@pytest.mark.parametrize("method", ["eom", "leaf"])
@pytest.mark.parametrize("size", [5, 12])
def test_with_many_equal_reachabilities_they_are_so_but_for_ties(size: int, method: str) -> None:
    for seed in range(6):
        vectors = drawn(seed)
        model = HDBSCAN(size, min_samples=5, cluster_selection_method=method, copy=True)
        expected, found = model.fit_predict(vectors), clusters(vectors, size, 5, method)
        assert expected.max() == found.max() and adjusted_rand_score(expected, found) > 0.95


def test_one_tree_gives_every_size() -> None:
    hierarchy = hierarchy_of(reachability_tree(drawn(1), 2))
    for size in (2, 4, 8, 16):
        labels = dense_clusters(hierarchy, size)
        assert len(labels) == len(drawn(1)) and (np.bincount(labels[labels >= 0]) >= size).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_vectors_are_noise(count: int) -> None:
    assert (clusters(np.arange(count, dtype=float)[:, None], 2, 1) == -1).all()


def test_two_pairs_are_two_clusters() -> None:
    assert clusters(np.array([[0.0], [1], [50], [51]]), 2).tolist() == [0, 0, 1, 1]


def test_equal_vectors_are_no_error() -> None:
    vectors = np.repeat([[0.0], [9], [30]], 6, axis=0)
    assert np.array_equal(clusters(vectors, 3), np.repeat([0, 1, 2], 6))


def test_all_equal_vectors_are_one_heap_and_so_no_cluster_stands_out() -> None:
    labels = clusters(np.zeros((12, 2)), 7)
    assert (labels == -1).all()


def test_the_hierarchy_counts_the_vectors_of_its_nodes() -> None:
    hierarchy = hierarchy_of(reachability_tree(drawn(2), 3))
    count = len(drawn(2))
    assert hierarchy.sizes[-1] == count and (hierarchy.sizes[:count] == 1).all()
    assert (np.diff(hierarchy.density) <= 0).all()
