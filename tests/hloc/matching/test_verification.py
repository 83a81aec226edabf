"""One pair from photos to numbers."""

from __future__ import annotations

import numpy as np
import pytest

from hloc.matching.base import Matches
from hloc.matching.maps import map_points
from hloc.matching.verification import count_places, coverage, judge, verify
from tests.hloc.matching.drawn import HEIGHT, MATCHER, WIDTH, draw_facade, load, seen_by, similarity


def test_two_views_of_one_wall_agree_in_many_places() -> None:
    view = similarity(1.2, 5, (10, -6), (WIDTH / 2, HEIGHT / 2))
    found = verify(MATCHER, load(draw_facade(1)), load(seen_by(draw_facade(1), view)))
    assert found.num_places > 50 and min(found.coverage) > 0.2
    corners = np.array([[50.0, 50.0], [250.0, 190.0]])
    assert np.allclose(map_points(found.transform, corners), map_points(view, corners), atol=4)


def test_two_walls_agree_in_few() -> None:
    places = [verify(MATCHER, load(draw_facade(1)), load(draw_facade(seed))).num_places for seed in range(2, 8)]
    assert max(places) < 10


def test_inliers_are_rows_of_matched_keypoints() -> None:
    first, second = load(draw_facade(1)), load(seen_by(draw_facade(1), similarity(1.1, 0, (4, 4), (160, 120))))
    found = verify(MATCHER, first, second)
    matches = set(zip(*(each.tolist() for each in vars(MATCHER.match(first, second)).values()), strict=True))
    pairs = {pair[:2] for pair in matches}
    assert len(found.inliers) and {tuple(pair) for pair in found.inliers.tolist()} <= pairs


@pytest.mark.parametrize("swap", [False, True])
def test_a_blank_photo_agrees_with_nothing(swap: bool) -> None:
    pair = [load(np.full((HEIGHT, WIDTH, 3), 77, np.uint8)), load(draw_facade(1))]
    found = verify(MATCHER, *(reversed(pair) if swap else pair))
    assert (found.num_matches, found.num_places, found.kind, found.num_guided) == (0, 0, "none", 0)
    assert not found.transform.any() and found.coverage == (0.0, 0.0)


def test_one_place_seen_at_two_sizes_counts_once() -> None:
    photo = load(draw_facade(1))
    same = np.repeat(np.arange(1), 5)
    assert count_places(photo, photo, np.column_stack([same, same])) == 1


def test_coverage_is_the_share_of_cells() -> None:
    photo = load(draw_facade(1))
    assert coverage(photo, np.zeros(0, np.intp)) == 0
    assert coverage(photo, np.arange(1)) == pytest.approx(1 / (16 * 12))
    assert coverage(photo, np.arange(len(photo.vectors))) > 0.7


def test_a_second_look_is_taken_in_doubt_only() -> None:
    wall = draw_facade(1)
    view = seen_by(wall, similarity(1.1, 2, (6, 4), (160, 120)))
    assert verify(MATCHER, load(wall), load(view)).num_guided == 0
    other = draw_facade(2).copy()
    other[60:110, 80:150] = view[60:110, 80:150]
    first, second = load(wall), load(other)
    matches = MATCHER.match(first, second)
    on_view = np.flatnonzero(verify(MATCHER, first, second).inliers[:, 0])
    few = matches.only(np.isin(matches.first, verify(MATCHER, first, second).inliers[on_view[:9], 0]))
    none = matches.only(np.zeros(len(matches.first), bool))
    others = MATCHER.match(first, load(draw_facade(3)))
    rest = ~np.isin(others.first, few.first)
    mixed = Matches(*(np.concatenate([getattr(few, name), getattr(others, name)[rest]]) for name in vars(few)))
    found = judge(first, second, mixed, none)
    assert 5 <= found.num_places <= 12 and found.num_guided > found.by_chance
