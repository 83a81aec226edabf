from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering

from clustering.features.close_clusters import cluster_means, merge_by_average_linkage, merge_by_steps, merge_labels
from tests.clustering.drawn_supergroups import draw_supergroups

TABLE = np.array([0, 1, 2, 3, 4, 4, 5, 5, 5])


def directions(*angles: float) -> NDArray[np.float64]:
    """Directions in the plane, by their angle in degrees."""
    return np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))], axis=1)


def angle(distance: float) -> float:
    """Degrees between directions of this cosine distance."""
    return float(np.degrees(np.arccos(1 - distance)))


def in_space(*pairs: tuple[int, int, float], count: int) -> NDArray[np.float64]:
    """Directions that are orthogonal but for pairs of a given cosine distance."""
    gram = np.eye(count)
    for one, other, distance in pairs:
        gram[one, other] = gram[other, one] = 1 - distance
    return np.linalg.cholesky(gram)


# Applying a table


def test_the_merge_table_is_applied_once() -> None:
    labels = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, -1, 8, 4])
    assert merge_labels(labels, TABLE).tolist() == [0, 1, 2, 3, 4, 4, 5, 5, 5, -1, 5, 4]


def test_applied_twice_the_same_table_would_fuse_groups() -> None:
    once = merge_labels(np.arange(9), TABLE)
    assert len(np.unique(once)) == 6
    assert len(np.unique(merge_labels(once, TABLE))) == 5


def test_noise_and_an_empty_table_stay() -> None:
    assert merge_labels(np.array([-1, -1]), np.zeros(0, np.int64)).tolist() == [-1, -1]


def test_labels_given_are_not_changed() -> None:
    labels = np.arange(9)
    merge_labels(labels, TABLE)
    assert labels.tolist() == list(range(9))


# Means


def test_means_are_those_of_members_without_noise() -> None:
    vectors = np.array([[0.0, 2], [2, 0], [9, 9], [5, 5]])
    assert cluster_means(vectors, np.array([0, 0, -1, 1])).tolist() == [[1, 1], [5, 5]]


def test_without_clusters_there_are_no_means() -> None:
    assert cluster_means(np.ones((3, 4)), np.full(3, -1)).shape == (0, 4)


# Average linkage


def test_close_means_are_joined_and_far_ones_are_not() -> None:
    means = directions(0, angle(0.3), 180)
    assert merge_by_average_linkage(means, 0.4).tolist() == [0, 0, 1]
    assert merge_by_average_linkage(means, 0.2).tolist() == [0, 1, 2]


def test_length_of_means_does_not_matter() -> None:
    means = directions(0, 20, 100) * np.array([[1], [50], [0.01]])
    assert merge_by_average_linkage(means, 0.4).tolist() == [0, 0, 1]


@pytest.mark.parametrize("count", [0, 1])
def test_less_than_two_means_are_as_they_are(count: int) -> None:
    assert merge_by_average_linkage(directions(0)[:count]).tolist() == [0] * count
    assert merge_by_steps(directions(0)[:count]).tolist() == [0] * count


@given(seed=st.integers(0, 999), count=st.integers(2, 25), threshold=st.floats(0.05, 1.2))
@hypothesis_settings(max_examples=40)
def test_average_linkage_is_that_of_scikit_learn(seed: int, count: int, threshold: float) -> None:
    means = np.random.default_rng(seed).normal(size=(count, 5))
    model = AgglomerativeClustering(None, metric="cosine", linkage="average", distance_threshold=threshold)
    expected = model.fit_predict(means)
    found = merge_by_average_linkage(means, threshold)
    assert len(np.unique(np.stack([expected, found]), axis=1).T) == len(np.unique(found)) == len(np.unique(expected))


# Steps


def test_nine_clusters_of_six_groups_are_joined_as_the_table_says() -> None:
    means = in_space((4, 5, 0.15), (6, 7, 0.15), (6, 8, 0.15), (7, 8, 0.15), count=9)
    assert merge_by_steps(means).tolist() == TABLE.tolist()


def test_nothing_close_joins_nothing() -> None:
    assert merge_by_steps(np.eye(5)).tolist() == list(range(5))


def test_a_first_step_that_joins_too_much_joins_nothing() -> None:
    means = directions(0, 1, 2, 3, 4)  # all of them within 0.1
    assert merge_by_steps(means).tolist() == list(range(5))


def test_two_clusters_of_two_are_never_one_step() -> None:
    assert merge_by_steps(directions(0, 10)).tolist() == [0, 1]


def test_the_steps_end_when_one_changes_nothing() -> None:
    # 0.15 joins two at the step of 0.2; 0.3 changes nothing, so the pair at 0.45 is not reached
    means = in_space((0, 1, 0.15), (2, 3, 0.45), count=6)
    assert merge_by_steps(means, threshold=2).tolist() == [0, 0, 1, 2, 3, 4]


def test_steps_go_on_while_nothing_has_merged_yet() -> None:
    assert merge_by_steps(in_space((0, 1, 0.35), count=4)).tolist() == [0, 0, 1, 2]


def test_a_cluster_far_from_the_later_ones_of_its_group_leaves_it() -> None:
    # a chain: 0-1 and 1-2 are near, 0-2 is not; 0 is on average 0.45 from 1 and 2
    first = merge_by_steps(
        np.concatenate([directions(0, angle(0.28), 2 * angle(0.28)), np.zeros((3, 2))]) @ np.eye(2, 5)
        + np.concatenate([np.zeros((3, 5)), np.eye(3, 5, k=2)])
    )
    assert first.tolist() == [0, 1, 1, 2, 3, 4]


def test_what_was_together_before_leaves_together() -> None:
    steps = np.cumsum([0, angle(0.05), angle(0.19), angle(0.19)])
    flat = np.zeros((10, 8))
    flat[:4, :2] = directions(*steps)
    flat[4:, 2:] = np.eye(6)
    found = merge_by_steps(flat, threshold=0.3)
    assert found[0] == found[1] and found[0] != found[3]


def test_a_distance_of_exactly_a_step_is_within_it() -> None:
    assert merge_by_steps(in_space((0, 1, 0.3), count=4)).tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("seed", range(20))
def test_groups_of_different_supergroups_are_never_joined(seed: int) -> None:
    sizes = np.random.default_rng(seed).integers(1, 4, size=6)
    vectors, groups, _ = draw_supergroups(sizes, 6, seed)
    means = cluster_means(vectors, groups)
    supers = np.repeat(np.arange(6), sizes)
    for found in (merge_by_steps(means), merge_by_average_linkage(means)):
        assert all(len(set(supers[found == group])) == 1 for group in range(found.max() + 1))
    assert len(np.unique(merge_by_average_linkage(means))) == 6
