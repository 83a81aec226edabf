"""The second look."""

from __future__ import annotations

import numpy as np
import pytest

from hloc.matching.guided import guided_matches
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


def test_a_map_out_of_the_photo_finds_nothing() -> None:
    away = TURN + np.array([[0, 0, 5000.0], [0, 0, 0]])
    found = guided_matches(load(draw_facade(1)), load(draw_facade(1)), away)
    assert len(found.first) == 0 and found.by_chance == 0


@pytest.mark.parametrize("blank_is_first", [True, False])
def test_a_photo_without_keypoints_finds_nothing(blank_is_first: bool) -> None:
    blank = load(np.full((240, 320, 3), 90, np.uint8))
    pair = (blank, load(draw_facade(1))) if blank_is_first else (load(draw_facade(1)), blank)
    assert len(guided_matches(*pair, TURN).first) == 0
