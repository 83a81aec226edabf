"""The structural similarity: equal to scikit-image's, whatever the photos show."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from hloc.similarities.base import NOT_COMPARABLE
from hloc.similarities.ssim import SsimScorer, Windows, window_sums
from storage.errors import UsageError
from tests.hloc.similarities.drawn import UNSCALED, all_scores, grey_photo, make, plain, scene, score, shapes

TOLERANCE = 1e-6
greys = st.tuples(st.integers(7, 24), st.integers(7, 24)).flatmap(
    lambda shape: st.tuples(arrays(np.uint8, shape), arrays(np.uint8, shape))
)


def test_the_shapes_have_the_specified_scores() -> None:
    expected = [1.0, 0.942742, 0.677002, 0.584183, 0.661798]
    assert all_scores(make("ssim", **UNSCALED), shapes())[0] == pytest.approx(expected, abs=2e-6)


@given(greys)
def test_any_two_photos_score_as_in_scikit_image(photos: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> None:
    found = SsimScorer(photos).pairs(np.array([0]), np.array([1]))[0]
    assert found == pytest.approx(structural_similarity(*photos), abs=TOLERANCE)


@pytest.mark.parametrize("levels", [(0, 0), (0, 255), (255, 255), (3, 4), (254, 255), (128, 127)])
def test_plain_photos_score_as_in_scikit_image(levels: tuple[int, int]) -> None:
    first, second = (np.full((20, 30), level, np.uint8) for level in levels)
    found = SsimScorer([first, second]).pairs(np.array([0]), np.array([1]))[0]
    assert found == pytest.approx(structural_similarity(first, second), abs=TOLERANCE)


def test_drawn_scenes_score_as_in_scikit_image_at_the_own_size() -> None:
    similarity = make("ssim")
    photos = [similarity.describe(scene(seed)) for seed in range(6)]
    scores = similarity.scorer(photos).block(np.arange(6), np.arange(6))
    for row in range(6):
        for other in range(6):
            expected = structural_similarity(photos[row], photos[other])
            assert scores[row, other] == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.parametrize("level", range(0, 256, 15))
def test_a_photo_is_exactly_like_itself(level: int) -> None:
    assert score(make("ssim"), plain(level), plain(level)) == 1.0
    assert score(make("ssim"), scene(level), scene(level)) == 1.0


def test_a_photo_is_unlike_its_negative() -> None:
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 255
    first, second = grey_photo(checks.tolist()), grey_photo((255 - checks).tolist())
    assert score(make("ssim", **UNSCALED), first, second) < -0.9


def test_photos_of_different_sizes_are_compared_at_one_size() -> None:
    assert score(make("ssim"), scene(1, 120, 160), scene(1, 60, 80)) > NOT_COMPARABLE


def test_photos_left_at_different_sizes_are_not_comparable() -> None:
    assert score(make("ssim", **UNSCALED), plain(9, 20, 30), plain(9, 30, 20)) == NOT_COMPARABLE


@pytest.mark.parametrize(("height", "width"), [(6, 20), (20, 6), (1, 1)])
def test_a_photo_smaller_than_the_window_is_not_even_comparable_with_itself(height: int, width: int) -> None:
    photo = plain(9, height, width)
    assert score(make("ssim", **UNSCALED), photo, photo) == NOT_COMPARABLE


def test_a_photo_as_large_as_the_window_is_comparable() -> None:
    assert score(make("ssim", **UNSCALED), plain(9, 7, 7), plain(9, 7, 7)) == 1.0


@pytest.mark.parametrize("size", [(6, 100), (100, 6), (0, 0)])
def test_a_size_smaller_than_the_window_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match=r"--size \d+ \d+: both sides must lie between 7 and"):
        make("ssim", size=size)


def test_the_sums_of_the_brightest_window_are_exact() -> None:
    squares = np.full((9, 9), 255 * 255, np.uint16)
    assert window_sums(squares)[4, 4] == 49 * 255 * 255


def test_a_window_holds_sum_and_variance_of_its_pixels() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (15, 18), dtype=np.uint8)
    windows = Windows.of(grey)
    inside = grey[4:11, 6:13].astype(np.float64)
    assert windows.sums[7, 9] == inside.sum()
    assert windows.half_squares[7, 9] == pytest.approx(inside.sum() ** 2 / 2)
    assert windows.half_variances[7, 9] == pytest.approx(inside.var(ddof=1) * 49 * 48 / 2)
