"""What lies over photos: known by staying in its place."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from hloc.matching.base import Matches
from hloc.matching.maps import angle_difference
from hloc.matching.overlay import (
    SAME_PLACE,
    find_overlay,
    known_overlays,
    look_alike,
    pairs_held_by_overlays,
    same_places,
)
from hloc.matching.verification import verify
from storage.formats.local_features import StoredFeatures
from storage.formats.matches import join_matches
from tests.hloc.matching.drawn import HEIGHT, MATCHER, WIDTH, Photo, draw_facade, load, seen_by, similarity, stamped
from tests.hloc.matching.tables import one_pair


def overlay_share(one: Photo, other: Photo) -> tuple[float, int]:
    first, second = load(one), load(other)
    matches = MATCHER.match(first, second)
    found = find_overlay(first.stored, second.stored, matches)
    return float(found.mean()) if len(found) else 0.0, int(found.sum())


def test_a_stamp_on_two_different_walls_is_overlay() -> None:
    one, other = stamped(draw_facade(1)), stamped(draw_facade(2))
    found = verify(MATCHER, load(one), load(other))
    assert len(found.overlay) > 20 and found.num_places <= 5


def test_without_the_guard_the_stamp_would_glue_them() -> None:
    first, second = load(stamped(draw_facade(1))), load(stamped(draw_facade(2)))
    matches = MATCHER.match(first, second)
    assert same_places(first.stored, second.stored, matches).sum() > 20


def test_a_second_shot_from_a_tripod_is_no_overlay() -> None:
    noisy = np.clip(draw_facade(1) + np.random.default_rng(0).normal(0, 4, (HEIGHT, WIDTH, 3)), 0, 255)
    assert overlay_share(draw_facade(1), noisy.astype(np.uint8)) == (0.0, 0)


def test_a_darker_copy_is_no_overlay() -> None:
    darker = (draw_facade(1) * 0.6 + 20).astype(np.uint8)
    assert verify(MATCHER, load(draw_facade(1)), load(darker)).num_places > 100


def test_the_wall_counts_where_two_views_of_it_bear_a_stamp() -> None:
    wall = draw_facade(1)
    view = seen_by(wall, similarity(1.25, 3, (14, 9), (WIDTH / 2, HEIGHT / 2)))
    found = verify(MATCHER, load(stamped(wall)), load(stamped(view)))
    assert len(found.overlay) > 15 and found.num_places > 30
    assert found.transform[0, 0] == pytest.approx(1.25, abs=0.1)


@pytest.mark.parametrize("corner", ["top left", "bottom right"])
def test_a_stamp_in_a_corner_is_found_in_photos_of_other_shapes(corner: str) -> None:
    stamp = draw_facade(50, 90, 60)
    photos = [draw_facade(1).copy(), draw_facade(2, 320, 200).copy()]
    for photo in photos:
        rows, columns = (slice(0, 60), slice(0, 90)) if corner == "top left" else (slice(-60, None), slice(-90, None))
        photo[rows, columns] = stamp
    assert overlay_share(*photos)[1] > 10


def test_a_watermark_that_grows_with_the_photo_is_found() -> None:
    large = cv2.resize(stamped(draw_facade(2)), (480, 360), interpolation=cv2.INTER_CUBIC)
    assert overlay_share(stamped(draw_facade(1)), np.asarray(large, np.uint8))[1] > 10


def rules_by_the_book(first: StoredFeatures, second: StoredFeatures, matches: Matches) -> np.ndarray:
    """Go through the rules one by one: each corner in pixels of the photos and of the whole photos, then the shares."""
    one, other = first.keypoints[matches.first].astype(float), second.keypoints[matches.second].astype(float)
    sizes, whole = np.array([first.photo_size, second.photo_size]), np.array([first.image_size, second.image_size])
    factors, found = whole.max(axis=1) / sizes.max(axis=1), np.zeros(len(one), bool)
    turned = np.abs(angle_difference(other[:, 3], one[:, 3])) < 10
    start, end = one[:, :2] + 0.5, other[:, :2] + 0.5
    rules = [(start / sizes[0], end / sizes[1], (sizes[1].prod() / sizes[0].prod()) ** 0.5, 1.0)]
    for corner in ([0, 0], [0, 1], [1, 0], [1, 1]):
        near, far = start - corner * sizes[0], end - corner * sizes[1]
        rules += [(near, far, 1.0, sizes.max())]
        rules += [(near * factors[0], far * factors[1], factors[0] / factors[1], whole.max())]
    for place, other_place, growth, unit in rules:
        apart = np.linalg.norm(place - other_place, axis=1) / unit
        grown = np.abs(np.log(other[:, 2] / one[:, 2] / growth))
        if (turned & (apart < SAME_PLACE) & (grown < 0.15)).sum() >= 3:
            found |= turned & (apart < 3 * SAME_PLACE) & (grown < 0.3)
    return found


def random_features(size: tuple[int, int], whole: int, seed: int) -> StoredFeatures:
    random = np.random.default_rng(seed)
    keypoints = np.column_stack([random.uniform(0, 1, (60, 2)) * size, random.uniform(3, 9, 60), np.zeros(60)])
    image_size = (whole * size[0], whole * size[1])
    return StoredFeatures(
        keypoints.astype(np.float32), np.zeros((60, 128), np.uint8), size, image_size, np.zeros((64, 64), np.uint8)
    )


@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1), None])
@pytest.mark.parametrize("wholes", [(1, 1), (1, 3), (4, 2)])
def test_all_rules_at_once_say_what_each_says_alone(corner: tuple[int, int] | None, wholes: tuple[int, int]) -> None:
    sizes = np.array([(320, 240), (220, 300)])
    first, second = (random_features(tuple(sizes[k].tolist()), wholes[k], k) for k in range(2))
    start, end = first.keypoints, second.keypoints
    growth = np.sqrt(sizes[1].prod() / sizes[0].prod())
    end[:8, :2] = (start[:8, :2] + 0.5) * sizes[1] / sizes[0] - 0.5
    if corner is not None:
        growth = (max(first.image_size) / 320) / (max(second.image_size) / 300)
        end[:8, :2] = (start[:8, :2] + 0.5 - corner * sizes[0]) * growth + corner * sizes[1] - 0.5
    end[:8, 2] = start[:8, 2] * growth
    matches = Matches(np.arange(60), np.arange(60), np.full(60, 0.5, np.float32))
    found = same_places(first, second, matches)
    assert np.array_equal(found, rules_by_the_book(first, second, matches)) and found[:8].all() and not found.all()


def test_two_matches_in_the_same_place_are_chance() -> None:
    first = load(draw_facade(1)).stored
    rows = np.arange(2)
    matches = Matches(rows, rows, np.zeros(2, np.float32))
    assert not same_places(first, first, matches).any()


def test_photos_alike_are_alike_and_others_are_not() -> None:
    one, other = load(draw_facade(1)).stored.thumbnail, load(draw_facade(2)).stored.thumbnail
    assert look_alike(one, one) and not look_alike(one, other)


def test_a_shift_of_one_thumbnail_pixel_is_still_alike() -> None:
    one = load(draw_facade(1)).stored.thumbnail
    assert look_alike(one, np.roll(one, (1, -1), axis=(0, 1)))


def test_blank_photos_are_not_called_alike() -> None:
    assert not look_alike(np.full((64, 64), 9, np.uint8), np.full((64, 64), 9, np.uint8))


def test_two_photos_with_one_sky_and_other_buildings_are_not_alike() -> None:
    sky = np.linspace(250, 150, 64)[:, None].repeat(64, axis=1)
    photos = []
    for seed in (1, 2):
        photo = sky.copy()
        photo[40:] = load(draw_facade(seed)).stored.thumbnail[40:]
        photos.append(photo.astype(np.uint8))
    assert not look_alike(*photos)


def overlaid(first: int, second: int, rows: list[tuple[int, int]], inliers: list[tuple[int, int]] | None = None):
    return one_pair(first, second, inliers=inliers or [], overlay=rows)


def test_what_two_other_photos_hold_in_the_same_place_is_known_overlay() -> None:
    table = join_matches([overlaid(0, 1, [(5, 6), (7, 8)]), overlaid(0, 2, [(5, 9)])])
    known = known_overlays(table)
    assert {photo: rows.tolist() for photo, rows in known.items()} == {0: [5]}


def test_one_photo_alone_is_no_evidence_of_the_collection() -> None:
    assert known_overlays(overlaid(0, 1, [(5, 6), (7, 8)])) == {}


def test_pairs_that_stand_on_known_overlays_are_found() -> None:
    table = join_matches(
        [overlaid(0, 1, [], [(5, 6), (1, 1)]), overlaid(0, 1, [], [(5, 2)]), overlaid(0, 3, [], [(5, 6)])]
    )
    known = {0: np.array([5]), 1: np.array([6])}
    assert pairs_held_by_overlays(table, known).tolist() == [0]


def test_known_overlay_keypoints_do_not_count_wherever_they_are() -> None:
    wall = draw_facade(1)
    first, second = load(wall), load(seen_by(wall, similarity(1.1, 2, (5, 5), (160, 120))))
    plain = verify(MATCHER, first, second)
    rows = tuple(np.arange(len(each.vectors)) for each in (first, second))
    assert plain.num_places > 50 and verify(MATCHER, first, second, rows).num_places == 0


def test_the_guard_is_the_same_for_the_pair_the_other_way_round() -> None:
    one, other = load(stamped(draw_facade(1))), load(stamped(draw_facade(2)))
    matches = MATCHER.match(one, other)
    back = replace(matches, first=matches.second, second=matches.first)
    there = find_overlay(one.stored, other.stored, matches)
    assert np.array_equal(there, find_overlay(other.stored, one.stored, back))
