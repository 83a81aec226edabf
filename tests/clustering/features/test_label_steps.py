from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from clustering.features.close_clusters import cluster_means, merge_by_average_linkage
from clustering.features.clusterers.base import Labels, Vectors, number_by_first
from clustering.features.clusterers.hdbscan import HdbscanClusterer
from clustering.features.label_steps import MIN_SAMPLES, StepResult, StepRule, split_large, take_steps
from clustering.features.minimum_sizes import minimum_cluster_size
from clustering.features.noise import NoiseRule
from tests.clustering.drawn_supergroups import draw_supergroups

RULES = {
    "nothing": StepRule(),
    "average": StepRule("average", noise=NoiseRule("centroid")),
    "steps": StepRule("steps", noise=NoiseRule("knn")),
    "all noise": StepRule("average", noise=NoiseRule("centroid", max_distance=None)),
    "pca": StepRule("average", noise=NoiseRule(max_distance=None), boost="pca"),
    "tsne": StepRule("steps", noise=NoiseRule(max_distance=None), boost="tsne"),
    "split": StepRule("average", noise=NoiseRule("centroid"), split_larger_than=10),
}
# nine groups in six supergroups: what the earlier program made five of
SIZES = (1, 1, 1, 1, 2, 3)


def dense(vectors: Vectors) -> Labels:
    count = len(vectors)
    return HdbscanClusterer(min_cluster_size=minimum_cluster_size(count), min_samples=min(MIN_SAMPLES, count)).fit(
        vectors
    )


def run(vectors: Vectors, rule: StepRule) -> StepResult:
    labels = dense(vectors) if len(vectors) > 1 else np.full(len(vectors), -1)
    return take_steps(vectors, vectors, labels, rule)


