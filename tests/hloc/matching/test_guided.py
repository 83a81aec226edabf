"""The second look."""

from __future__ import annotations

import numpy as np
import pytest

from hloc.matching.base import LoadedFeatures
from hloc.matching.geometry import SCALE_FACTOR, TURN_DEG
from hloc.matching.guided import LEAST_PRODUCT, NUM_SHIFTS, RADIUS, SHIFT, guided_matches
from hloc.matching.maps import angle_difference, map_points, scale_and_turn
from tests.hloc.matching.drawn import MATCHER, draw_facade, load, seen_by, similarity

TURN = similarity(1.1, 3, (8, -5), (160, 120))


def test_the_right_map_finds_more_than_wrong_maps() -> None:
    found = guided_matches(load(draw_facade(1)), load(seen_by(draw_facade(1), TURN)), TURN)
    assert len(found.first) > 100 and found.by_chance < 0.2 * len(found.first)


def test_a_map_between_two_walls_finds_no_more_than_wrong_maps() -> None:
    found = guided_matches(load(draw_facade(1)), load(draw_facade(2)), TURN)
    assert len(found.first) < 2 * found.by_chance + 6


def test_the_second_look_finds_what_the_ratio_test_refused() -> None:
    row_of_windows = np.tile(draw_facade(1, 80, 240), (1, 4, 1))
    first, second = load(row_of_windows), load(seen_by(row_of_windows, TURN))
    guided, plain = guided_matches(first, second, TURN), MATCHER.match(first, second)
    assert len(set(guided.first.tolist()) - set(plain.first.tolist())) > 50


def test_a_keypoint_is_matched_at_most_once() -> None:
    found = guided_matches(load(draw_facade(1)), load(seen_by(draw_facade(1), TURN)), TURN)
    assert len(set(found.first.tolist())) == len(found.first) == len(set(found.second.tolist()))
    assert np.all(np.diff(found.first) > 0)


def by_the_book(first: LoadedFeatures, second: LoadedFeatures, matrix: np.ndarray) -> set[tuple[int, int]]:
    """Match every keypoint with every other, then keep what is near, alike, and best of both."""
    start, end = first.stored.keypoints.astype(float), second.stored.keypoints.astype(float)
    log_scale, turn = scale_and_turn(matrix)
    places = map_points(matrix, start[:, :2])
    fits = np.linalg.norm(places[:, None] - end[:, :2], axis=2) <= RADIUS * second.side
    fits &= np.abs(np.log(start[:, 2])[:, None] + log_scale - np.log(end[:, 2])) < np.log(SCALE_FACTOR)
    fits &= np.abs(angle_difference(start[:, 3][:, None] + turn, end[:, 3])) < TURN_DEG
    products = np.where(fits, first.vectors.unit @ second.vectors.unit.T, 0)
    products[products < LEAST_PRODUCT] = 0
    rows, columns = products.argmax(axis=1), products.argmax(axis=0)
    return {(row, int(column)) for row, column in enumerate(rows) if columns[column] == row and products[row, column]}


@pytest.mark.parametrize("seed", [1, 2])
def test_all_maps_at_once_find_what_each_finds_alone(seed: int) -> None:
    first, second = load(draw_facade(1)), load(seen_by(draw_facade(seed), TURN))
    found = guided_matches(first, second, TURN)
    assert set(zip(found.first.tolist(), found.second.tolist(), strict=True)) == by_the_book(first, second, TURN)
    angles = 2 * np.pi * np.arange(NUM_SHIFTS) / NUM_SHIFTS
    counts = [
        len(by_the_book(first, second, TURN + np.array([[0, 0, right], [0, 0, down]])))
        for right, down in SHIFT * second.side * np.column_stack([np.cos(angles), np.sin(angles)])
    ]
    assert found.by_chance == pytest.approx(np.mean(counts)) and sum(counts) > 0


def test_a_map_out_of_the_photo_finds_nothing() -> None:
    away = TURN + np.array([[0, 0, 5000.0], [0, 0, 0]])
    found = guided_matches(load(draw_facade(1)), load(draw_facade(1)), away)
    assert len(found.first) == 0 and found.by_chance == 0


@pytest.mark.parametrize("blank_is_first", [True, False])
def test_a_photo_without_keypoints_finds_nothing(blank_is_first: bool) -> None:
    blank = load(np.full((240, 320, 3), 90, np.uint8))
    pair = (blank, load(draw_facade(1))) if blank_is_first else (load(draw_facade(1)), blank)
    assert len(guided_matches(*pair, TURN).first) == 0
