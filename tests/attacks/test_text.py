"""Text over a photo: letters, place, lines, fonts, photos that are too small for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from attacks import text as module
from attacks.base import AttackContext, generator_of
from attacks.text import LETTERS, check_font, write_text_on
from storage.errors import UsageError


def written_on(width: int, height: int, length: int, key: str = "a", font: bytes | None = None) -> NDArray[np.uint8]:
    grey = np.full((height, width, 3), 128, np.uint8)
    return write_text_on(grey, length, AttackContext(generator_of(key, "text", 0), font))


def extent(photo: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """First and last row, first and last column that were written on."""
    rows, columns = np.nonzero((photo != 128).any(axis=2))
    return int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())


def test_text_is_white_with_a_black_outline() -> None:
    photo = written_on(512, 400, 10)
    assert (photo == 255).all(axis=2).sum() > 300 and (photo == 0).all(axis=2).sum() > 300


def test_letters_are_forty_pixels_for_a_width_of_512() -> None:
    sizes = []
    for width in (512, 1024):
        top, bottom, _, _ = extent(written_on(width, 400, 20))
        sizes.append(bottom - top)
    assert 28 <= sizes[0] <= 48 and sizes[1] == pytest.approx(2 * sizes[0], abs=6)


def test_a_line_breaks_after_twenty_letters() -> None:
    heights = []
    for length in (20, 21, 40, 41):
        top, bottom, _, _ = extent(written_on(800, 600, length))
        heights.append(bottom - top)
    assert heights[1] > 1.7 * heights[0] and abs(heights[2] - heights[1]) < 20 and heights[3] > 1.3 * heights[2]


@pytest.mark.parametrize("length", [10, 50])
def test_text_stands_at_a_random_place_wholly_inside(length: int) -> None:
    places = set()
    for number in range(12):
        top, bottom, left, right = extent(written_on(600, 500, length, str(number)))
        assert top >= 0 and left >= 0 and bottom < 500 and right < 600
        places.add((top, left))
    assert len(places) == 12


def test_the_label_is_just_as_large_as_its_outlined_letters() -> None:
    ink = np.asarray(module._drawn("MMgj", 40.0, None))[:, :, 3] > 0
    assert all(side.any() for side in (ink[:2], ink[-2:], ink[:, :2], ink[:, -2:])) and not ink.all()


@pytest.mark.parametrize(("width", "height"), [(1, 1), (3, 400), (400, 3), (20, 20), (64, 10), (2000, 12)])
def test_text_is_made_to_fit_however_small_the_photo_is(width: int, height: int) -> None:
    for length in (10, 50, 1000):
        photo = written_on(width, height, length)
        assert photo.shape == (height, width, 3) and (photo != 128).any()


def test_long_text_on_a_small_photo_is_still_whole() -> None:
    top, bottom, left, right = extent(written_on(100, 30, 50))
    assert bottom - top >= 26 or right - left >= 96


def test_letters_are_drawn_from_all_letters_and_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    drawn = module._drawn
    monkeypatch.setattr(module, "_drawn", lambda text, *rest: seen.append(text) or drawn(text, *rest))
    for number in range(60):
        written_on(300, 300, 50, str(number))
    assert set("".join(seen)) == {*LETTERS, "\n"}
    assert all(list(map(len, text.split("\n"))) == [20, 20, 10] for text in seen)


def test_a_font_of_ones_own_is_used() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    font = (Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf").read_bytes()
    check_font(font)
    assert not np.array_equal(written_on(400, 300, 20, font=font), written_on(400, 300, 20))


@pytest.mark.parametrize("content", [b"", b"no font", b"\x00\x01\x00\x00" + bytes(100)])
def test_a_file_that_is_no_font_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError, match="--font"):
        check_font(content)


def test_the_font_that_comes_with_pillow_is_the_default() -> None:
    font = module._font(None, 40.0)
    assert font.getname()[0] == "Aileron"
