"""The photo that stands for a cluster."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clustering.medoids import find_medoids


def medoids(num_photos: int, rows: list[tuple[int, int, float]], rank: list[int] | None = None, lowest: float = 0.0):
    first, second = (np.array([row[end] for row in rows], dtype=np.int64) for end in (0, 1))
    ranks = np.arange(num_photos) if rank is None else np.array(rank)
    return find_medoids(num_photos, (first, second, np.array([row[2] for row in rows])), lowest, ranks)


def test_the_photo_that_is_most_similar_to_the_others_stands_for_them() -> None:
    found = medoids(4, [(0, 1, 0.9), (1, 2, 0.9), (1, 3, 0.8)])
    assert (found.photo.tolist(), found.size.tolist(), found.is_alone.tolist()) == ([1], [4], [False] * 4)


def test_a_photo_of_two_fair_pairs_stands_before_one_of_a_single_good_pair() -> None:
    assert medoids(4, [(0, 1, 0.91), (1, 2, 0.91), (2, 3, 0.99), (1, 3, 0.91)]).photo.tolist() == [1]


def test_of_equal_photos_the_one_with_the_lower_name_stands() -> None:
    assert medoids(2, [(0, 1, 0.9)], rank=[1, 0]).photo.tolist() == [1]


def test_each_cluster_has_one_and_photos_without_a_pair_are_alone() -> None:
    found = medoids(6, [(4, 5, 0.9), (0, 2, 0.9)])
    assert found.photo.tolist() == [0, 4] and np.flatnonzero(found.is_alone).tolist() == [1, 3]


def test_negative_scores_count_from_the_lowest_there_can_be() -> None:
    assert medoids(3, [(0, 1, -0.5), (1, 2, -0.5)], lowest=-1.0).photo.tolist() == [1]


def test_without_pairs_nothing_stands_for_anything() -> None:
    assert medoids(3, []).photo.tolist() == []


@given(st.permutations([(0, 1, 0.1), (0, 2, 0.2), (1, 2, 0.3), (2, 3, 0.7), (0, 3, 0.7), (1, 3, 0.6)]))
def test_the_order_of_the_pairs_has_no_part_in_it(rows: list[tuple[int, int, float]]) -> None:
    assert medoids(4, rows).photo.tolist() == [3]
