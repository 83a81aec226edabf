"""Tiles and sheets of a whole collection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from stages.plotting.tiles import ABSENT, SHEET_COLUMNS, TILE, make_tiles, write_sheets


def test_a_tile_is_the_middle_square_of_a_photo(tmp_path: Path) -> None:
    wide = np.zeros((100, 300, 3), dtype=np.uint8)
    wide[:, 100:200] = (200, 30, 30)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    Image.fromarray(wide.swapaxes(0, 1)).save(tmp_path / "high.png")
    for tile in make_tiles([tmp_path / "wide.png", tmp_path / "high.png"]):
        assert np.abs(tile[4:-4, 4:-4].astype(int) - (200, 30, 30)).max() < 12


def test_without_a_thumbnail_the_tile_is_grey() -> None:
    tiles = make_tiles([None])
    assert (tiles == ABSENT).all() and tiles.shape == (1, TILE, TILE, 3)


def test_a_second_sheet_begins_where_the_first_is_full(tmp_path: Path) -> None:
    per_sheet = SHEET_COLUMNS**2
    tiles = np.zeros((per_sheet + 2, TILE, TILE, 3), dtype=np.uint8)
    tiles[per_sheet] = 255
    assert write_sheets(tmp_path, tiles) == (["000.jpg", "001.jpg"], True)
    with Image.open(tmp_path / "001.jpg") as image:
        sheet = np.asarray(image)
    assert sheet.shape == (TILE, SHEET_COLUMNS * TILE, 3)
    assert sheet[8:-8, 8 : TILE - 8].min() > 240 and sheet[8:-8, TILE + 8 : 2 * TILE - 8].max() < 15
    assert write_sheets(tmp_path, tiles)[1] is False
