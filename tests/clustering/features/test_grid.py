"""Grids: every combination once, clipped to the vectors, refused where it has no meaning."""

from __future__ import annotations

import numpy as np
import pytest

from clustering.features.clusterers.base import AUTO
from clustering.features.grid import auto_counts, auto_radius, check_given, make_grid
from storage.errors import UsageError
from tests.clustering.features.drawn_vectors import draw_groups

VECTORS, _ = draw_groups([10, 10, 10])


def parameters(algorithm: str, metric: str = "euclidean", **given: list) -> list[dict]:
    return [each.parameters() for each in make_grid(algorithm, given, VECTORS, metric, 0).clusterers]


def test_several_values_of_two_parameters_are_all_combinations_in_order() -> None:
    found = parameters("kmeans", n_clusters=[5, 3], max_iter=[10, 20])
    assert [(each["n_clusters"], each["max_iter"]) for each in found] == [(5, 10), (5, 20), (3, 10), (3, 20)]


def test_a_value_given_twice_is_tried_once() -> None:
    assert len(parameters("hdbscan", min_cluster_size=[5, 5, 3])) == 2


def test_counts_beyond_the_vectors_become_their_number_and_that_is_said() -> None:
    grid = make_grid("kmeans", {"n_clusters": [4, 50, 99]}, VECTORS, "euclidean", 0)
    assert [each.parameters()["n_clusters"] for each in grid.clusterers] == [4, 30]
    assert grid.notes == [
        "kmeans: --n_clusters 50 is more than there are vectors: 30 taken",
        "kmeans: --n_clusters 99 is more than there are vectors: 30 taken",
    ]


def test_sizes_beyond_the_vectors_are_clipped_too() -> None:
    found = parameters("hdbscan", min_cluster_size=[40], min_samples=[31], max_cluster_size=[1000])
    assert found == [
        {"min_cluster_size": 30, "min_samples": 30, "max_cluster_size": 30, "cluster_selection_method": "eom"}
    ]


def test_auto_tries_numbers_of_clusters_by_equal_factors() -> None:
    counts = auto_counts(1000)
    assert counts[0] == 2 and counts[-1] == 500 and len(counts) == 10
    factors = np.divide(counts[1:], counts[:-1])
    assert factors.max() / factors.min() < 1.3
    assert auto_counts(2) == auto_counts(4) == [2]
    assert [each["n_clusters"] for each in parameters("kmeans", n_clusters=[AUTO])] == auto_counts(30)


def test_auto_gives_a_mixture_fewer_clusters() -> None:
    assert max(each["n_clusters"] for each in parameters("gaussian_mixture", n_clusters=[AUTO])) == 3


def test_auto_beside_a_number_tries_both() -> None:
    found = [each["n_clusters"] for each in parameters("kmeans", n_clusters=[7, AUTO])]
    assert found[0] == 7 and set(found) == {7, *auto_counts(30)} and len(found) == len(set(found))


def test_auto_takes_the_radius_of_each_number_of_samples() -> None:
    found = parameters("dbscan", eps=[AUTO], min_samples=[2, 5])
    assert [each["eps"] for each in found] == [auto_radius(VECTORS, count, "euclidean") for count in (2, 5)]
    assert 0 < found[0]["eps"] < found[1]["eps"]


def test_the_radius_of_one_sample_is_not_0() -> None:
    assert auto_radius(VECTORS, 1, "euclidean") > 0


def test_a_height_alone_is_taken_in_the_place_of_numbers_of_clusters() -> None:
    found = parameters("agglomerative", distance_threshold=[1.0, 2.0])
    assert [(each["n_clusters"], each["distance_threshold"]) for each in found] == [(None, 1.0), (None, 2.0)]


def test_heights_beside_numbers_of_clusters_are_tried_one_after_the_other() -> None:
    found = parameters("agglomerative", n_clusters=[3, 4], distance_threshold=[1.0])
    assert [(each["n_clusters"], each["distance_threshold"]) for each in found] == [(3, None), (None, 1.0), (4, None)]


def test_the_linkage_is_named_also_where_none_is_given() -> None:
    assert parameters("agglomerative", n_clusters=[3])[0]["linkage"] == "ward"
    assert parameters("agglomerative", "cosine", n_clusters=[3])[0]["linkage"] == "average"


def test_auto_tries_all_algorithms_that_take_the_metric() -> None:
    assert [each.name for each in _first_of_each("euclidean")] == [
        "kmeans",
        "agglomerative",
        "dbscan",
        "gaussian_mixture",
        "hdbscan",
    ]
    assert [each.name for each in _first_of_each("hamming")] == ["agglomerative", "dbscan", "hdbscan"]


def _first_of_each(metric: str) -> list:
    every = make_grid("auto", {"n_clusters": [3]}, VECTORS, metric, 0).clusterers
    return list({each.name: each for each in reversed(every)}.values())[::-1]


def test_auto_gives_a_parameter_to_those_that_have_it() -> None:
    every = make_grid("auto", {"min_samples": [4]}, VECTORS, "euclidean", 0).clusterers
    assert {each.parameters()["min_samples"] for each in every if each.name in ("dbscan", "hdbscan")} == {4}


def test_seed_and_metric_reach_every_clusterer() -> None:
    every = make_grid("auto", {}, VECTORS, "cosine", 9).clusterers
    assert {(each.metric, each.seed) for each in every} == {("cosine", 9)}


@pytest.mark.parametrize(
    ("algorithm", "given", "metric", "message"),
    [
        ("kmeans", {"eps": [0.5]}, "euclidean", "--eps belongs to --algorithm dbscan, but it is kmeans"),
        (
            "dbscan",
            {"n_clusters": [3]},
            "euclidean",
            "--n_clusters belongs to --algorithm kmeans or agglomerative or gaussian_mixture",
        ),
        ("gaussian_mixture", {}, "cosine", "--metric cosine: --algorithm gaussian_mixture takes euclidean"),
        ("kmeans", {}, "hamming", "--metric hamming: --algorithm kmeans takes euclidean or cosine"),
        ("kmeans", {"n_clusters": [0]}, "euclidean", "--n_clusters is 0, but must be 1 or more"),
        ("hdbscan", {"min_cluster_size": [1]}, "euclidean", "--min_cluster_size is 1, but must be 2 or more"),
        ("auto", {"max_iter": [5]}, "hamming", "--max_iter belongs to"),
    ],
)
def test_what_an_algorithm_does_not_take_is_refused(algorithm: str, given: dict, metric: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_given(algorithm, given, metric)
