"""Measures of retrieval."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hloc.retrieval_measures import average_precision, measure_retrieval, rank_partners


def angles(*degrees: float) -> NDArray[np.float64]:
    """Unit vectors of the plane: the smaller the angle between two, the higher their score."""
    radians = np.radians(degrees)
    return np.column_stack([np.cos(radians), np.sin(radians)])


def test_average_precision_of_a_known_ranking() -> None:
    assert average_precision(np.array([False, True, False, True])) == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert average_precision(np.array([True, True])) == 1


def test_a_ranking_without_anything_to_find_is_refused() -> None:
    with pytest.raises(ValueError, match="no true item"):
        average_precision(np.zeros(3, dtype=bool))


def test_a_perfect_ranking_measures_one() -> None:
    measures = measure_retrieval(angles(0, 5, 90), np.array(["a", "a", "b"]))
    assert measures.mean_average_precision == measures.precision_at_1 == measures.recall_of_pairs == 1
    assert measures.num_queries == 2


def test_every_photo_with_a_partner_is_asked_for() -> None:
    # photo 0 ranks b, a, c, a; photo 1 ranks b, c and a, a; photo 4 ranks c, a, b, a
    vectors, labels = angles(0, 20, 10, 30, 40), np.array(["a", "a", "b", "c", "a"])
    expected = [(1 / 2 + 2 / 4) / 2, average_precision(np.array([False, False, True, True])), (1 / 2 + 2 / 4) / 2]
    measures = measure_retrieval(vectors, labels)
    assert measures.num_queries == 3 and measures.precision_at_1 == 0
    assert measures.mean_average_precision == pytest.approx(np.mean(expected))


def test_photos_that_are_alone_only_distract() -> None:
    measures = measure_retrieval(angles(0, 40, 20), np.array(["a", "a", "alone"]))
    assert measures.num_queries == 2
    assert measures.mean_average_precision == pytest.approx(0.5)
    assert measures.precision_at_1 == 0


def test_of_equal_scores_the_earlier_photo_comes_first() -> None:
    labels = np.array(["a", "b", "a"])
    assert measure_retrieval(angles(0, 30, 30), labels).mean_average_precision == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert measure_retrieval(angles(0, 30, 30), labels[[0, 2, 1]]).precision_at_1 == pytest.approx(0.5)


def test_true_pairs_beyond_the_end_of_the_list_are_not_found() -> None:
    vectors = angles(0, *range(5, 60, 5), 80)
    labels = np.array(["a", *[f"x{number}" for number in range(11)], "a"])
    assert measure_retrieval(vectors, labels).recall_of_pairs == 0
    assert measure_retrieval(vectors, labels, top=12).recall_of_pairs == 1


def test_the_order_of_the_photos_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(20, 4)), np.array([f"b{number % 6}" for number in range(20)])
    order = rng.permutation(20)
    plain, shuffled = measure_retrieval(vectors, labels), measure_retrieval(vectors[order], labels[order])
    assert plain.mean_average_precision == pytest.approx(shuffled.mean_average_precision)
    assert plain.recall_of_pairs == pytest.approx(shuffled.recall_of_pairs)


def test_labels_without_a_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="no two photos share a label"):
        measure_retrieval(np.eye(2), np.array(["a", "b"]))


def test_photos_without_a_partner_are_ranked_and_not_asked_for() -> None:
    rows = np.array([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6], [0.0, 1.0]])
    found = {query: ranks.tolist() for query, ranks in rank_partners(rows, np.array(["a", "a", "b", "c"]))}
    assert found == {0: [False, True, False], 1: [False, False, True]}
