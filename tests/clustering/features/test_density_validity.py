from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse.csgraph import minimum_spanning_tree

from clustering.features.density_validity import ReachabilityTree, reachability_tree, relative_validity


def line(*places: float) -> NDArray[np.float64]:
    return np.array(places, dtype=float)[:, None]


def validity(places: list[float], labels: list[int]) -> float:
    return relative_validity(reachability_tree(line(*places), 1), np.array(labels))


@given(seed=st.integers(0, 999), count=st.integers(2, 30), min_samples=st.integers(1, 6))
@hypothesis_settings(max_examples=40)
def test_the_tree_is_a_shortest_one_of_mutual_reachability(seed: int, count: int, min_samples: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count, 3))
    distances = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    core = np.sort(distances, axis=1)[:, min(min_samples, count) - 1]
    reach = np.maximum(np.maximum(distances, core), core[:, None])
    tree = reachability_tree(vectors, min_samples)
    assert np.allclose(tree.length, reach[tree.first, tree.second])
    assert np.isclose(tree.length.sum(), minimum_spanning_tree(reach).sum())
    assert (np.diff(tree.length) >= 0).all() and len(tree.length) == count - 1


@pytest.mark.parametrize("count", [0, 1])
def test_less_than_two_vectors_have_a_tree_without_edges(count: int) -> None:
    assert len(reachability_tree(np.zeros((count, 2)), 2).length) == 0


def test_two_clusters_far_apart_by_hand() -> None:
    # sparseness 1 and 2, separation 8: (8 - 1) / 8 for two of four, (8 - 2) / 8 for the others
    assert validity([0, 1, 9, 11], [0, 0, 1, 1]) == pytest.approx((7 / 8 + 6 / 8) / 2)


def test_noise_counts_as_nothing() -> None:
    assert validity([0, 1, 9, 11, 99], [0, 0, 1, 1, -1]) == pytest.approx((7 / 8 + 6 / 8) * 2 / 5)


def test_clusters_that_meet_over_noise_are_as_far_apart_as_the_longest_step() -> None:
    # 1 -> 4 -> 9: steps of 3 and 5
    assert validity([0, 1, 4, 9, 10], [0, 0, -1, 1, 1]) == pytest.approx((4 / 5) * 4 / 5)


def test_clusters_that_lie_in_each_other_are_worth_less_than_nothing() -> None:
    assert validity([0, 1, 10, 11], [0, 1, 0, 1]) < 0


@pytest.mark.parametrize("labels", [[0, 0, 0, 0], [-1, -1, -1, -1], [0, 0, -1, -1]])
def test_of_less_than_two_clusters_nothing_is_said(labels: list[int]) -> None:
    assert validity([0, 1, 9, 10], labels) == 0


def test_equal_vectors_in_all_clusters_are_no_division_by_nothing() -> None:
    assert validity([1, 1, 1, 1], [0, 0, 1, 1]) == 0


@given(seed=st.integers(0, 999), count=st.integers(2, 30))
@hypothesis_settings(max_examples=40)
def test_it_lies_between_minus_one_and_one(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    vectors, labels = random.normal(size=(count, 3)), random.integers(-1, 4, size=count)
    labels = np.unique(np.concatenate([[-1], labels]), return_inverse=True)[1][1:] - 1
    assert -1 <= relative_validity(reachability_tree(vectors, 2), labels) <= 1


def test_the_true_grouping_is_better_than_one_that_joins_or_cuts() -> None:
    random = np.random.default_rng(5)
    vectors = np.repeat([[0.0, 0], [9, 0], [0, 9]], 30, axis=0) + random.normal(size=(90, 2))
    tree: ReachabilityTree = reachability_tree(vectors, 4)
    truth = np.repeat([0, 1, 2], 30)
    joined, cut = np.repeat([0, 0, 1], 30), np.where(truth == 0, np.arange(90) % 2 * 3, truth)
    assert relative_validity(tree, truth) > relative_validity(tree, joined)
    assert relative_validity(tree, truth) > relative_validity(tree, cut)
