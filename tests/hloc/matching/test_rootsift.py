"""The matcher that needs no weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hloc.matching import MATCHERS, create_matcher, products
from hloc.matching.base import Matches
from hloc.matching.products import FLOAT32, GRAPHS, ByteVectors, is_exact, opened
from hloc.matching.rootsift import MAX_RATIO, MAX_SIDE, ROWS_PER_PRODUCT, RootSift, mutual_matches
from hloc.matching.verification import verify
from storage.errors import UsageError
from storage.photos import load_photo
from tests.hloc.matching.drawn import MATCHER, draw_facade, load, seen_by, similarity


def drawn_vectors(count: int, seed: int, dimension: int = 16) -> ByteVectors:
    return ByteVectors.of(np.random.default_rng(seed).integers(0, 256, (count, dimension), dtype=np.uint8))


def plainly(first: ByteVectors, second: ByteVectors, max_ratio: float) -> list[tuple[int, int]]:
    """The same by the book, one vector at a time."""
    one, other = (each.rows / np.linalg.norm(each.rows, axis=1, keepdims=True) for each in (first, second))
    found = []
    for row, vector in enumerate(one):
        distances = np.linalg.norm(other - vector, axis=1)
        nearest, following = np.argsort(distances)[:2]
        back = np.linalg.norm(one - other[nearest], axis=1).argmin()
        if back == row and distances[nearest] < max_ratio * distances[following]:
            found.append((row, int(nearest)))
    return found


def listed(found: Matches) -> list[tuple[int, int]]:
    return list(zip(found.first.tolist(), found.second.tolist(), strict=True))


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(40, 30), (ROWS_PER_PRODUCT + 7, 50), (2 * ROWS_PER_PRODUCT + 70, 3 * ROWS_PER_PRODUCT), (5, 2), (2, 5)],
)
def test_matches_are_mutual_and_pass_the_ratio_test(rows: int, columns: int) -> None:
    first, second = drawn_vectors(rows, 1), drawn_vectors(columns, 2)
    assert listed(mutual_matches(first, second, 0.9)) == plainly(first, second, 0.9)


def test_more_places_than_are_checked_at_once_are_all_matched_with_their_copies() -> None:
    first = drawn_vectors(2 * ROWS_PER_PRODUCT + 9, 5, 64)
    order = np.random.default_rng(6).permutation(len(first))
    found = mutual_matches(first, first.only(order), 0.9)
    assert np.array_equal(found.first, np.arange(len(first))) and np.array_equal(order[found.second], found.first)


def test_one_that_fails_the_ratio_test_still_takes_its_nearest_from_others() -> None:
    second = np.array([[100, 0, 0], [97, 25, 0], [0, 0, 100]], np.uint8)
    between, beside = [99, 13, 0], [100, 0, 30]  # the first lies half way between two, and nearer to either
    assert listed(mutual_matches(*map(vectors_of, ([beside], second)), 0.9)) == [(0, 0)]
    assert listed(mutual_matches(*map(vectors_of, ([between, beside], second)), 0.9)) == []


def test_of_equal_vectors_the_first_is_matched() -> None:
    second = np.array([[200, 0, 0], [0, 200, 0]], np.uint8)
    assert listed(mutual_matches(vectors_of([[150, 10, 0]] * 3), vectors_of(second), 0.9)) == [(0, 0)]


def test_a_vector_with_two_equal_nearest_has_no_match() -> None:
    second = np.array([[200, 0, 0], [200, 0, 0], [0, 200, 0]], np.uint8)
    assert listed(mutual_matches(vectors_of([[150, 10, 0]]), vectors_of(second), 0.99)) == []


def vectors_of(rows: object) -> ByteVectors:
    return ByteVectors.of(np.array(rows, np.uint8))


@pytest.mark.parametrize("dtype", [FLOAT32.dtype, *GRAPHS], ids=str)
def test_every_way_of_multiplying_gives_the_very_same_matches(dtype: np.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    wall = draw_facade(1)
    views = [load(photo) for photo in (wall, seen_by(wall, similarity(1.15, 4, (6, -4), (160, 120))), draw_facade(2))]
    pairs = [(one, two) for one in views for two in views]
    by_chosen = [MATCHER.match(one, two) for one, two in pairs]
    other = FLOAT32 if dtype == FLOAT32.dtype else opened(dtype)
    assert is_exact(other)
    monkeypatch.setattr(products, "chosen_way", lambda: other)
    for (one, two), expected in zip(pairs, by_chosen, strict=True):
        found = MATCHER.match(one, two)
        assert listed(found) == listed(expected) and np.array_equal(found.ratios, expected.ratios)


def test_every_way_gives_the_same_matches_of_real_photos(shared_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matcher = RootSift(2000)
    paths = sorted((shared_dir / "photos" / "buildings").glob("*.jpg"))[:6]
    features = [matcher.load(matcher.describe(load_photo(path, MAX_SIDE))) for path in paths]
    pairs = [(one, two) for number, one in enumerate(features) for two in features[number:]]
    by_chosen = [matcher.match(one, two) for one, two in pairs]
    monkeypatch.setattr(products, "chosen_way", lambda: FLOAT32)
    for (one, two), expected in zip(pairs, by_chosen, strict=True):
        found = matcher.match(one, two)
        assert listed(found) == listed(expected) and np.array_equal(found.ratios, expected.ratios)


def test_a_place_is_matched_at_most_once() -> None:
    found = mutual_matches(drawn_vectors(300, 3), drawn_vectors(200, 4), 1.0)
    assert len(set(found.first.tolist())) == len(set(found.second.tolist())) == len(found.first)


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (0, 5), (5, 0), (5, 1), (1, 1)])
def test_photos_with_hardly_a_keypoint_have_no_matches(rows: int, columns: int) -> None:
    assert len(mutual_matches(drawn_vectors(rows, 1), drawn_vectors(columns, 2), 0.9).first) == 0


def test_two_views_of_a_wall_have_matches_and_two_walls_have_few() -> None:
    wall = draw_facade(1)
    other_view = seen_by(wall, similarity(1.15, 4, (6, -4), (160, 120)))
    same = MATCHER.match(load(wall), load(other_view))
    different = MATCHER.match(load(wall), load(draw_facade(2)))
    assert len(same.first) > len(different.first) > 0
    assert np.median(same.ratios) < 0.7 < np.median(different.ratios)


def test_descriptors_are_bytes_and_load_with_what_brings_them_to_length_one() -> None:
    stored = MATCHER.describe(draw_facade(1))
    assert stored.descriptors.dtype == np.uint8 and stored.thumbnail.shape == (64, 64)
    assert np.allclose(np.linalg.norm(MATCHER.load(stored).vectors.unit, axis=1), 1, atol=1e-5)


def test_a_photo_of_one_colour_has_no_keypoint_and_is_no_fault() -> None:
    blank = MATCHER.load(MATCHER.describe(np.full((100, 150, 3), 80, np.uint8)))
    assert blank.vectors.rows.shape == (0, 128) and blank.side == 150
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
