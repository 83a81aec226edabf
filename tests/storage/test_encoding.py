from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from storage.encoding import ENDINGS, encode_picture
from storage.errors import PhotoError
from tests.drawn_photos import draw_photo

PICTURE = np.asarray(draw_photo(1, 61, 43))


def test_a_png_comes_back_bit_for_bit() -> None:
    with Image.open(BytesIO(encode_picture(PICTURE, "png"))) as image:
        assert image.format == "PNG" and np.array_equal(np.asarray(image), PICTURE)


def test_a_jpeg_comes_back_close_with_full_colour_resolution() -> None:
    with Image.open(BytesIO(encode_picture(PICTURE, "jpg"))) as image:
        assert image.format == "JPEG" and image.mode == "RGB"
        assert [component[1:3] for component in image.layer] == [(1, 1)] * 3  # type: ignore[attr-defined]
        assert np.abs(np.asarray(image).astype(int) - PICTURE).mean() < 1.5


@pytest.mark.parametrize("ending", ENDINGS)
def test_equal_pictures_give_equal_bytes(ending: str) -> None:
    assert encode_picture(PICTURE, ending) == encode_picture(PICTURE.copy(), ending)


def test_a_side_that_the_format_cannot_hold_is_a_photo_error() -> None:
    with pytest.raises(PhotoError, match="70000 pixels"):
        encode_picture(np.zeros((1, 70_000, 3), np.uint8), "jpg")
    assert encode_picture(np.zeros((1, 70_000, 3), np.uint8), "png")
