"""Trees of joins, made without all distances, beside those of SciPy."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist

from clustering.features import linkage as module
from clustering.features.linkage import LINKAGES, cut_height, cut_tree, default_linkage, linkage_tree, spanning_tree
from clustering.features.space import FeatureSpace, prepare_vectors
from tests.clustering.features.drawn_vectors import are_same_groups, draw_bits, draw_groups

RANDOM = np.random.default_rng(0).normal(size=(120, 6))
UNIT = RANDOM / np.linalg.norm(RANDOM, axis=1, keepdims=True)


@pytest.mark.parametrize("linkage", LINKAGES)
def test_trees_of_euclidean_distances_are_those_of_scipy(linkage: str) -> None:
    expected = hierarchy.linkage(RANDOM, linkage)
    assert np.allclose(linkage_tree(RANDOM, linkage, "euclidean"), expected, atol=1e-9)


@pytest.mark.parametrize("linkage", ["single", "complete", "average"])
def test_trees_of_cosine_distances_are_those_of_scipy(linkage: str) -> None:
    expected = hierarchy.linkage(pdist(UNIT, "cosine"), linkage)
    assert np.allclose(linkage_tree(UNIT, linkage, "cosine"), expected, atol=1e-9)


@pytest.mark.parametrize("linkage", ["single", "complete"])
def test_heights_of_hamming_distances_are_those_of_scipy(linkage: str) -> None:
    bits, _ = draw_bits()
    prepared = prepare_vectors(bits, FeatureSpace("hamming"))
    expected = hierarchy.linkage(pdist(bits, "hamming"), linkage)[:, 2]
    assert np.allclose(linkage_tree(prepared, linkage, "hamming")[:, 2], expected, atol=1e-9)


def test_the_groups_of_bits_are_those_of_a_cut_of_their_average_tree() -> None:
    bits, truth = draw_bits()
    prepared = prepare_vectors(bits, FeatureSpace("hamming"))
    assert are_same_groups(cut_tree(linkage_tree(prepared, None, "hamming"), 5), truth)


def test_the_height_of_an_average_join_of_bits_is_their_mean_distance() -> None:
    bits = np.array([[0, 0, 0, 0], [0, 0, 0, 1], [1, 1, 1, 1]], dtype=float)
    tree = linkage_tree(prepare_vectors(bits, FeatureSpace("hamming")), "average", "hamming")
    assert np.allclose(tree, [[0, 1, 0.25, 2], [2, 3, (1 + 0.75) / 2, 3]])


@given(st.integers(2, 40), st.integers(0, 1000), st.sampled_from(["ward", "average", "single"]))
def test_a_tree_holds_every_vector_once_and_does_not_descend(count: int, seed: int, linkage: str) -> None:
    vectors = np.random.default_rng(seed).integers(0, 3, (count, 3)).astype(float)  # many equal distances
    tree = linkage_tree(vectors, linkage, "euclidean")
    assert tree.shape == (count - 1, 4) and tree[-1, 3] == count
    assert sorted(tree[:, :2].ravel().tolist()) == list(range(2 * count - 2))
    assert (np.diff(tree[:, 2]) >= -1e-7).all() and hierarchy.is_valid_linkage(tree)


def test_equal_vectors_are_joined_at_height_0() -> None:
    vectors = np.repeat(RANDOM[:3], 4, axis=0)
    for linkage in ("ward", "single", "centroid"):
        assert np.allclose(linkage_tree(vectors, linkage, "euclidean")[:9, 2], 0, atol=1e-7)


def test_a_far_origin_changes_no_tree() -> None:
    near, far = (linkage_tree(RANDOM + shift, "ward", "euclidean") for shift in (0, 1e4))
    assert np.allclose(near, far, atol=1e-5)
    near, far = (linkage_tree(RANDOM + shift, "single", "euclidean") for shift in (0, 1e4))
    assert np.allclose(near, far, atol=1e-5)


def test_one_vector_has_a_tree_without_joins() -> None:
    assert linkage_tree(RANDOM[:1], "ward", "euclidean").shape == (0, 4)
    assert cut_tree(np.zeros((0, 4)), 1).tolist() == [0]


def test_without_a_linkage_it_is_ward_and_average_of_other_metrics() -> None:
    assert (
        default_linkage("euclidean") == "ward" and default_linkage("cosine") == default_linkage("hamming") == "average"
    )
    assert np.array_equal(linkage_tree(RANDOM, None, "euclidean"), linkage_tree(RANDOM, "ward", "euclidean"))


@pytest.mark.parametrize("linkage", ["ward", "centroid"])
def test_linkages_of_means_take_euclidean_only(linkage: str) -> None:
    with pytest.raises(ValueError, match=f"--linkage {linkage} takes --metric euclidean only, not cosine"):
        linkage_tree(UNIT, linkage, "cosine")


# -- memory -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("linkage", "metric"), [("complete", "euclidean"), ("average", "euclidean"), ("complete", "cosine")]
)
def test_a_tree_that_needs_all_distances_is_refused_for_many_vectors(
    linkage: str, metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WITH_ALL_DISTANCES", 100)
    with pytest.raises(ValueError, match="too many for 120 photos.*give --batch_size 50"):
        linkage_tree(UNIT, linkage, metric)


@pytest.mark.parametrize(
    ("linkage", "metric"),
    [("ward", "euclidean"), ("centroid", "euclidean"), ("single", "euclidean"), ("average", "cosine")],
)
def test_memory_of_the_other_trees_grows_with_the_vectors_alone(
    linkage: str, metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WITH_ALL_DISTANCES", 100)
    monkeypatch.setattr("clustering.features.mean_linkage.BLOCK", 2**14)
    peaks = []
    for count in (300, 1200):
        vectors = np.random.default_rng(0).normal(size=(count, 4))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        tracemalloc.start()
        linkage_tree(vectors, linkage, metric)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 8 * peaks[0]  # sixteen times with all distances
    assert peaks[1] < 1200 * 1199 / 2 * 8 / 4


# -- cuts -------------------------------------------------------------------------------------------------------------


def test_labels_of_a_cut_name_the_rows_of_its_means() -> None:
    vectors, truth = draw_groups([9, 8, 7, 6, 5])
    labels = cut_tree(linkage_tree(vectors, "ward", "euclidean"), 5)
    means = np.stack([vectors[labels == label].mean(axis=0) for label in range(5)])
    nearest = np.linalg.norm(vectors[:, None] - means[None], axis=2).argmin(axis=1)
    assert (nearest == labels).all() and are_same_groups(labels, truth)
    assert labels.min() == 0 and labels.max() == 4


@pytest.mark.parametrize("count", [1, 2, 17, 120, 500])
def test_a_cut_gives_the_number_of_clusters_that_was_asked_for(count: int) -> None:
    labels = cut_tree(linkage_tree(RANDOM, "average", "euclidean"), count)
    assert len(np.unique(labels)) == min(count, 120)


def test_a_join_at_the_height_itself_is_not_made() -> None:
    tree = linkage_tree(np.array([[0.0], [1.0], [5.0]]), "single", "euclidean")
    assert cut_tree(tree, None, 1.0).tolist() == [0, 1, 2]
    assert cut_tree(tree, None, 1.0001).tolist() == [0, 0, 1]
    assert cut_tree(tree, None, 9.0).tolist() == [0, 0, 0]


def test_a_join_lower_than_one_that_it_holds_is_not_made_without_it() -> None:
    tree = np.array([[0.0, 1.0, 2.0, 2.0], [2.0, 3.0, 1.5, 3.0]])  # centroids may come nearer
    assert cut_tree(tree, None, 1.8).tolist() == [0, 1, 2]
    assert cut_tree(tree, None, 2.5).tolist() == [0, 0, 0]


def test_the_height_of_a_cut_lies_between_the_joins_beside_it() -> None:
    tree = linkage_tree(np.array([[0.0], [1.0], [5.0], [20.0]]), "single", "euclidean")
    assert cut_height(tree, 2) == pytest.approx((4 + 15) / 2)
    assert cut_height(tree, 1) is None and cut_height(tree, 4) is None


def test_a_spanning_tree_is_as_short_as_that_of_scipy() -> None:
    from scipy.sparse.csgraph import minimum_spanning_tree
    from scipy.spatial.distance import squareform

    first, second, lengths = spanning_tree(RANDOM)
    assert lengths.sum() == pytest.approx(minimum_spanning_tree(squareform(pdist(RANDOM))).sum())
    assert np.allclose(lengths, np.linalg.norm(RANDOM[first] - RANDOM[second], axis=1))
    assert sorted(second.tolist()) == list(range(1, 120))
