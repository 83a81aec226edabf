"""ORB: which features, which matches, both scores."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from hloc.similarities.base import NOT_COMPARABLE
from hloc.similarities.orb import match_distances, share_below_largest, share_of_close, signs
from tests.hloc.similarities.drawn import UNSCALED, make, plain, scene, score, shape

# Few different values, so that many features are equally near.
descriptors = arrays(np.uint8, st.tuples(st.integers(1, 9), st.just(32)), elements=st.sampled_from([0, 1, 3, 255]))


def by_opencv(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> list[float]:
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(first, second)
    return sorted(match.distance for match in matches)


def rotated(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(photo[::-1, ::-1])


@pytest.mark.parametrize(
    ("kind", "number"), [("square", 0), ("shifted square", 0), ("blank", 0), ("circle", 18), ("triangle", 4)]
)
def test_the_shapes_have_the_specified_number_of_features(kind: str, number: int) -> None:
    assert make("orb", **UNSCALED).describe(shape(kind)).shape == (number, 32)


@given(first=descriptors, second=descriptors)
def test_matches_are_those_of_opencv_with_cross_check(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> None:
    assert sorted(match_distances(signs(first), signs(second)).tolist()) == by_opencv(first, second)


def test_matches_of_drawn_scenes_are_those_of_opencv() -> None:
    similarity = make("orb")
    features = [similarity.describe(scene(seed)) for seed in range(4)]
    for first in features:
        for second in features:
            assert sorted(match_distances(signs(first), signs(second)).tolist()) == by_opencv(first, second)


def test_there_is_always_a_match() -> None:
    nothing, everything = np.zeros((1, 32), np.uint8), np.full((1, 32), 255, np.uint8)
    assert match_distances(signs(nothing), signs(everything)).tolist() == [256]


@pytest.mark.parametrize("orb_score", ["close", "ratio"])
@pytest.mark.parametrize("photo", [scene(0), shape("circle"), shape("triangle")], ids=["scene", "circle", "triangle"])
def test_identical_photos_are_identical(orb_score: str, photo: NDArray[np.uint8]) -> None:
    assert score(make("orb", orb_score=orb_score), photo, photo.copy()) == 1.0


def test_features_that_a_photo_has_twice_count_once() -> None:
    one, two = np.zeros((1, 32), np.uint8), np.full((1, 32), 85, np.uint8)
    scorer = make("orb").scorer([np.concatenate([one, one, two]), np.concatenate([one, two, two, two])])
    assert scorer.pairs(np.array([0]), np.array([1]))[0] == 1.0


def test_a_turned_photo_keeps_its_features() -> None:
    photo = scene(0, 256, 256)
    similarity = make("orb")
    assert score(similarity, photo, rotated(photo)) > 0.9
    assert score(similarity, photo, scene(1, 256, 256)) < 0.5


def test_close_matches_differ_in_at_most_64_bits() -> None:
    assert share_of_close(np.array([0, 64, 65, 200]), 4) == 0.5


def test_close_matches_are_a_share_of_the_fewer_features() -> None:
    assert share_of_close(np.array([1, 2]), 8) == 0.25


def test_the_score_of_clusterimg_counts_matches_below_three_quarters_of_the_largest() -> None:
    assert share_below_largest(np.array([10, 74, 75, 100]), 4) == 0.5


def test_matches_without_any_difference_are_no_failure() -> None:
    assert share_below_largest(np.array([0, 0, 0]), 3) == 1.0


def test_unrelated_matches_are_not_close() -> None:
    assert share_of_close(np.array([90, 100, 120]), 3) == 0.0
    assert share_below_largest(np.array([80, 100, 120]), 3) > 0.0


@pytest.mark.parametrize("other", [shape("circle"), plain(0)], ids=["with features", "without"])
def test_a_photo_without_features_is_comparable_with_nothing(other: NDArray[np.uint8]) -> None:
    assert score(make("orb", **UNSCALED), shape("blank"), other) == NOT_COMPARABLE


def test_signs_are_the_bits_of_features() -> None:
    found = signs(np.array([[128] + [0] * 30 + [1]], np.uint8))
    assert found.shape == (1, 256)
    assert np.flatnonzero(found[0] == 1).tolist() == [0, 255]
    assert np.count_nonzero(found == -1) == 254
