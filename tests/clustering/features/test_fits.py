"""All fits of a grid: in threads, scored, infeasible ones told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from clustering.features.clusterers.agglomerative import AgglomerativeClusterer
from clustering.features.clusterers.dbscan import DbscanClusterer
from clustering.features.clusterers.gaussian_mixture import GaussianMixtureClusterer
from clustering.features.clusterers.kmeans import KMeansClusterer
from clustering.features.fits import Fit, chosen_fit, fit_grid
from clustering.features.grid import make_grid
from clustering.features.pipeline import Pipeline, without_singles
from tests.clustering.features.drawn_vectors import are_same_groups, draw_digits, draw_groups

VECTORS, TRUTH = draw_groups([20, 15, 10])


def test_the_true_number_of_groups_is_chosen() -> None:
    fits = fit_grid([KMeansClusterer(n_clusters=count) for count in (2, 3, 6, 12)], VECTORS)
    best = chosen_fit(fits)
    assert best is not None and best.labels is not None
    assert best.clusterer.parameters()["n_clusters"] == 3 and are_same_groups(best.labels, TRUTH)
    assert sum(fit.is_chosen for fit in fits) == 1


def test_fits_stand_in_the_order_of_the_clusterers_whatever_runs_first() -> None:
    clusterers = [
        AgglomerativeClusterer(n_clusters=2, linkage="ward"),
        KMeansClusterer(n_clusters=2),
        AgglomerativeClusterer(n_clusters=3, linkage="ward"),
        AgglomerativeClusterer(n_clusters=3, linkage="single"),
    ]
    assert [fit.clusterer for fit in fit_grid(clusterers, VECTORS, num_workers=3)] == clusterers


@pytest.mark.parametrize("selection", ["minmax", "rank", "silhouette"])
def test_the_number_of_workers_changes_nothing(selection: str) -> None:
    vectors, _ = draw_digits(6)
    clusterers = make_grid("auto", {"n_clusters": [5, 10]}, vectors, "euclidean", 0).clusterers
    one, three = (fit_grid(clusterers, vectors, selection, workers) for workers in (1, 3))
    for a, b in zip(one, three, strict=True):
        assert a.labels is not None and b.labels is not None and (a.labels == b.labels).all()
        assert (a.scores, a.value, a.is_chosen, a.problem) == (b.scores, b.value, b.is_chosen, b.problem)


def test_a_fit_that_fails_or_cannot_be_scored_is_told_and_passed_over() -> None:
    clusterers = [KMeansClusterer(n_clusters=99), KMeansClusterer(n_clusters=1), KMeansClusterer(n_clusters=3)]
    clusterers += [KMeansClusterer(n_clusters=45), KMeansClusterer(n_clusters=4)]
    fits = fit_grid(clusterers, VECTORS)
    assert fits[0].labels is None and "n_samples=45 should be >= n_clusters=99" in fits[0].problem
    assert fits[1].problem == "one cluster" and fits[3].problem == "every cluster is one photo"
    assert [fit.scores is None for fit in fits] == [True, True, False, True, False]
    best = chosen_fit(fits)
    assert best is fits[2]


def test_noise_alone_is_no_feasible_fit() -> None:
    fits = fit_grid([DbscanClusterer(eps=1e-3), DbscanClusterer(eps=1.0)], VECTORS)
    assert fits[0].problem == "no cluster" and fits[1].is_chosen


def test_counts_of_a_fit_take_clusters_of_one_as_alone() -> None:
    fit = Fit(KMeansClusterer(), np.array([0, 0, 1, 2, 2, -1]), 0.0)
    assert fit.num_clusters == 2 and fit.num_alone == 2
    failed = Fit(KMeansClusterer(), None, 0.0)
    assert failed.num_clusters == 0 and failed.num_alone is None


def test_progress_is_told_of_each_unit_of_work() -> None:
    seen: list[int] = []

    def track(done: Iterator[Any], total: int) -> Iterator[Any]:
        for each in done:
            seen.append(total)
            yield each

    clusterers = [AgglomerativeClusterer(n_clusters=count) for count in (2, 3, 4)] + [KMeansClusterer(n_clusters=2)]
    fit_grid(clusterers, VECTORS, track=track)
    assert seen == [2, 2]


def test_fits_that_end_early_are_scored_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    vectors, _ = draw_digits(6)
    fits = fit_grid([GaussianMixtureClusterer(n_clusters=5, max_iter=1), KMeansClusterer(n_clusters=5)], vectors)
    assert all(fit.scores is not None for fit in fits) and not list(recwarn)


# -- pipeline ---------------------------------------------------------------------------------------------------------


def test_steps_follow_each_other_and_groups_of_one_become_noise() -> None:
    seen = []

    def merge(vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
        seen.append((vectors.shape, labels.tolist()))
        return np.where(labels == 1, 0, labels)

    def split(vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
        seen.append((vectors.shape, labels.tolist()))
        return np.array([0, 9, 9, 5, 5, -1])

    pipeline = Pipeline(lambda each: each[:, :2], lambda each: np.array([0, 1, 1, 2, 2, -1]), [merge, split])
    assert pipeline.run(np.zeros((6, 7))).tolist() == [-1, 0, 0, 1, 1, -1]
    assert seen == [((6, 2), [0, 1, 1, 2, 2, -1]), ((6, 2), [0, 0, 0, 1, 1, -1])]


def test_without_steps_a_pipeline_gives_what_clustering_gives() -> None:
    pipeline = Pipeline(lambda each: each, KMeansClusterer(n_clusters=3).fit)
    assert are_same_groups(pipeline.run(VECTORS), TRUTH)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [([3, 3, 1, 2, 2], [0, 0, -1, 1, 1]), ([-1, -1], [-1, -1]), ([0, 1, 2], [-1, -1, -1]), ([], [])],
)
def test_groups_of_one_become_noise_and_the_others_are_numbered_anew(labels: list[int], expected: list[int]) -> None:
    assert without_singles(np.array(labels, dtype=np.int64)).tolist() == expected
