from __future__ import annotations

import numpy as np
import pytest

from storage.pictures import as_picture, picture_size


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
