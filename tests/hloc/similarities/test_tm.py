"""Template matching: the closed form, black photos, the search of a smaller photo in a larger one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from hloc.similarities.base import NOT_COMPARABLE
from hloc.similarities.tm import TemplateScorer, centred_products, squared_length
from tests.hloc.similarities.drawn import UNSCALED, all_scores, make, noise, plain, scene, score, shapes

photos_of_one_size = arrays(np.uint8, st.tuples(st.just(4), st.integers(1, 6), st.integers(1, 6), st.just(3)))


def by_opencv(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return 1 - float(cv2.matchTemplate(first, second, cv2.TM_SQDIFF_NORMED).min())


def test_the_shapes_have_the_specified_scores() -> None:
    expected = [1.0, 0.978617, 0.829683, 0.787889, 0.700658]
    assert all_scores(make("tm", **UNSCALED), shapes())[0] == pytest.approx(expected, abs=2e-6)


def test_two_black_photos_are_equal() -> None:
    assert score(make("tm"), plain(0), plain(0)) == 1.0


def test_black_and_white_have_nothing_in_common() -> None:
    assert score(make("tm"), plain(0), plain(255)) == 0.0
    assert score(make("tm"), plain(0), plain(1)) == 0.0


def test_a_difference_larger_than_the_photos_is_cut_at_zero() -> None:
    assert score(make("tm"), plain(10), plain(250)) == 0.0


def test_photos_of_one_size_score_as_in_opencv() -> None:
    photos = [scene(seed) for seed in range(5)]
    scores = all_scores(make("tm", **UNSCALED), photos)
    expected = [[by_opencv(first, second) for second in photos] for first in photos]
    assert scores == pytest.approx(np.array(expected), abs=1e-6)


@given(photos_of_one_size)
def test_a_block_and_pairs_give_the_same_numbers(photos: NDArray[np.uint8]) -> None:
    scorer = TemplateScorer(list(photos))
    rows, others = (indices.ravel() for indices in np.indices((4, 4)))
    assert np.array_equal(scorer.block(np.arange(4), np.arange(4)).ravel(), scorer.pairs(rows, others))


@pytest.mark.parametrize("level", [0, 255])
def test_products_of_the_most_extreme_photos_are_exact(level: int) -> None:
    photos = [np.full((256, 256, 3), level, np.uint8)] * 2
    assert centred_products(photos, photos)[0, 1] == (level - 128) ** 2 * 256 * 256 * 3


def test_products_of_photos_of_any_content_are_exact() -> None:
    photos = [noise(seed, 70, 90) for seed in range(3)]
    whole = [photo.astype(np.int64).ravel() - 128 for photo in photos]
    expected = [[int(first @ second) for second in whole] for first in whole]
    assert np.array_equal(centred_products(photos, photos), np.array(expected))


def test_squared_lengths_are_whole_numbers() -> None:
    first, second = noise(0), noise(1)
    assert squared_length(first) == np.square(first.astype(np.int64)).sum()
    assert squared_length(first, second) == np.square(first.astype(np.int64) - second).sum()


def test_a_part_of_a_photo_is_found_in_it() -> None:
    photo = noise(0, 60, 80)
    part = np.ascontiguousarray(photo[10:40, 20:70])
    assert score(make("tm", **UNSCALED), photo, part) == pytest.approx(1.0, abs=1e-5)
    assert score(make("tm", **UNSCALED), part, photo) == pytest.approx(1.0, abs=1e-5)


def test_photos_of_which_neither_fits_into_the_other_are_not_comparable() -> None:
    assert score(make("tm", **UNSCALED), plain(9, 20, 30), plain(9, 30, 20)) == NOT_COMPARABLE


def test_photos_of_one_width_are_searched_in_each_other() -> None:
    assert score(make("tm", **UNSCALED), plain(9, 20, 30), plain(9, 30, 30)) == pytest.approx(1.0, abs=1e-6)


def test_a_black_part_is_found_only_where_there_is_black() -> None:
    photo = plain(200, 40, 40)
    assert score(make("tm", **UNSCALED), photo, plain(0, 10, 10)) == 0.0
    photo[5:25, 5:25] = 0
    assert score(make("tm", **UNSCALED), photo, plain(0, 10, 10)) == 1.0


def test_a_black_photo_holds_no_other() -> None:
    assert score(make("tm", **UNSCALED), plain(0, 40, 40), plain(7, 10, 10)) == 0.0


def test_colours_count() -> None:
    red, blue = plain(0), plain(0)
    red[..., 0], blue[..., 2] = 200, 200
    assert score(make("tm"), red, blue) == 0.0
    assert score(make("tm"), red, red) == 1.0