@pytest.mark.parametrize("merge", ["average", "steps"])
@pytest.mark.parametrize("seed", range(60))
def test_of_sixty_drawn_collections_every_one_comes_out_right(merge: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    per_group, num_noise = int(random.integers(8, 20)), int(random.choice([0, 0, 5, 15]))
    vectors, groups, supers = draw_supergroups(SIZES, per_group, seed, num_noise)
    result = run(vectors, StepRule(merge))
    is_in = groups >= 0
    assert (result.num_found, result.num_merged) == (9, 6)
    assert adjusted_rand_score(supers[is_in], result.labels[is_in]) == 1


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("count", [1, 2, 3, 19, 20, *range(41, 100, 7), 99, 100])
def test_every_number_of_photos_will_do(rule: StepRule, count: int) -> None:
    if rule.boost == "tsne" and count not in (1, 2, 19, 41):
        pytest.skip("t-SNE takes a second each")
    vectors, _, _ = draw_supergroups(SIZES, -(-count // 9), count)
    result = run(vectors[:count], rule)
    assert result.labels.shape == result.parents.shape == (count,)
    assert np.array_equal(result.labels, number_by_first(result.labels))
    assert result.noise_left == (result.labels < 0).sum() <= result.noise_found


def test_five_hundred_photos_come_out_right() -> None:
    vectors, groups, supers = draw_supergroups(SIZES, 54, 1, num_noise=14)
    assert len(vectors) == 500
    result = run(vectors, RULES["average"])
    assert adjusted_rand_score(supers[groups >= 0], result.labels[groups >= 0]) == 1


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_only_noise_stays_noise(rule: StepRule) -> None:
    vectors = np.eye(12)
    result = take_steps(vectors, vectors, np.full(12, -1), rule)
    assert (result.labels == -1).all() and result.num_found == result.num_merged == 0


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_no_noise_is_no_error(rule: StepRule) -> None:
    vectors, groups, _ = draw_supergroups((1, 2, 1), 5, 0)
    result = take_steps(vectors, vectors, number_by_first(groups), rule)
    assert result.noise_found == result.noise_left == 0


def test_without_a_rule_labels_stay() -> None:
    vectors, groups, _ = draw_supergroups(SIZES, 5, 0, num_noise=4)
    labels = number_by_first(groups)
    result = take_steps(vectors, vectors, labels, StepRule())
    assert np.array_equal(result.labels, labels) and np.array_equal(result.parents, labels)


def test_labels_are_merged_by_the_table_once() -> None:
    vectors, groups, supers = draw_supergroups(SIZES, 5, 3)
    labels = number_by_first(groups)
    table = merge_by_average_linkage(cluster_means(vectors, labels))
    result = take_steps(vectors, vectors, labels, StepRule("average"))
    assert len(np.unique(table)) == len(np.unique(result.labels)) == 6
    assert np.array_equal(result.labels, number_by_first(table[labels]))


def test_noise_goes_by_the_means_of_clusters_as_they_were_found() -> None:
    # Two clusters that are one direction, at 0 and at 10; the mean of both, 5, is where the noise of a third is.
    places = np.array([0.0, 0.2, 10, 10.2, 5, 5.2, 4.0])
    vectors = np.stack([np.ones(7), places], axis=1)
    directions = np.array([[1.0, 0]] * 4 + [[0, 1.0]] * 2 + [[0, 1.0]])
    labels = np.array([0, 0, 1, 1, 2, 2, -1])
    result = take_steps(
        vectors, directions, labels, StepRule("average", noise=NoiseRule("centroid", max_distance=None))
    )
    assert result.num_merged == 2 and result.labels.tolist() == [0, 0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("boost", ["pca", "tsne"])
def test_a_boost_votes_on_noise_only(boost: str) -> None:
    vectors, groups, _ = draw_supergroups((1, 1, 1, 1), 15, 4)
    labels = number_by_first(groups)
    hidden = labels.copy()
    hidden[::9] = -1
    result = take_steps(vectors, vectors, hidden, StepRule(noise=NoiseRule(max_distance=None), boost=boost))
    assert result.noise_left == 0
    assert adjusted_rand_score(labels[hidden >= 0], result.labels[hidden >= 0]) == 1
    if boost == "pca":  # distances of t-SNE mean little
        assert adjusted_rand_score(labels, result.labels) == 1


def test_a_boost_without_noise_makes_no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("t-SNE was called")

    monkeypatch.setattr("clustering.features.label_steps.tsne_space", refuse)
    vectors, groups, _ = draw_supergroups((1, 1), 5, 4)
    assert take_steps(vectors, vectors, number_by_first(groups), StepRule(boost="tsne")).noise_left == 0


# Splitting


def test_a_large_cluster_is_split_and_its_parts_know_it() -> None:
    vectors, groups, supers = draw_supergroups((1, 3), 12, 2)
    labels = number_by_first(supers)
    result = take_steps(vectors, vectors, labels, StepRule(split_larger_than=20))
    assert adjusted_rand_score(groups, result.labels) == 1
    assert np.array_equal(result.parents, labels) and result.num_split == 1


def test_a_cluster_of_just_that_many_stays() -> None:
    vectors, _, supers = draw_supergroups((1, 3), 12, 2)
    labels = number_by_first(supers)
    found, num_split = split_large(vectors, labels, 36)
    assert np.array_equal(found, labels) and num_split == 0


def test_what_has_no_parts_stays_whole() -> None:
    vectors = np.tile([[1.0, 2.0]], (30, 1))
    found, num_split = split_large(vectors, np.zeros(30, np.int64), 5)
    assert (found == 0).all() and num_split == 0


@pytest.mark.parametrize("seed", range(10))
def test_splitting_loses_no_photo_and_joins_none(seed: int) -> None:
    vectors, _, supers = draw_supergroups((2, 3, 1), 9, seed, num_noise=6, apart=0.2)
    labels = number_by_first(supers)
    found, _ = split_large(vectors, labels, 12)
    assert np.array_equal(found < 0, labels < 0)
    for part in range(found.max() + 1):
        assert len(set(labels[found == part])) == 1
