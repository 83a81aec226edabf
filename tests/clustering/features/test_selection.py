"""Scores of groupings, and which of several is best."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples, silhouette_score

from clustering.features import selection
from clustering.features.selection import InfeasibleError, Scores, score_groups, select, silhouettes
from clustering.features.space import FeatureSpace, prepare_vectors
from stages.settings import cluster_features as feature_cluster_settings
from tests.clustering.features.drawn_vectors import draw_bits, draw_groups

VECTORS, TRUTH = draw_groups([12, 9, 6, 3], spread=0.8)


def scores(*rows: tuple[float, float, float]) -> list[Scores]:
    return [Scores(*row, 10) for row in rows]


def test_scores_without_noise_are_those_of_scikit_learn() -> None:
    found = score_groups(VECTORS, TRUTH, "euclidean")
    assert found.silhouette == pytest.approx(silhouette_score(VECTORS, TRUTH))
    assert found.davies_bouldin == pytest.approx(davies_bouldin_score(VECTORS, TRUTH))
    assert found.calinski_harabasz == pytest.approx(calinski_harabasz_score(VECTORS, TRUTH))
    assert found.num_sampled == 30


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "hamming"])
def test_silhouettes_are_those_of_scikit_learn_in_every_metric(metric: str) -> None:
    vectors, truth = draw_bits() if metric == "hamming" else (VECTORS, TRUTH)
    prepared = prepare_vectors(vectors, FeatureSpace(metric, "none", 0))
    found = silhouettes(prepared, truth, np.arange(len(truth)), metric)
    assert np.allclose(found, silhouette_samples(vectors, truth, metric=metric), atol=1e-7)


def test_a_vector_that_is_a_group_of_its_own_has_a_silhouette_of_0() -> None:
    labels = TRUTH.copy()
    labels[4] = 4
    found = silhouettes(VECTORS, labels, np.arange(30), "euclidean")
    assert found[4] == 0 and np.allclose(found, silhouette_samples(VECTORS, labels))


def test_equal_vectors_in_two_groups_have_a_silhouette_of_0() -> None:
    found = silhouettes(np.ones((4, 2)), np.array([0, 0, 1, 1]), np.arange(4), "euclidean")
    assert found.tolist() == [0, 0, 0, 0]


def test_a_block_of_rows_changes_no_silhouette(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = silhouettes(VECTORS, TRUTH, np.arange(30), "euclidean")
    monkeypatch.setattr("clustering.features.density.BLOCK", 70)
    assert np.allclose(silhouettes(VECTORS, TRUTH, np.arange(30), "euclidean"), whole)


def test_many_vectors_are_judged_by_a_seeded_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "SILHOUETTE_ROWS", 20)
    one, same, other = (score_groups(VECTORS, TRUTH, "euclidean", seed) for seed in (1, 1, 2))
    assert one == same and one.num_sampled == 20
    assert one.silhouette != other.silhouette and one.davies_bouldin == other.davies_bouldin


def test_noise_is_in_no_cluster_and_weakens_all_scores() -> None:
    noisy = np.concatenate((VECTORS, 50 + np.random.default_rng(0).normal(size=(10, 8))))
    labels = np.concatenate((TRUTH, np.full(10, -1)))
    clean, found = score_groups(VECTORS, TRUTH, "euclidean"), score_groups(noisy, labels, "euclidean")
    assert found.silhouette == pytest.approx(clean.silhouette * 0.75)
    assert found.davies_bouldin == pytest.approx(clean.davies_bouldin / 0.75)
    assert found.calinski_harabasz == pytest.approx(clean.calinski_harabasz * 0.75)


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        (np.zeros(30), "one cluster"),
        (np.full(30, -1), "no cluster"),
        (np.arange(30), "every cluster is one photo"),
        (np.array([0, 1] + [-1] * 28), "every cluster is one photo"),
        (np.array([0] * 5 + [-1] * 25), "one cluster"),
    ],
)
def test_groupings_that_the_measures_say_nothing_of_are_infeasible(labels: np.ndarray, problem: str) -> None:
    with pytest.raises(InfeasibleError, match=problem):
        score_groups(VECTORS, labels.astype(np.int64), "euclidean")


# -- selection --------------------------------------------------------------------------------------------------------


def test_minmax_is_the_sum_of_scaled_measures_with_davies_bouldin_taken_off() -> None:
    best, values = select(scores((0.1, 2.0, 100), (0.5, 1.0, 300), (0.3, 3.0, 200)), "minmax")
    # S' = 0, 1, 0.5; D' = 0.5, 0, 1; H' = 0, 1, 0.5
    assert best == 1 and values == pytest.approx([-0.5, 2.0, 0.0])


def test_a_measure_that_is_the_same_for_all_counts_nothing() -> None:
    best, values = select(scores((0.2, 1.0, 5.0), (0.2, 2.0, 9.0)), "minmax")
    assert values == pytest.approx([0.0, 0.0]) and best == 0
    best, values = select(scores((0.2, 1.0, 5.0), (0.2, 1.0, 5.0)), "minmax")
    assert values == [0.0, 0.0] and best == 0


def test_rank_is_the_mean_place_by_the_three() -> None:
    best, values = select(scores((0.1, 2.0, 100), (0.5, 1.0, 300), (0.3, 3.0, 200)), "rank")
    assert best == 1 and values == pytest.approx([(1 + 2 + 1) / 3, 3.0, (2 + 1 + 2) / 3])


def test_rank_and_minmax_may_differ_where_one_measure_is_extreme() -> None:
    rows = scores((0.9, 1.0, 10.0), (0.85, 0.9, 11.0), (0.0, 5.0, 1000.0))
    assert select(rows, "rank")[0] == 1
    assert select(rows, "minmax")[0] in (0, 1)


def test_silhouette_looks_at_nothing_else() -> None:
    best, values = select(scores((0.1, 2.0, 100), (0.4, 9.0, 1), (0.3, 0.1, 900)), "silhouette")
    assert best == 1 and values == pytest.approx([0.1, 0.4, 0.3])


def test_every_selection_is_one_that_the_tool_offers() -> None:
    assert selection.SELECTIONS == feature_cluster_settings.SELECTIONS


def test_of_equal_ones_the_first_is_chosen() -> None:
    rows = scores((0.5, 1.0, 9.0), (0.1, 2.0, 1.0), (0.5, 1.0, 9.0))
    assert select(rows, "minmax")[0] == select(rows, "rank")[0] == 0


def test_infeasible_ones_are_passed_over_and_change_no_scale() -> None:
    rows = scores((0.1, 2.0, 100), (0.5, 1.0, 300), (0.3, 3.0, 200))
    best, values = select([None, rows[0], None, rows[1], rows[2]], "minmax")
    assert best == 3 and values[0] is values[2] is None and values[3] == pytest.approx(2.0)


def test_the_only_one_is_taken_without_scores() -> None:
    assert select([None], "minmax") == (0, [None])
    assert select(scores((0.1, 2.0, 100)), "rank")[0] == 0


def test_where_none_can_be_scored_none_is_chosen() -> None:
    assert select([None, None], "minmax") == (None, [None, None])
