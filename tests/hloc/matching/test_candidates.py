"""Further pairs that are worth a look."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hloc.matching.candidates import expand, near_positions, near_times


def test_neighbours_of_verified_neighbours_are_proposed() -> None:
    assert expand([(0, 1), (1, 2)], {(0, 1): 0.9, (1, 2): 0.8}, {}, 5) == [(0, 2)]


def test_what_a_verified_neighbour_lists_is_proposed() -> None:
    assert expand([(0, 1)], {(0, 1): 0.9}, {1: [0, 7]}, 5) == [(0, 7)]


def test_a_pair_that_was_looked_at_is_not_proposed_again() -> None:
    assert expand([(0, 1), (1, 2), (0, 2)], {(0, 1): 0.9, (1, 2): 0.8}, {}, 5) == []


def test_what_lies_behind_a_stronger_pair_comes_first() -> None:
    proposed = expand([(0, 1), (0, 2)], {(0, 1): 0.9, (0, 2): 0.6}, {1: [3], 2: [4]}, 1)
    assert (0, 3) in proposed and (0, 4) not in proposed


def test_several_paths_outweigh_one() -> None:
    strengths = {(0, 1): 0.6, (0, 2): 0.6, (0, 5): 0.9}
    proposed = expand(list(strengths), strengths, {1: [3], 2: [3], 5: [4]}, 1)
    assert (0, 3) in proposed and (0, 4) not in proposed


def test_nothing_verified_proposes_nothing() -> None:
    assert expand([(0, 1)], {}, {0: [1, 2], 1: [0]}, 5) == []


@given(
    st.sets(st.tuples(st.integers(0, 12), st.integers(0, 12)).filter(lambda pair: pair[0] < pair[1])),
    st.integers(0, 4),
)
def test_no_photo_asks_for_more_than_its_budget(pairs: set[tuple[int, int]], budget: int) -> None:
    proposed = expand(pairs, dict.fromkeys(pairs, 0.9), {}, budget)
    assert len(proposed) <= 13 * budget
    assert not set(proposed) & pairs and all(one < other for one, other in proposed)


def degrees(*metres_north: float) -> np.ndarray:
    return np.array([[48.0 + metres / 111_195.0, 2.0] for metres in metres_north])


def test_photos_near_by_are_proposed_and_far_ones_are_not() -> None:
    assert near_positions(degrees(0, 30, 5000, 5020), 5) == [(0, 1), (2, 3)]


def test_the_nearest_come_first() -> None:
    assert near_positions(degrees(0, 10, 30, 55), 1) == [(0, 1), (1, 2), (2, 3)]


def test_photos_without_a_position_are_left_out() -> None:
    positions = degrees(0, 10, 20)
    positions[1] = np.nan
    assert near_positions(positions, 5) == [(0, 2)]
    assert near_positions(np.full((3, 2), np.nan), 5) == []


def test_neighbours_across_the_date_line_are_near() -> None:
    assert near_positions(np.array([[0.0, 179.9999], [0.0, -179.9999]]), 3) == [(0, 1)]


def test_photos_at_one_place_do_not_propose_themselves() -> None:
    pairs = near_positions(degrees(0, 0, 0), 2)
    assert set(pairs) == {(0, 1), (0, 2), (1, 2)}


def test_two_shots_of_one_camera_within_a_minute_are_proposed() -> None:
    times = ["2026-05-01T10:00:00", "2026-05-01T10:00:40+02:00", "2026-05-01T10:05:00", None]
    assert near_times(times, ["a", "a", "a", "a"], 5) == [(0, 1)]


def test_another_camera_at_the_same_time_is_not() -> None:
    assert near_times(["2026-05-01T10:00:00"] * 2, ["a", "b"], 5) == []


def test_what_is_no_time_is_left_out() -> None:
    assert near_times(["yesterday", "2026-05-01T10:00:00.25"], ["a", "a"], 5) == []


@pytest.mark.parametrize("budget", [0, 1, 2])
def test_a_burst_keeps_to_the_budget(budget: int) -> None:
    times = [f"2026-05-01T10:00:{second:02d}" for second in range(0, 20, 2)]
    pairs = near_times(times, ["a"] * 10, budget)
    assert len(pairs) <= 10 * budget and (budget == 0 or (0, 1) in pairs)
