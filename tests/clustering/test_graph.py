from __future__ import annotations

import numpy as np
import pytest

from clustering.graph import ScoredPairs, appearance_order, find_edges, list_neighbours
from storage.errors import UsageError


def pairs_of(num_photos: int, *lines: tuple[int, int, float]) -> ScoredPairs:
    first, second, score = zip(*lines, strict=True) if lines else ((), (), ())
    return ScoredPairs.from_arrays(num_photos, first, second, score)


def edges_of(pairs: ScoredPairs, threshold: float) -> list[tuple[int, int, float]]:
    edges = find_edges(pairs, threshold)
    return list(zip(edges.first.tolist(), edges.second.tolist(), edges.score.tolist(), strict=True))


def neighbours(pairs: ScoredPairs, threshold: float, file_order: bool = False) -> list[list[int]]:
    adjacency = list_neighbours(find_edges(pairs, threshold), file_order)
    return [part.tolist() for part in np.split(adjacency.neighbours, adjacency.starts[1:-1])]


def test_a_score_equal_to_the_threshold_is_an_edge() -> None:
    assert edges_of(pairs_of(3, (0, 1, 0.35), (1, 2, 0.3499999)), 0.35) == [(0, 1, 0.35)]


def test_a_score_that_is_no_number_is_no_edge() -> None:
    assert edges_of(pairs_of(2, (0, 1, float("nan"))), -1.0) == []


def test_both_directions_and_repetitions_are_one_edge_with_the_highest_score() -> None:
    assert edges_of(pairs_of(2, (1, 0, 0.4), (0, 1, 0.6), (0, 1, 0.5)), 0.2) == [(0, 1, 0.6)]


def test_edges_come_by_falling_score_then_by_photo_numbers() -> None:
    pairs = pairs_of(5, (4, 0, 0.3), (2, 1, 0.5), (1, 0, 0.3), (3, 2, 0.5))
    assert edges_of(pairs, 0.2) == [(1, 2, 0.5), (2, 3, 0.5), (0, 1, 0.3), (0, 4, 0.3)]


def test_an_edge_stands_where_it_first_passed_the_threshold() -> None:
    pairs = pairs_of(3, (0, 1, 0.1), (1, 2, 0.3), (1, 0, 0.9))
    assert find_edges(pairs, 0.2).row.tolist() == [2, 1]


def test_no_pairs_give_no_edges_and_no_neighbours() -> None:
    assert neighbours(pairs_of(3), 0.2) == [[], [], []]


def test_no_photos_give_no_neighbours() -> None:
    assert len(list_neighbours(find_edges(pairs_of(0), 0.2)).neighbours) == 0


def test_neighbours_come_by_falling_score_then_by_number() -> None:
    pairs = pairs_of(5, (2, 4, 0.5), (2, 0, 0.3), (3, 2, 0.5), (1, 2, 0.9))
    assert neighbours(pairs, 0.2)[2] == [1, 3, 4, 0]


def test_neighbours_in_file_order_come_as_the_lines_name_them() -> None:
    pairs = pairs_of(5, (2, 4, 0.5), (2, 0, 0.3), (3, 2, 0.5), (1, 2, 0.9), (4, 2, 0.9))
    assert neighbours(pairs, 0.2, file_order=True)[2] == [4, 0, 3, 1]


def test_a_photo_paired_with_itself_is_its_own_neighbour_once() -> None:
    pairs = pairs_of(3, (1, 1, 0.9), (1, 1, 0.8), (0, 1, 0.5))
    assert neighbours(pairs, 0.2) == [[1], [1, 0], []]
    assert neighbours(pairs, 0.2, file_order=True) == [[1], [1, 0], []]


def test_the_order_of_lines_and_of_the_two_photos_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 30, (2, 200))
    score = np.round(rng.random(200), 1)
    turned = rng.random(200) < 0.5
    shuffled = rng.permutation(200)
    one = ScoredPairs.from_arrays(30, first, second, score)
    other = ScoredPairs.from_arrays(
        30, np.where(turned, second, first)[shuffled], np.where(turned, first, second)[shuffled], score[shuffled]
    )
    assert edges_of(one, 0.3) == edges_of(other, 0.3)
    assert neighbours(one, 0.3) == neighbours(other, 0.3)


def test_photos_appear_as_the_lines_above_the_threshold_name_them() -> None:
    pairs = pairs_of(6, (5, 4, 0.1), (3, 1, 0.5), (1, 5, 0.5), (4, 3, 0.5))
    assert appearance_order(pairs, 0.2).tolist() == [3, 1, 5, 4]


def test_degrees_and_sources_match_the_neighbours() -> None:
    adjacency = list_neighbours(find_edges(pairs_of(4, (0, 1, 0.5), (1, 3, 0.5)), 0.2))
    assert adjacency.degrees.tolist() == [1, 2, 0, 1]
    assert adjacency.sources().tolist() == [0, 1, 1, 3]


def test_a_photo_number_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"0\.\.1"):
        pairs_of(2, (0, 2, 0.5))
    with pytest.raises(ValueError, match="photo numbers"):
        pairs_of(2, (-1, 1, 0.5))


def test_arrays_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        ScoredPairs.from_arrays(2, [0], [1], [])


def test_a_threshold_that_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match="nan"):
        find_edges(pairs_of(2, (0, 1, 0.5)), float("nan"))


def test_more_photos_than_photo_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 2147483647 photos"):
        ScoredPairs.from_arrays(2**31, [], [], [])
