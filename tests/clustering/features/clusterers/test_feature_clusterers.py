"""What all clusterers of vectors have in common, and what each finds."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score

from clustering.features.clusterers import FEATURE_CLUSTERERS, get_feature_clusterer
from clustering.features.clusterers.agglomerative import AgglomerativeClusterer
from clustering.features.clusterers.base import FeatureClusterer, number_by_first
from clustering.features.clusterers.dbscan import DbscanClusterer
from clustering.features.clusterers.gaussian_mixture import GaussianMixtureClusterer
from clustering.features.clusterers.hdbscan import HdbscanClusterer
from clustering.features.clusterers.kmeans import KMeansClusterer
from clustering.features.space import FeatureSpace, prepare_vectors
from storage.errors import UsageError
from tests.clustering.features.drawn_vectors import are_same_groups, draw_bits, draw_digits, draw_groups
from tests.conftest import ROOT

FITTING: dict[str, dict[str, Any]] = {
    "kmeans": {"n_clusters": 4},
    "agglomerative": {"n_clusters": 4},
    "dbscan": {"eps": 1.0, "min_samples": 3},
    "gaussian_mixture": {"n_clusters": 4},
    "hdbscan": {"min_cluster_size": 5},
}
VECTORS, TRUTH = draw_groups([30, 20, 15, 10])


def fitted(name: str, **given: Any) -> np.ndarray:
    return get_feature_clusterer(name)(**(FITTING[name] | given)).fit(VECTORS)


@pytest.mark.parametrize("name", FEATURE_CLUSTERERS)
def test_groups_that_lie_far_apart_are_found(name: str) -> None:
    assert are_same_groups(fitted(name), TRUTH)


@pytest.mark.parametrize("name", FEATURE_CLUSTERERS)
def test_labels_are_int64_and_numbered_by_first_members(name: str) -> None:
    labels = fitted(name)
    assert labels.dtype == np.int64 and labels.shape == (75,)
    assert (number_by_first(labels) == labels).all()


@pytest.mark.parametrize("name", FEATURE_CLUSTERERS)
def test_two_fits_of_one_seed_give_the_same_labels(name: str) -> None:
    vectors, _ = draw_digits(8)
    one, other = (get_feature_clusterer(name)(**FITTING[name], seed=5).fit(vectors) for _ in range(2))
    assert (one == other).all()


@pytest.mark.parametrize("name", FEATURE_CLUSTERERS)
def test_the_order_of_the_vectors_changes_no_group_of_separate_ones(name: str) -> None:
    order = np.random.default_rng(1).permutation(len(VECTORS))
    labels = get_feature_clusterer(name)(**FITTING[name]).fit(VECTORS[order])
    assert are_same_groups(labels, TRUTH[order])


@pytest.mark.parametrize("name", FEATURE_CLUSTERERS)
def test_the_vectors_are_left_as_they_are(name: str) -> None:
    before = VECTORS.copy()
    fitted(name)
    assert (before == VECTORS).all()


@pytest.mark.parametrize("name", FEATURE_CLUSTERERS)
def test_every_field_but_metric_and_seed_is_declared_as_a_parameter(name: str) -> None:
    chosen = get_feature_clusterer(name)
    known = {field.name for field in dataclasses.fields(chosen)}
    assert chosen.name == name and set(chosen().parameters()) == known - {"metric", "seed"}
    assert set(chosen.values({})) == set(chosen().parameters())


@pytest.mark.parametrize("name", FEATURE_CLUSTERERS)
def test_digits_like_pictures_come_apart_mostly_right(name: str) -> None:
    vectors, truth = draw_digits()
    prepared = prepare_vectors(vectors, FeatureSpace(num_components=20))
    given = {"n_clusters": 10} if "n_clusters" in FITTING[name] else {"min_samples": 3}
    if name == "dbscan":
        given["eps"] = 0.32
    labels = get_feature_clusterer(name)(**given).fit(prepared)
    assert adjusted_rand_score(truth, labels) > 0.75


def test_an_unknown_algorithm_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="choose one of kmeans, agglomerative"):
        get_feature_clusterer("spectral")


def test_looking_up_names_and_parameters_imports_no_library() -> None:
    code = (
        "import sys; from clustering.features.clusterers import feature_parameters; feature_parameters(); "
        "print({'sklearn', 'scipy', 'numpy'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout == "set()\n"


# -- base -------------------------------------------------------------------------------------------------------------


def test_labels_are_numbered_by_first_members_and_noise_stays_noise() -> None:
    assert number_by_first(np.array([7, -1, 2, 7, -3, 2, 9])).tolist() == [0, -1, 1, 0, -1, 1, 2]
    assert number_by_first(np.zeros(0, dtype=np.int64)).tolist() == []
    assert number_by_first(np.array([-1, -1])).tolist() == [-1, -1]


def test_a_fit_that_fails_gives_its_error_and_the_others_their_labels() -> None:
    found = KMeansClusterer.fit_all([KMeansClusterer(n_clusters=99), KMeansClusterer(n_clusters=4)], VECTORS)
    assert isinstance(found[0], ValueError) and isinstance(found[1], np.ndarray)


def test_the_base_has_no_fit_of_its_own() -> None:
    with pytest.raises(TypeError, match="abstract"):
        FeatureClusterer()  # type: ignore[abstract]


# -- each by itself ---------------------------------------------------------------------------------------------------


def test_k_means_is_that_of_scikit_learn() -> None:
    vectors, _ = draw_digits(6)
    expected = KMeans(7, max_iter=200, n_init="auto", random_state=3).fit_predict(vectors)
    assert (KMeansClusterer(n_clusters=7, seed=3).fit(vectors) == number_by_first(expected)).all()


def test_one_iteration_of_k_means_differs_from_many() -> None:
    vectors = np.random.default_rng(4).normal(size=(300, 5))
    one, many = (KMeansClusterer(n_clusters=12, max_iter=count).fit(vectors) for count in (1, 200))
    assert (one != many).any()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_mixture_stopped_early_gives_labels() -> None:
    vectors, _ = draw_digits(6)
    assert len(GaussianMixtureClusterer(n_clusters=5, max_iter=1).fit(vectors)) == 60


def test_hdbscan_calls_far_vectors_noise() -> None:
    far = np.concatenate((VECTORS, 100 + 50 * np.eye(8)[:3]))
    assert HdbscanClusterer(min_cluster_size=5).fit(far)[-3:].tolist() == [-1, -1, -1]


def test_hdbscan_splits_clusters_larger_than_the_largest_size() -> None:
    sizes = np.bincount(HdbscanClusterer(min_cluster_size=3, max_cluster_size=12).fit(VECTORS) + 1)[1:]
    assert len(sizes) and sizes.max() <= 12


def test_leaves_of_hdbscan_are_at_least_as_many_as_the_most_stable_clusters() -> None:
    vectors, _ = draw_digits()
    most_stable, leaves = (
        HdbscanClusterer(min_cluster_size=3, cluster_selection_method=method).fit(vectors).max()
        for method in ("eom", "leaf")
    )
    assert leaves >= most_stable > 1


def test_one_vector_alone_cannot_be_fitted_by_hdbscan() -> None:
    with pytest.raises(ValueError, match="sample"):
        HdbscanClusterer().fit(VECTORS[:1])


def test_dbscan_of_cosine_is_that_of_scikit_learn() -> None:
    vectors, _ = draw_digits(8)
    prepared = prepare_vectors(vectors, FeatureSpace("cosine", num_components=0))
    expected = DBSCAN(eps=0.1, min_samples=4, metric="cosine").fit_predict(vectors)
    assert expected.max() > 1
    assert (DbscanClusterer(eps=0.1, min_samples=4, metric="cosine").fit(prepared) == expected).all()


def test_dbscan_of_hamming_is_that_of_scikit_learn() -> None:
    bits, truth = draw_bits()
    prepared = prepare_vectors(bits, FeatureSpace("hamming"))
    expected = DBSCAN(eps=0.11, min_samples=3, metric="hamming").fit_predict(bits > 0)
    found = DbscanClusterer(eps=0.11, min_samples=3, metric="hamming").fit(prepared)
    assert (found == expected).all() and adjusted_rand_score(truth, found) > 0.8


@pytest.mark.parametrize("linkage", ["ward", "average", "complete", "single"])
def test_agglomerative_clusters_are_those_of_scikit_learn(linkage: str) -> None:
    vectors, _ = draw_digits(6)
    expected = AgglomerativeClustering(9, linkage=linkage).fit_predict(vectors)
    assert are_same_groups(AgglomerativeClusterer(n_clusters=9, linkage=linkage).fit(vectors), expected)


def test_agglomerative_clusters_below_a_height_are_those_of_scikit_learn() -> None:
    vectors, _ = draw_digits(6)
    model = AgglomerativeClustering(None, linkage="average", distance_threshold=1.6)
    found = AgglomerativeClusterer(n_clusters=None, linkage="average", distance_threshold=1.6).fit(vectors)
    assert are_same_groups(found, model.fit_predict(vectors)) and found.max() > 3


def test_cuts_of_one_tree_are_made_of_one_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    from clustering.features import linkage

    calls = []
    original = linkage.linkage_tree
    monkeypatch.setattr(linkage, "linkage_tree", lambda *given: calls.append(1) or original(*given))
    cuts = [AgglomerativeClusterer(n_clusters=count) for count in (2, 3, 4)]
    found = AgglomerativeClusterer.fit_all(cuts, VECTORS)
    assert len(calls) == 1 and [int(np.max(labels)) + 1 for labels in found] == [2, 3, 4]
    assert len({cut.work_key() for cut in cuts}) == 1


def test_a_tree_that_cannot_be_made_is_the_error_of_all_its_cuts() -> None:
    cuts = [AgglomerativeClusterer(n_clusters=count, linkage="ward", metric="cosine") for count in (2, 3)]
    found = AgglomerativeClusterer.fit_all(cuts, VECTORS)
    assert len(found) == 2 and all("--linkage ward takes --metric euclidean" in str(each) for each in found)
