"""The words around a drawn pair."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from hloc.matching.captions import (
    LEAST_WIDTH,
    SIZE,
    Captions,
    _length,
    add_captions,
    as_png,
    plain_letters,
    wrap,
)
from hloc.matching.drawing import GAP, INLIER_COLOURS, OVERLAY_COLOUR, PAPER

CAPTIONS = Captions(("a.jpg", "b.jpg"), "Together", ("agree", "left out"), ["One sentence.", "Another one."])


def photos(width: int = 500) -> np.ndarray:
    return np.zeros((300, 2 * width + GAP, 3), np.uint8)


def has(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(picture.astype(int) - colour) <= 2).all(axis=2).any())


def test_the_drawn_photos_stand_unchanged_among_the_words() -> None:
    random = np.random.default_rng(0)
    drawn = random.integers(0, 256, (300, 1012, 3)).astype(np.uint8)
    picture = add_captions(drawn, 512, CAPTIONS)
    assert picture.shape[1] == 1012
    assert any((picture[y : y + 300] == drawn).all() for y in range(picture.shape[0] - 300))


def test_each_name_stands_above_its_photo() -> None:
    top = add_captions(photos(), 512, CAPTIONS)[:30]
    ink = (top < 100).all(axis=2).any(axis=0)
    assert ink[:60].any() and ink[512:572].any() and not ink[100:512].any()


def test_names_wider_than_their_photos_are_written_whole_on_lines_of_their_own() -> None:
    names = "n" * 200 + ".jpg", "b.jpg"
    short, long = (add_captions(photos(), 512, replace(CAPTIONS, names=each)) for each in (CAPTIONS.names, names))
    assert len(long) > len(short) and long.shape[1] == short.shape[1]


def test_narrow_photos_stand_in_the_middle_of_a_sheet_that_holds_the_words() -> None:
    picture = add_captions(photos(40), 52, CAPTIONS)
    assert picture.shape[1] == LEAST_WIDTH
    black = (picture == 0).all(axis=2).all(axis=1) | (picture == 0).all(axis=2).any(axis=1)
    columns = np.flatnonzero((picture[np.flatnonzero(black)[10:-10]] == 0).all(axis=2).all(axis=0))
    assert abs(columns.mean() - LEAST_WIDTH / 2) < 1


def test_the_key_shows_both_kinds_of_lines_and_leaves_out_what_is_not_there() -> None:
    with_both = add_captions(photos(), 512, CAPTIONS)
    without = add_captions(photos(), 512, replace(CAPTIONS, key=("agree", "")))
    assert has(with_both, INLIER_COLOURS[0]) and has(with_both, OVERLAY_COLOUR)
    assert has(without, INLIER_COLOURS[0]) and not has(without, OVERLAY_COLOUR)
    assert len(without) < len(with_both)


@pytest.mark.parametrize("width", [60, 200, 900])
def test_lines_are_cut_between_words_and_none_is_too_wide(width: int) -> None:
    text = "They came together when 5 and 3 photos were joined; best pair " + "x" * 300 + " and the rest"
    lines = wrap(text, width, SIZE)
    assert all(_length(line, SIZE) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert wrap("", width, SIZE) == []


def test_letters_that_the_font_lacks_become_plain_ones_or_a_question_mark() -> None:
    assert plain_letters("Évry – Łódź 漢.jpg") == "Evry - ?odz ?.jpg"
    assert plain_letters("tab\there\n") == "tab?here?"


def test_names_in_any_script_can_be_drawn() -> None:
    add_captions(photos(), 512, replace(CAPTIONS, names=("漢字.jpg", "مبنى.jpg"), sentences=["🏚 " * 80]))


def test_the_file_is_a_png_of_the_same_pixels_and_always_the_same_bytes() -> None:
    picture = add_captions(photos(), 512, CAPTIONS)
    assert (np.asarray(Image.open(BytesIO(as_png(picture)))) == picture).all()
    assert as_png(picture) == as_png(picture.copy())
    assert tuple(picture[-1, -1]) == PAPER
