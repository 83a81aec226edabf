"""The matcher that needs no weights."""

from __future__ import annotations

import numpy as np
import pytest

from hloc.matching import MATCHERS, create_matcher
from hloc.matching.rootsift import MAX_RATIO, ROWS_PER_PRODUCT, ROWS_PER_SEARCH, RootSift, mutual_matches
from hloc.matching.verification import verify
from stages.settings.pipeline import MATCHERS as NAMED
from storage.errors import UsageError
from tests.hloc.matching.drawn import MATCHER, draw_facade, load, seen_by, similarity


def unit(count: int, seed: int, dimension: int = 16) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def plainly(first: np.ndarray, second: np.ndarray, max_ratio: float) -> list[tuple[int, int]]:
    """The same by the book, one vector at a time."""
    found = []
    for row, vector in enumerate(first):
        distances = np.linalg.norm(second - vector, axis=1)
        nearest, following = np.argsort(distances)[:2]
        back = np.linalg.norm(first - second[nearest], axis=1).argmin()
        if back == row and distances[nearest] < max_ratio * distances[following]:
            found.append((row, int(nearest)))
    return found


@pytest.mark.parametrize(
    ("rows", "columns"), [(40, 30), (ROWS_PER_SEARCH + 7, 50), (2 * ROWS_PER_PRODUCT + 70, 50), (5, 2), (2, 5)]
)
def test_matches_are_mutual_and_pass_the_ratio_test(rows: int, columns: int) -> None:
    first, second = unit(rows, 1), unit(columns, 2)
    found = mutual_matches(first, second, 0.9)
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == plainly(first, second, 0.9)


def test_memory_that_is_used_again_leaves_no_trace_of_the_pair_before() -> None:
    sizes = ((300, 200), (40, 30), (700, 90), (40, 30))
    pairs = [(unit(rows, 5), unit(columns, 6)) for rows, columns in sizes]
    for first, second in pairs:
        found = mutual_matches(first, second, 0.9)
        assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == plainly(first, second, 0.9)


def test_a_place_is_matched_at_most_once() -> None:
    found = mutual_matches(unit(300, 3), unit(200, 4), 1.0)
    assert len(set(found.first.tolist())) == len(set(found.second.tolist())) == len(found.first)


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (0, 5), (5, 0), (5, 1), (1, 1)])
def test_photos_with_hardly_a_keypoint_have_no_matches(rows: int, columns: int) -> None:
    assert len(mutual_matches(unit(rows, 1), unit(columns, 2), 0.9).first) == 0


def test_two_views_of_a_wall_have_matches_and_two_walls_have_few() -> None:
    wall = draw_facade(1)
    other_view = seen_by(wall, similarity(1.15, 4, (6, -4), (160, 120)))
    same = MATCHER.match(load(wall), load(other_view))
    different = MATCHER.match(load(wall), load(draw_facade(2)))
    assert len(same.first) > len(different.first) > 0
    assert np.median(same.ratios) < 0.7 < np.median(different.ratios)


def test_descriptors_are_bytes_and_load_as_unit_vectors() -> None:
    stored = MATCHER.describe(draw_facade(1))
    assert stored.descriptors.dtype == np.uint8 and stored.thumbnail.shape == (64, 64)
    assert np.allclose(np.linalg.norm(MATCHER.load(stored).vectors, axis=1), 1, atol=1e-5)


def test_a_photo_of_one_colour_has_no_keypoint_and_is_no_fault() -> None:
    blank = MATCHER.load(MATCHER.describe(np.full((100, 150, 3), 80, np.uint8)))
    assert blank.vectors.shape == (0, 128) and blank.side == 150
    assert len(MATCHER.match(blank, load(draw_facade(1))).first) == 0


def test_never_more_keypoints_than_asked_for() -> None:
    assert len(RootSift(50).describe(draw_facade(1)).keypoints) == 50


@pytest.mark.parametrize("count", [-1, 0, 1, 20_001])
def test_a_number_of_keypoints_out_of_range_is_a_wrong_call(count: int) -> None:
    with pytest.raises(UsageError, match="--num_keypoints"):
        create_matcher("rootsift", count)


def test_an_unknown_matcher_is_a_wrong_call_that_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="rootsift_rotated"):
        create_matcher("superglue", 100)


def test_the_script_offers_every_registered_matcher() -> None:
    assert set(NAMED) == set(MATCHERS)
    assert {create_matcher(name, 10).name for name in MATCHERS} == set(MATCHERS)


def test_settings_name_what_changes_a_feature_or_a_match() -> None:
    features = {"matcher": "rootsift", "max_side": 640, "num_keypoints": 500}
    assert RootSift(500).feature_settings() == features
    assert RootSift(500).settings() == features | {"max_ratio": MAX_RATIO}


def test_a_photo_on_its_side_is_matched_by_the_rotated_features_only() -> None:
    wall = draw_facade(3, 300, 300)
    turned = np.ascontiguousarray(np.rot90(wall))
    counts = {}
    for name in ("rootsift", "rootsift_rotated"):
        matcher = create_matcher(name, 400)
        one, other = (matcher.load(matcher.describe(photo)) for photo in (wall, turned))
        counts[name] = verify(matcher, one, other).num_places
    assert counts["rootsift_rotated"] > 100 > 10 * counts["rootsift"]
