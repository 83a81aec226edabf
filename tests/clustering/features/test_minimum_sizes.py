from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustering.features.clusterers.base import Labels
from clustering.features.clusterers.hdbscan import HdbscanClusterer
from clustering.features.density_validity import reachability_tree
from clustering.features.minimum_sizes import minimum_cluster_size, sizes_to_try, try_sizes


@pytest.mark.parametrize(
    ("num_vectors", "expected"),
    [(1, 2), (2, 2), (19, 2), (20, 3), (40, 3), (41, 3), (60, 3), (61, 4), (80, 4), (81, 5), (99, 5), (100, 5)]
    + [(499, 5), (500, 5), (599, 5), (600, 6), (6889, 68)],
)
def test_the_rule_by_hand(num_vectors: int, expected: int) -> None:
    assert minimum_cluster_size(num_vectors) == expected


@pytest.mark.parametrize("num_vectors", range(41, 100))
def test_from_41_to_99_it_is_an_integer_that_hdbscan_takes(num_vectors: int) -> None:
    size = minimum_cluster_size(num_vectors)
    assert type(size) is int and size == int(np.ceil(num_vectors / 20))


@given(st.integers(1, 10**6))
def test_it_never_falls_with_more_vectors_and_is_two_at_least(num_vectors: int) -> None:
    assert 2 <= minimum_cluster_size(num_vectors) <= minimum_cluster_size(num_vectors + 1)


@given(st.integers(1, 10**6))
def test_sizes_to_try_grow_from_two_to_a_fifth(num_vectors: int) -> None:
    sizes = sizes_to_try(num_vectors)
    assert sizes[0] == 2 and sizes == sorted(set(sizes))
    assert sizes[-1] <= max(2, num_vectors // 5) and len(sizes) < 40


def test_sizes_of_220_vectors_by_hand() -> None:
    assert sizes_to_try(220) == [2, 3, 4, 6, 8, 11, 16, 23, 32]


def drawn(seed: int = 0) -> np.ndarray:
    """Four groups of 12, in two pairs."""
    means = np.repeat([[0.0, 0], [4, 0], [40, 0], [44, 0]], 12, axis=0)
    return means + np.random.default_rng(seed).normal(scale=0.3, size=means.shape)


def dense(size: int) -> Labels:
    return HdbscanClusterer(min_cluster_size=size, min_samples=2).fit(drawn())


def test_every_size_is_tried_and_one_is_chosen() -> None:
    trials, labels = try_sizes([2, 4, 8, 16], dense, reachability_tree(drawn(), 2))
    assert [trial.min_cluster_size for trial in trials] == [2, 4, 8, 16]
    assert sum(trial.is_chosen for trial in trials) == 1 and len(labels) == 4
    assert [trial.num_clusters for trial in trials] == [int(each.max()) + 1 for each in labels]
    assert trials[3].num_clusters == 2 and trials[3].largest == 24


def test_the_chosen_size_has_the_best_mean_rank() -> None:
    trials, _ = try_sizes([2, 4, 8, 16], dense, reachability_tree(drawn(), 2))
    values = [trial.value for trial in trials if trial.value is not None]
    assert max(values) == next(trial.value for trial in trials if trial.is_chosen)


def test_a_size_between_two_that_give_the_same_is_the_stablest() -> None:
    tree = reachability_tree(drawn(), 2)
    groupings = {2: np.arange(48) // 4, 3: np.arange(48) // 12, 4: np.arange(48) // 12, 6: np.arange(48) // 12}
    trials, _ = try_sizes([2, 3, 4, 6], groupings.__getitem__, tree)
    assert trials[2].stability == trials[3].stability == 1 > trials[1].stability > trials[0].stability
    assert [trial.is_chosen for trial in trials] == [False, False, True, False]


def test_noise_is_no_group_when_stability_is_measured() -> None:
    tree = reachability_tree(drawn(), 2)
    same_noise = np.where(np.arange(48) < 4, np.arange(48) // 2, -1)
    groupings = {2: same_noise, 3: np.where(same_noise < 0, -1, 1 - same_noise)}
    trials, _ = try_sizes([2, 3], groupings.__getitem__, tree)
    assert trials[0].stability == 1
    groupings[3] = np.where(np.arange(48) >= 44, np.arange(48) // 2 - 22, -1)
    assert try_sizes([2, 3], groupings.__getitem__, tree)[0][0].stability < 0.1


def test_only_noise_chooses_the_first_size() -> None:
    trials, _ = try_sizes([2, 3], lambda size: np.full(48, -1), reachability_tree(drawn(), 2))
    assert [trial.is_chosen for trial in trials] == [True, False]
    assert [trial.value for trial in trials] == [None, None] and trials[0].noise_share == 1


def test_one_size_is_stable() -> None:
    trials, _ = try_sizes([2], dense, reachability_tree(drawn(), 2))
    assert trials[0].stability == 1 and trials[0].is_chosen
