from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clustering.features import noise as module
from clustering.features.noise import NoiseRule, assign_noise, boost_neighbours, nearest_rows, tsne_space
from storage.errors import UsageError

HOWS = ("keep", "centroid", "knn")


def line(*places: float) -> NDArray[np.float64]:
    return np.array(places, dtype=float)[:, None]


def assigned(places: list[float], labels: list[int], **rule: Any) -> list[int]:
    return assign_noise(line(*places), np.array(labels), NoiseRule(**rule)).tolist()


PLACES = [0, 1, 2, 10, 11, 12, 3, 8, 50]
LABELS = [0, 0, 0, 1, 1, 1, -1, -1, -1]


def test_noise_may_stay() -> None:
    assert assigned(PLACES, LABELS, how="keep") == LABELS


@pytest.mark.parametrize("how", ["centroid", "knn"])
def test_without_a_limit_all_noise_goes_to_the_nearest_cluster(how: str) -> None:
    assert assigned(PLACES, LABELS, how=how, num_neighbours=3, max_distance=None)[6:] == [0, 1, 1]


@pytest.mark.parametrize("how", ["centroid", "knn"])
def test_outliers_beyond_the_limit_stay_noise(how: str) -> None:
    assert assigned(PLACES, LABELS, how=how, num_neighbours=1, max_distance=3.5)[6:] == [0, 1, -1]


def test_the_distance_to_a_mean_is_what_is_limited() -> None:
    assert assigned([0, 2, 4], [0, 0, -1], how="centroid", max_distance=3) == [0, 0, 0]
    assert assigned([0, 2, 4], [0, 0, -1], how="centroid", max_distance=2.9) == [0, 0, -1]


def test_auto_reaches_as_far_as_three_quarters_of_the_members() -> None:
    # distances of members to their mean 3: 3, 1, 1, 3 -> three quarters are within 3
    places = [0.0, 2, 4, 6]
    assert assigned([*places, 3.5], [0, 0, 0, 0, -1], how="centroid")[-1] == 0
    assert assigned([*places, 6.0], [0, 0, 0, 0, -1], how="centroid")[-1] == 0
    assert assigned([*places, 6.1], [0, 0, 0, 0, -1], how="centroid")[-1] == -1


def test_auto_of_a_vote_is_how_near_members_are_to_each_other() -> None:
    places = [0.0, 1, 2, 3]
    assert assigned([*places, 4.0], [0, 0, 0, 0, -1], how="knn", num_neighbours=1)[-1] == 0
    assert assigned([*places, 4.2], [0, 0, 0, 0, -1], how="knn", num_neighbours=1)[-1] == -1


def test_the_most_votes_win_and_of_equal_ones_the_nearest() -> None:
    places, labels = [0, 1.5, 3, 3.2, 2], [0, 0, 1, 1, -1]
    assert assigned(places, labels, how="knn", num_neighbours=1, max_distance=None)[-1] == 0
    assert assigned(places, labels, how="knn", num_neighbours=3, max_distance=None)[-1] == 1
    assert assigned(places, labels, how="knn", num_neighbours=4, max_distance=None)[-1] == 0


def test_more_neighbours_than_there_are_is_all_of_them() -> None:
    assert assigned([0, 1, 9], [0, 0, -1], how="knn", num_neighbours=99, max_distance=None) == [0, 0, 0]


@pytest.mark.parametrize("how", HOWS)
def test_no_noise_is_nothing_to_do(how: str) -> None:
    assert assigned([0, 1, 5, 6], [0, 0, 1, 1], how=how) == [0, 0, 1, 1]


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("count", [0, 1, 5])
def test_only_noise_stays_noise(how: str, count: int) -> None:
    assert assigned(list(range(count)), [-1] * count, how=how, max_distance=None) == [-1] * count


@pytest.mark.parametrize("how", ["centroid", "knn"])
def test_a_cluster_of_one_takes_only_what_is_equal_to_it(how: str) -> None:
    assert assigned([0, 0, 1], [0, -1, -1], how=how) == [0, 0, -1]


def test_votes_may_be_cast_in_another_space_than_distances_are_limited_in() -> None:
    vectors, voting = line(0, 1, 10, 11, 2), line(0, 1, 10, 11, 12)
    labels = np.array([0, 0, 1, 1, -1])
    rule = NoiseRule("knn", num_neighbours=1, max_distance=None)
    assert assign_noise(vectors, labels, rule, voting)[-1] == 1
    assert assign_noise(vectors, labels, NoiseRule("knn", 1, 5.0), voting)[-1] == -1


@given(
    places=st.lists(st.integers(0, 40), min_size=1, max_size=25),
    seed=st.integers(0, 99),
    how=st.sampled_from(HOWS),
    limit=st.sampled_from([None, "auto", 0.0, 3.0]),
)
@hypothesis_settings(max_examples=60)
def test_no_vector_of_a_cluster_is_moved_and_no_label_is_new(
    places: list[int], seed: int, how: str, limit: Any
) -> None:
    labels = np.random.default_rng(seed).integers(-1, 3, size=len(places))
    labels = np.unique(np.concatenate([[-1], labels]), return_inverse=True)[1][1:] - 1
    found = assign_noise(line(*places), labels, NoiseRule(how, 3, limit))
    assert (found[labels >= 0] == labels[labels >= 0]).all()
    assert set(found) <= set(labels)
    if limit is None and how != "keep" and (labels >= 0).any():
        assert (found >= 0).all()


def test_nearest_rows_are_those_of_all_distances() -> None:
    random = np.random.default_rng(3)
    rows, vectors = random.normal(size=(7, 4)), random.normal(size=(30, 4))
    distances = np.linalg.norm(rows[:, None] - vectors, axis=2)
    assert np.array_equal(nearest_rows(rows, vectors, 5), np.argsort(distances, axis=1)[:, :5])


@pytest.mark.parametrize(
    ("num_vectors", "num_clusters", "expected"), [(100, 4, 5), (99, 4, 4), (5, 5, 1), (3, 9, 1), (7, 0, 2)]
)
def test_the_root_of_the_mean_cluster_size_votes(num_vectors: int, num_clusters: int, expected: int) -> None:
    assert boost_neighbours(num_vectors, num_clusters) == expected


def test_t_sne_gives_points_in_three_dimensions_and_the_same_ones_again() -> None:
    vectors = np.random.default_rng(0).normal(size=(30, 12))
    points = tsne_space(vectors, 0)
    assert points.shape == (30, 3) and np.isfinite(points).all()
    assert np.array_equal(points, tsne_space(vectors, 0))


@pytest.mark.parametrize("count", [1, 2, 4, 5, 6])
def test_few_vectors_need_no_map_or_get_one(count: int) -> None:
    assert len(tsne_space(np.random.default_rng(0).normal(size=(count, 2)), 0)) == count


def test_too_many_vectors_for_t_sne_are_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FOR_TSNE", 10)
    with pytest.raises(UsageError, match="--precision_boost pca"):
        tsne_space(np.zeros((11, 3)), 0)
