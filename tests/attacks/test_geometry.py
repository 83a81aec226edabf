"""Scaling, cropping, rotation, shear: where the pixels go."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from attacks.base import AttackContext
from attacks.cropping import crop
from attacks.resampling import resized
from attacks.rotation import rotate
from attacks.scaling import scale
from attacks.shearing import shear


def dot(row: int, column: int, height: int = 101, width: int = 101) -> NDArray[np.uint8]:
    """A white square of 5 x 5 pixels about a place, on black."""
    photo = np.zeros((height, width, 3), np.uint8)
    photo[row - 2 : row + 3, column - 2 : column + 3] = 255
    return photo


def centre(photo: NDArray[np.uint8]) -> tuple[float, float]:
    """Row and column of the centre of what is white."""
    weights = photo[:, :, 0].astype(float)
    rows, columns = np.indices(weights.shape)
    return float((rows * weights).sum() / weights.sum()), float((columns * weights).sum() / weights.sum())


@pytest.mark.parametrize(("ratio", "size"), [(0.4, (16, 24)), (1.6, (64, 96)), (0.01, (1, 1))])
def test_both_sides_are_scaled(
    ratio: float, size: tuple[int, int], photo: NDArray[np.uint8], context: AttackContext
) -> None:
    assert scale(photo, ratio, context).shape[:2] == size


def test_a_smaller_photo_is_an_average_and_not_a_choice_of_pixels(context: AttackContext) -> None:
    stripes = np.zeros((40, 40, 3), np.uint8)
    stripes[:, ::2] = 200
    assert np.abs(scale(stripes, 0.25, context)[2:-2, 2:-2].astype(int) - 100).max() < 8


def test_the_middle_is_kept_and_enlarged(context: AttackContext) -> None:
    photo = np.zeros((100, 200, 3), np.uint8)
    photo[30:70, 60:140] = 255  # what 60 % off each side leaves
    assert crop(photo, 60, context).min() >= 250
    assert crop(photo, 40, context).min() == 0


@pytest.mark.parametrize("percent", [5, 10, 20, 40, 60, 99])
def test_what_is_left_is_that_share_of_each_side(percent: int, context: AttackContext) -> None:
    ramp = np.repeat(np.arange(0, 250, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(250, axis=0)
    kept = crop(ramp, percent, context)[:, :, 0].astype(int)
    assert np.ptp(kept) == pytest.approx(250 * (1 - percent / 100), abs=3)
    assert kept.mean() == pytest.approx(124.5, abs=1.5)


def test_a_crop_of_nothing_is_the_photo(photo: NDArray[np.uint8], context: AttackContext) -> None:
    assert np.array_equal(crop(photo, 0, context), photo)


def test_a_quarter_turn_is_counter_clockwise(context: AttackContext) -> None:
    row, column = centre(rotate(dot(50, 90), 90, context))  # from the right to the top
    assert (row, column) == (pytest.approx(10, abs=1), pytest.approx(50, abs=1))


def test_a_turned_photo_is_all_there_on_black(context: AttackContext) -> None:
    white = np.full((60, 90, 3), 255, np.uint8)
    turned = rotate(white, 40, context)
    angle = np.radians(40)
    canvas = (90 * np.cos(angle) + 60 * np.sin(angle)) * (90 * np.sin(angle) + 60 * np.cos(angle))
    assert turned[0, 0].max() == 0 and turned[30, 45].min() == 255
    assert (turned > 127).mean() == pytest.approx(60 * 90 / canvas, abs=0.02)


def test_a_whole_turn_is_the_photo(photo: NDArray[np.uint8], context: AttackContext) -> None:
    assert np.array_equal(rotate(photo, 360, context), photo)


@pytest.mark.parametrize("angle", [5, 20, -20])
def test_shear_moves_the_top_right_then_the_right_side_up(angle: int, context: AttackContext) -> None:
    slope = np.tan(np.radians(angle))
    for row, column in ((30, 50), (50, 70), (40, 60)):
        right, down = column - 50, row - 50
        right = right - slope * down
        down = down - slope * right
        found = centre(shear(dot(row, column), angle, context))
        assert found == (pytest.approx(50 + down, abs=0.2), pytest.approx(50 + right, abs=0.2))


def test_shear_keeps_the_centre_and_the_area_and_leaves_black(context: AttackContext) -> None:
    found = shear(dot(50, 50), 20, context)
    assert centre(found) == (pytest.approx(50, abs=0.1), pytest.approx(50, abs=0.1))
    assert float(found[:, :, 0].sum()) == pytest.approx(25 * 255, rel=0.03)
    white = np.full((50, 80, 3), 255, np.uint8)
    assert shear(white, 10, context)[0, 0].max() == 0


def test_resampling_takes_width_before_height(photo: NDArray[np.uint8]) -> None:
    assert resized(photo, 7, 5).shape == (5, 7, 3)
