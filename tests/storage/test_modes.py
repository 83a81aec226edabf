"""Images of any mode as RGB, in bands of rows."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from storage import modes
from storage.modes import as_rgb
from tests.drawn_photos import draw_photo

FLOATS = np.linspace(-3, 9, 48 * 32, dtype=np.float32).reshape(32, 48)


def images() -> list[Image.Image]:
    photo = draw_photo(2)
    clear = photo.quantize(8)
    clear.info["transparency"] = 3
    deep = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 200)
    converted = [photo.convert(mode) for mode in ("RGB", "L", "1", "P", "CMYK", "YCbCr", "HSV", "RGBA", "LA", "I", "F")]
    return [*converted, clear, deep, Image.fromarray(FLOATS)]


@pytest.mark.parametrize("image", images(), ids=lambda image: f"{image.mode}{'-clear' * bool(image.info)}")
def test_bands_give_what_the_whole_gives(image: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = as_rgb(image)
    monkeypatch.setattr(modes, "_BAND_PIXELS", 5 * image.width)
    assert np.array_equal(as_rgb(image), whole)
    assert whole.shape == (32, 48, 3) and whole.dtype == np.uint8


def test_a_row_longer_than_a_band_is_a_band(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modes, "_BAND_PIXELS", 1)
    assert np.array_equal(as_rgb(draw_photo(2)), np.asarray(draw_photo(2)))


def test_the_least_and_the_greatest_value_are_those_of_the_whole_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modes, "_BAND_PIXELS", 48)
    shown = as_rgb(Image.fromarray(FLOATS))
    assert (shown[0, 0, 0], shown[-1, -1, 0]) == (0, 255)
