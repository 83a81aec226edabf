from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from storage.squaring import BORDERS, squared


def picture(height: int, width: int, channels: int = 3) -> NDArray[np.uint8]:
    """A picture without any symmetry, with detail of every size."""
    rows, columns = np.mgrid[0:height, 0:width]
    base = 120 + 60 * np.sin(rows / 17 + columns / 29) + 40 * ((rows // 3 + columns // 5) % 2)
    return np.stack([np.clip(base + 9 * channel, 0, 255) for channel in range(channels)], axis=2).astype(np.uint8)


def inside(square: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    top, left = (square.shape[0] - height) // 2, (square.shape[1] - width) // 2
    return square[top : top + height, left : left + width]


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize(("height", "width"), [(100, 60), (60, 100), (61, 100), (100, 61), (7, 200), (200, 7), (1, 5)])
def test_the_photo_lies_whole_and_sharp_in_the_exact_middle(border: str, height: int, width: int) -> None:
    photo = picture(height, width)
    square = squared(photo, border)
    side = max(height, width)
    assert (square.shape, square.dtype) == ((side, side, 3), np.uint8)
    assert np.array_equal(inside(square, height, width), photo)


def test_a_portrait_of_60_by_100_begins_at_column_20() -> None:
    photo = picture(100, 60)
    square = squared(photo, "blur")
    assert np.array_equal(square[:, 20:80], photo)


@pytest.mark.parametrize("border", BORDERS)
def test_a_square_photo_stays_as_it_is(border: str) -> None:
    photo = picture(50, 50)
    assert squared(photo, border) is photo


def test_padding_is_black() -> None:
    square = squared(picture(20, 40), "pad")
    assert not square[:10].any() and not square[30:].any()


def test_padding_of_a_photo_with_opacity_is_opaque() -> None:
    square = squared(picture(20, 40, 4), "pad")
    assert (square[:10] == (0, 0, 0, 255)).all()


def test_reflection_mirrors_without_doubling_the_outermost_row() -> None:
    photo = picture(20, 40)
    square = squared(photo, "reflect")
    assert np.array_equal(square[9], photo[1]) and np.array_equal(square[0], photo[10])
    assert np.array_equal(square[30], photo[-2]) and np.array_equal(square[-1], photo[-11])


def test_reflection_goes_to_and_fro_where_the_border_is_wide() -> None:
    photo = picture(3, 30)
    square = squared(photo, "reflect")
    assert [
        int(np.abs(square[13 - step].astype(int) - photo[row]).max()) for step, row in ((1, 1), (2, 2), (3, 1))
    ] == [
        0,
        0,
        0,
    ]


def roughness(rows: NDArray[np.uint8]) -> float:
    return float(np.abs(np.diff(rows.astype(float), axis=1)).mean())


def test_the_blurred_border_joins_the_photo_without_a_seam_and_softens_outwards() -> None:
    square = squared(picture(200, 400), "blur")
    beside = np.abs(square[99].astype(float) - square[100]).mean()
    within = np.abs(square[100].astype(float) - square[101]).mean()
    assert beside <= within + 20
    softness = [roughness(square[row : row + 5]) for row in (95, 80, 50, 0)]
    assert softness == sorted(softness, reverse=True) and softness[-1] < 0.1 * roughness(square[150:155])


def test_the_blurred_border_has_the_colours_of_the_photo_s_edge() -> None:
    photo = np.zeros((100, 300, 3), np.uint8)
    photo[:, :150], photo[:, 150:] = (200, 10, 10), (10, 10, 200)
    square = squared(photo, "blur")
    assert np.abs(square[5, 10].astype(int) - (200, 10, 10)).max() < 10
    assert np.abs(square[5, -10].astype(int) - (10, 10, 200)).max() < 10


def test_a_uniform_photo_gets_a_border_of_its_colour() -> None:
    assert (squared(np.full((30, 90, 3), 77, np.uint8), "blur") == 77).all()


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("channels", [1, 2, 4])
def test_any_number_of_channels_and_16_bit_will_do(border: str, channels: int) -> None:
    photo = picture(31, 60, channels).astype(np.uint16) * 257
    square = squared(photo, border)
    assert (square.shape, square.dtype) == ((60, 60, channels), np.uint16)
    assert np.array_equal(inside(square, 31, 60), photo)


@pytest.mark.parametrize("border", BORDERS)
def test_a_turned_photo_gives_the_turned_square(border: str) -> None:
    photo = picture(30, 70)
    assert np.array_equal(squared(photo.transpose(1, 0, 2), border), squared(photo, border).transpose(1, 0, 2))


@given(height=st.integers(1, 40), width=st.integers(1, 40), border=st.sampled_from(BORDERS))
@hypothesis_settings(max_examples=60)
def test_every_size_gives_a_square(height: int, width: int, border: str) -> None:
    photo = picture(height, width)
    square = squared(photo, border)
    assert square.shape == (max(height, width),) * 2 + (3,)
    assert np.array_equal(inside(square, height, width), photo)


def test_a_photo_of_800_by_600_takes_well_under_a_third_of_a_second() -> None:
    photo = picture(600, 800)
    squared(photo, "blur")
    started = time.process_time()
    squared(photo, "blur")
    assert time.process_time() - started < 0.3
