"""Measures of lists of neighbours, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hloc.retrieval_measures import measure_ranks, overlap

IS_RIGHT = np.array([[True, False, False], [False, False, True], [False, False, False], [False, True, True]])
NUM_RIGHT = np.array([1, 1, 2, 5])


def test_recall_counts_queries_with_a_right_photo_among_the_first() -> None:
    assert measure_ranks(IS_RIGHT, NUM_RIGHT, (1, 2, 3)).recall == {1: 0.25, 2: 0.5, 3: 0.75}


def test_several_right_photos_count_once_for_recall() -> None:
    assert measure_ranks(np.ones((1, 2), bool), np.array([2]), (2,)).recall == {2: 1.0}


def test_ranks_and_precisions_are_those_by_hand() -> None:
    measures = measure_ranks(IS_RIGHT, NUM_RIGHT, (1,))
    assert measures.mean_reciprocal_rank == pytest.approx((1 + 1 / 3 + 0 + 1 / 2) / 4)
    assert measures.mean_average_precision == pytest.approx((1 + 1 / 3 + 0 + (1 / 2 + 2 / 3) / 3) / 4)


@pytest.mark.parametrize("num_right", [[], [0]], ids=str)
def test_without_anything_to_find_there_is_no_measure(num_right: list[int]) -> None:
    with pytest.raises(ValueError, match="something to find"):
        measure_ranks(np.zeros((len(num_right), 3), bool), np.array(num_right), (1,))


def test_overlap_counts_ties_with_the_last_of_the_nearest() -> None:
    exact = np.array([[0.9, 0.5, 0.5]])
    assert overlap(np.array([[0.9, 0.5, 0.1]]), exact, 2) == 1.0
    assert overlap(np.array([[0.5, 0.4, 0.1]]), exact, 2) == 0.5


def test_overlap_of_short_lists_is_that_of_what_there_is() -> None:
    exact = np.array([[0.9, -np.inf], [-np.inf, -np.inf]])
    assert overlap(exact, exact, 2) == 1.0 and overlap(exact - np.inf, exact, 2) == 0.0
