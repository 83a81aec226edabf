"""Gaussian blur, median, JPEG, enhancement: known pictures with known results."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from attacks.base import AttackContext
from attacks.enhancement import change_brightness, change_color, change_contrast, change_sharpness
from attacks.gaussian_filter import blur
from attacks.jpg_compression import MAX_SIDE, compress
from attacks.median_filter import take_median
from storage.errors import PhotoError


@pytest.mark.parametrize(("side", "deviation"), [(3, 1.0), (5, 1.6), (7, 2.2)])
def test_the_kernel_is_a_gaussian_of_the_specified_deviation(
    side: int, deviation: float, context: AttackContext
) -> None:
    photo = np.zeros((21, 21, 3), np.uint8)
    photo[10, 10] = 255
    offsets = np.arange(side) - side // 2
    line = np.exp(-(offsets**2) / (2 * deviation**2))
    expected = 255 * np.outer(line, line) / line.sum() ** 2
    half = side // 2
    found = blur(photo, side, context)
    assert np.abs(found[10 - half : 11 + half, 10 - half : 11 + half, 0] - expected).max() <= 1
    found[10 - half : 11 + half, 10 - half : 11 + half] = 0
    assert not found.any()


def test_the_median_takes_a_single_speck_away_and_keeps_an_edge(context: AttackContext) -> None:
    photo = np.zeros((20, 20, 3), np.uint8)
    photo[:, 10:] = 200
    specked = photo.copy()
    specked[5, 5] = 255
    assert np.array_equal(take_median(specked, 3, context), photo)


def test_a_wider_median_takes_wider_specks_away(context: AttackContext) -> None:
    photo = np.zeros((30, 30, 3), np.uint8)
    photo[10:13, 10:13] = 255
    assert take_median(photo, 3, context).any() and not take_median(photo, 7, context).any()


def test_lower_quality_of_a_jpeg_is_further_from_the_photo(photo: NDArray[np.uint8], context: AttackContext) -> None:
    errors = [np.abs(compress(photo, quality, context).astype(int) - photo).mean() for quality in (10, 50, 90)]
    assert errors[0] > errors[1] > errors[2] > 0


def test_a_jpeg_keeps_the_order_of_the_colours(context: AttackContext) -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[:, :, 0] = 220
    assert np.abs(compress(red, 90, context).astype(int) - red).max() < 6


def test_a_photo_that_no_jpeg_can_hold_is_a_photo_error(context: AttackContext) -> None:
    with pytest.raises(PhotoError, match="JPEG"):
        compress(np.zeros((1, MAX_SIDE + 1, 3), np.uint8), 50, context)


@pytest.mark.parametrize("change", [change_contrast, change_color, change_brightness, change_sharpness])
def test_a_factor_of_one_leaves_the_photo_as_it_is(
    change: type, photo: NDArray[np.uint8], context: AttackContext
) -> None:
    assert np.array_equal(change(photo, 1.0, context), photo)


def test_brightness_multiplies(photo: NDArray[np.uint8], context: AttackContext) -> None:
    assert np.abs(change_brightness(photo, 0.5, context) - photo * 0.5).max() <= 1
    assert np.abs(change_brightness(photo, 2, context) - np.clip(photo * 2.0, 0, 255)).max() <= 1


def test_no_colour_is_grey(photo: NDArray[np.uint8], context: AttackContext) -> None:
    grey = change_color(photo, 0, context).astype(int)
    assert np.abs(grey - grey[:, :, :1]).max() == 0 and grey.std() > 0


def test_contrast_moves_values_away_from_the_mean(photo: NDArray[np.uint8], context: AttackContext) -> None:
    spreads = [change_contrast(photo, factor, context).std() for factor in (0, 0.5, 0.66, 1.5, 2)]
    assert spreads[0] < 1 and spreads == sorted(spreads)


def test_sharpness_moves_away_from_the_smooth_picture(context: AttackContext) -> None:
    photo = np.full((20, 20, 3), 100, np.uint8)
    photo[:, 10:] = 150
    steps = [np.ptp(change_sharpness(photo, factor, context).astype(int)[5]) for factor in (0.5, 1, 2)]
    assert steps[0] <= steps[1] < steps[2]
