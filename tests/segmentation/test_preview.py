"""Label images for people."""

from __future__ import annotations

import numpy as np

from segmentation.preview import PAPER, Tile, colours_of, draw_segments, draw_sheet


def test_neighbouring_numbers_have_colours_that_differ() -> None:
    colours = colours_of(200).astype(int)
    assert colours.shape == (201, 3) and colours[0].tolist() == [0, 0, 0]
    assert np.abs(np.diff(colours[1:], axis=0)).sum(axis=1).min() > 100
    assert len(np.unique(colours[:40], axis=0)) == 40


def test_borders_and_edges_are_black_and_segments_are_tinted() -> None:
    photo = np.full((20, 30, 3), 128, np.uint8)
    labels = np.ones((20, 30), np.int32)
    labels[:, 15:], labels[0, 0] = 2, 0
    drawn = draw_segments(photo, labels, 100)
    assert drawn.shape == photo.shape
    assert (drawn[5, 15] == 0).all() and (drawn[0, 0] == 0).all()
    assert (drawn[5, 5] != drawn[5, 25]).any() and (drawn[5, 5] != 128).any()


def test_a_large_photo_is_drawn_small() -> None:
    drawn = draw_segments(np.zeros((40, 80, 3), np.uint8), np.ones((40, 80), np.int32), 20)
    assert drawn.shape == (10, 20, 3)


def test_without_opacity_the_photo_shows_as_it_is() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    assert (draw_segments(photo, np.ones((9, 9), np.int32), 9, 0.0) == photo).all()


def test_a_sheet_has_a_place_and_a_caption_for_each_picture() -> None:
    red = np.full((30, 40, 3), (255, 0, 0), np.uint8)
    sheet = draw_sheet([Tile(red, "one"), Tile(red, "two"), Tile(red, "three")], 2)
    assert (sheet == (255, 0, 0)).all(axis=2).sum() == 3 * 30 * 40
    assert tuple(sheet[0, 0]) == PAPER
    assert (sheet[40:60, 8:48].min(axis=(0, 1)) < 100).all()  # letters below the first picture
