"""Scores of vectors, and the exact search by them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist, jensenshannon

from hloc.exact_search import NONE, prove, scores_of, search_exactly, without_own
from hloc.search_metrics import METRICS, jensen_shannon, probability_rows, unit_rows
from stages.settings.search import METRICS as NAMES
from storage.errors import UsageError

RNG = np.random.default_rng(0)
POSITIVE = np.abs(RNG.normal(size=(40, 12))).astype(np.float32)
SPARSE = (POSITIVE * (RNG.random(POSITIVE.shape) < 0.4)).astype(np.float32)
SPARSE[0, 0] = 1.0
BITS = RNG.integers(0, 256, (40, 8), dtype=np.uint8)


def vectors_for(name: str) -> np.ndarray:
    return METRICS[name].prepare(BITS if name == "hamming" else POSITIVE)


# Jensen-Shannon


@pytest.mark.parametrize("rows", [POSITIVE, SPARSE[SPARSE.any(axis=1)]], ids=["positive", "with zeros"])
def test_the_divergence_is_the_square_of_scipys_distance(rows: np.ndarray) -> None:
    shares = probability_rows(rows).astype(np.float64)
    found = np.array([jensen_shannon(one, shares) for one in shares])
    expected = np.array([[jensenshannon(one, other) ** 2 for other in shares] for one in shares])
    np.testing.assert_allclose(found, np.nan_to_num(expected), atol=1e-7)


def test_distributions_that_share_nothing_lie_at_the_logarithm_of_2() -> None:
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([[0.0, 1.0], [1.0, 0.0]])).tolist() == [np.log(2), 0.0]


def test_the_divergence_in_blocks_is_that_of_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = jensen_shannon(SPARSE[0], POSITIVE)
    monkeypatch.setattr("hloc.search_metrics.BLOCK_BYTES", 8 * 12 * 3)
    np.testing.assert_array_equal(jensen_shannon(SPARSE[0], POSITIVE), whole)


def test_a_zero_in_a_row_loses_no_row() -> None:
    metric = METRICS["js"]
    rows = metric.prepare(SPARSE[SPARSE.any(axis=1)])
    found = search_exactly(metric, rows, rows, 1)
    assert found.rows[:, 0].tolist() == list(range(len(rows)))


def test_negative_numbers_are_no_distribution() -> None:
    with pytest.raises(UsageError, match="negative"):
        probability_rows(np.array([[0.5, -0.1]]))


# The other metrics


def test_the_flag_offers_all_metrics() -> None:
    assert set(NAMES) == set(METRICS)


@pytest.mark.parametrize(
    ("name", "distance"), [("l2", "sqeuclidean"), ("l1", "cityblock"), ("cosine", "cosine")], ids=str
)
def test_scores_are_those_of_scipy(name: str, distance: str) -> None:
    rows = vectors_for(name)
    expected = -cdist(rows.astype(np.float64), rows.astype(np.float64), distance) + (name == "cosine")
    np.testing.assert_allclose(METRICS[name].block(rows, rows), expected, atol=1e-6)


def test_hamming_counts_bits() -> None:
    one, other = np.array([[0b1010]], np.uint8), np.array([[0b0110], [0b1010]], np.uint8)
    assert METRICS["hamming"].block(one, other).tolist() == [[-2.0, 0.0]]


@pytest.mark.parametrize("name", METRICS)
def test_a_pair_scores_as_it_does_in_a_block(name: str) -> None:
    rows = vectors_for(name)
    pairs = np.array([METRICS[name].pairs(one, rows) for one in rows])
    np.testing.assert_allclose(METRICS[name].block(rows, rows), pairs, atol=1e-9)


def test_a_row_of_zeros_stays_zeros() -> None:
    rows = np.array([[0.0, 0.0], [3.0, 4.0]])
    assert unit_rows(rows).tolist() == [[0.0, 0.0], [np.float32(0.6), np.float32(0.8)]]
    assert probability_rows(rows)[0].tolist() == [0.0, 0.0]


# The exact search


@pytest.mark.parametrize("name", METRICS)
def test_the_nearest_are_those_of_a_full_sort_and_ties_go_by_row(name: str) -> None:
    rows = np.concatenate([vectors_for(name)] * 2)  # each row twice, so all scores tie
    found = search_exactly(METRICS[name], rows, rows[:5], 7)
    for query in range(5):
        scores = np.round(METRICS[name].pairs(rows[query], rows), 7)
        assert found.rows[query].tolist() == np.argsort(-scores, kind="stable")[:7].tolist()


def test_a_query_does_not_find_itself() -> None:
    rows = vectors_for("cosine")
    found = search_exactly(METRICS["cosine"], rows, rows, 3, np.arange(len(rows)))
    assert not (found.rows == np.arange(len(rows))[:, None]).any()


def test_where_there_are_fewer_rows_than_asked_for_the_rest_is_none() -> None:
    rows = vectors_for("l2")[:2]
    found = search_exactly(METRICS["l2"], rows, rows[:1], 4, np.array([0]))
    assert found.rows.tolist() == [[1, NONE, NONE, NONE]] and np.isneginf(found.scores[0, 1:]).all()


def test_proposals_that_leave_ties_open_are_searched_again() -> None:
    metric = METRICS["cosine"]
    rows = metric.prepare(np.concatenate([np.ones((60, 4)), POSITIVE[:20, :4]]))

    def last_first(queries: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Propose the last of 60 equal rows."""
        return np.ones((len(queries), count)), np.tile(np.arange(60 - count, 60), (len(queries), 1))

    found = prove(last_first, metric, rows, rows[:1], 3)
    assert found.rows.tolist() == [[0, 1, 2]]


def test_of_an_approximate_answer_the_query_is_taken_out_and_ties_go_by_row() -> None:
    values, rows = np.array([[0.9, 0.8, 0.8, -np.inf]]), np.array([[4, 7, 2, -1]])
    found = without_own(values, rows, 3, np.array([4]))
    assert found.rows.tolist() == [[2, 7, NONE]]


def test_exact_scores_of_what_was_found_leave_gaps_at_minus_infinity() -> None:
    rows = vectors_for("cosine")
    scores = scores_of(METRICS["cosine"], rows, rows[:1], np.array([[0, NONE]]))
    assert scores[0, 0] == pytest.approx(1.0, abs=1e-6) and np.isneginf(scores[0, 1])
