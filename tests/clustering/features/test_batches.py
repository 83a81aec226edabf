"""Batches, their medoids, and the joining of clusters by the groups of medoids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from clustering.features.batches import Clustered, cluster_vectors, find_medoids, join_groups, members_of
from clustering.features.fits import fit_grid
from clustering.features.grid import make_grid
from tests.clustering.features.drawn_vectors import are_same_groups, draw_groups

VECTORS, TRUTH = draw_groups([24, 24, 24, 24])


def clustered(
    batch_size: int | None, algorithm: str = "kmeans", vectors: np.ndarray = VECTORS, **given: Any
) -> Clustered:
    return cluster_vectors(
        vectors,
        lambda each: make_grid(algorithm, given, each, "euclidean", 0),
        lambda grid, each: fit_grid(grid.clusterers, each),
        batch_size,
        "euclidean",
    )


def test_all_at_once_the_chosen_labels_are_those_that_were_scored() -> None:
    found = clustered(None, n_clusters=[2, 4, 7])
    assert [part for part, _ in found.fits] == ["all"]
    chosen = [fit for fit in found.fits[0][1] if fit.is_chosen]
    assert len(chosen) == 1 and (chosen[0].labels == found.labels).all()
    assert are_same_groups(found.labels, TRUTH)


def test_each_model_is_fitted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from clustering.features.clusterers.kmeans import KMeansClusterer

    calls = []
    original = KMeansClusterer.fit
    monkeypatch.setattr(
        KMeansClusterer, "fit", lambda self, each: calls.append(self.n_clusters) or original(self, each)
    )
    clustered(None, n_clusters=[2, 4, 7])
    assert sorted(calls) == [2, 4, 7]


@pytest.mark.parametrize("batch_size", [24, 30, 48, 95])
def test_batches_find_the_same_groups_as_one_run(batch_size: int) -> None:
    found = clustered(batch_size, "agglomerative", distance_threshold=[3.0])
    assert are_same_groups(found.labels, TRUTH)


def test_batches_are_nearly_equal_and_never_larger_than_asked() -> None:
    found = clustered(40, n_clusters=[4])
    sizes = [len(fits[0].labels) for part, fits in found.fits if part != "representatives"]
    assert sizes == [32, 32, 32] and found.fits[-1][0] == "representatives"


def test_as_many_photos_as_a_batch_holds_are_clustered_at_once() -> None:
    assert [part for part, _ in clustered(96, n_clusters=[4]).fits] == ["all"]


def test_a_batch_of_fewer_photos_than_clusters_gets_a_cut_grid() -> None:
    found = clustered(8, n_clusters=[4, 20])
    assert any(
        "batch 1: kmeans: --n_clusters 20 is more than there are vectors: 8 taken" in note for note in found.notes
    )
    assert len(found.labels) == 96


def test_noise_of_a_batch_stays_noise() -> None:
    far = np.concatenate((VECTORS, 90 + 40 * np.eye(8)[:2]))
    found = clustered(49, "hdbscan", far, min_cluster_size=[4])
    assert found.labels[-2:].tolist() == [-1, -1]


def test_medoids_that_are_noise_are_not_joined_to_each_other() -> None:
    # twenty far pairs in two batches: every medoid is noise to the others
    vectors = np.repeat(100 * np.eye(20), 2, axis=0) + 0.01 * np.random.default_rng(0).normal(size=(40, 20))
    found = clustered(20, "dbscan", vectors, eps=[1.0], min_samples=[2])
    assert are_same_groups(found.labels, np.repeat(np.arange(20), 2))
    assert (found.fits[-1][1][0].labels == -1).all()


def test_one_photo_alone_in_its_cluster_is_noise_and_in_no_cluster() -> None:
    vectors = np.array([[0.0], [0.1], [5.0], [5.1], [30.0]])
    found = clustered(None, "agglomerative", vectors, n_clusters=[3])
    assert found.labels.tolist() == [0, 0, 1, 1, -1]


def test_where_no_fit_can_be_judged_every_photo_stays_alone_and_that_is_said() -> None:
    found = clustered(None, "agglomerative", np.zeros((6, 2)) + np.arange(2), distance_threshold=[1.0, 2.0])
    assert (found.labels == -1).all()
    assert found.notes == ["none of 2 fits can be judged (one cluster): every photo stays alone"]


def test_one_fit_alone_is_taken_without_scores() -> None:
    found = clustered(None, "agglomerative", np.zeros((6, 2)), distance_threshold=[1.0])
    assert (found.labels == 0).all() and not found.notes


def test_one_vector_is_alone() -> None:
    found = clustered(None, vectors=VECTORS[:1], n_clusters=[3])
    assert found.labels.tolist() == [-1] and not found.fits


# -- medoids ----------------------------------------------------------------------------------------------------------


def test_a_medoid_has_the_least_sum_of_distances_to_its_cluster() -> None:
    labels = np.where(np.arange(96) % 7 == 0, -1, TRUTH)
    medoids = find_medoids(VECTORS, labels, "euclidean")
    for label, medoid in enumerate(medoids.tolist()):
        members = np.flatnonzero(labels == label)
        assert medoid == members[cdist(VECTORS[members], VECTORS[members]).sum(axis=1).argmin()]


def test_of_equal_members_the_first_is_the_medoid() -> None:
    assert find_medoids(np.ones((6, 2)), np.array([1, 0, 1, 0, 1, 0]), "euclidean").tolist() == [1, 0]


def test_members_are_given_by_label_without_noise() -> None:
    found = members_of(np.array([2, -1, 0, 2, 0]))
    assert [each.tolist() for each in found] == [[2, 4], [], [0, 3]]
    assert members_of(np.array([-1, -1])) == []


def test_clusters_in_one_group_become_one_and_noise_groups_stay() -> None:
    labels = np.array([0, 0, 1, 1, 2, 2, 3, 3, -1])
    assert join_groups(labels, [5, -1, 5, -1]).tolist() == [0, 0, 1, 1, 0, 0, 2, 2, -1]
    assert join_groups(np.array([-1, -1]), []).tolist() == [-1, -1]
