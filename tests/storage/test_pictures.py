from __future__ import annotations

import numpy as np
import pytest

from storage.pictures import BAR_GREY, as_picture, letterboxed, picture_size


@pytest.mark.parametrize(
    ("size", "side", "expected"),
    [
        ((400, 300), 224, (256, 192)),
        ((300, 400), 224, (192, 256)),
        ((4000, 4000), 224, (224, 224)),
        ((1920, 1080), 224, (288, 160)),
        ((5000, 100), 224, (1568, 32)),
        ((90_000, 1), 64, (128, 32)),
        ((1, 1), 32, (32, 32)),
    ],
)
def test_a_photo_keeps_its_aspect(size: tuple[int, int], side: int, expected: tuple[int, int]) -> None:
    assert picture_size(*size, side, 32) == expected


def test_a_picture_averages_the_pixels_of_the_photo() -> None:
    photo = np.zeros((120, 160, 3), np.uint8)
    photo[::2] = 200
    picture = as_picture(photo, 64, 32)
    assert picture.shape == (64, 64, 3) and picture.dtype == np.uint8
    assert abs(float(picture.mean()) - 100) < 2


def striped(width: int, height: int) -> np.ndarray:
    """A photo that is red on the left and blue on the right."""
    photo = np.zeros((height, width, 3), np.uint8)
    photo[:, : width // 2, 0] = 200
    photo[:, width // 2 :, 2] = 200
    return photo


@pytest.mark.parametrize(
    ("photo_size", "inner"),
    [
        ((400, 200), (slice(16, 48), slice(0, 64))),
        ((200, 400), (slice(0, 64), slice(16, 48))),
        ((64, 64), (slice(0, 64), slice(0, 64))),
        ((16, 8), (slice(16, 48), slice(0, 64))),
        ((1000, 1), (slice(31, 32), slice(0, 64))),
    ],
)
def test_a_photo_stands_whole_in_the_middle_with_grey_beside_it(
    photo_size: tuple[int, int], inner: tuple[slice, slice]
) -> None:
    picture = letterboxed(striped(*photo_size), 64, 64)
    assert picture.shape == (64, 64, 3) and picture.dtype == np.uint8
    is_bar = np.ones((64, 64), bool)
    is_bar[inner] = False
    assert (picture[is_bar] == BAR_GREY).all()
    assert (picture[inner][:, 0] == (200, 0, 0)).all() and (picture[inner][:, -1] == (0, 0, 200)).all()


def test_a_picture_may_be_wider_than_tall() -> None:
    picture = letterboxed(striped(100, 100), 96, 32)
    assert picture.shape == (32, 96, 3)
    assert (picture[:, :32] == BAR_GREY).all() and (picture[:, 64:] == BAR_GREY).all()
    assert (picture[:, 32:48] == (200, 0, 0)).all()


def test_a_larger_photo_is_averaged_into_its_picture() -> None:
    photo = np.zeros((128, 128, 3), np.uint8)
    photo[::2] = 200
    assert (letterboxed(photo, 32, 32) == 100).all()


def test_a_picture_of_the_right_size_is_taken_as_it_is() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (32, 64, 3), dtype=np.uint8)
    assert np.array_equal(letterboxed(photo, 64, 32), photo)


def test_a_smaller_photo_is_enlarged_smoothly() -> None:
    grey = letterboxed(striped(16, 16), 64, 64)[32, :, 0].astype(int)
    assert grey[0] == 200 and grey[-1] == 0 and (np.diff(grey) <= 0).all()
    assert len(np.unique(grey)) > 3
