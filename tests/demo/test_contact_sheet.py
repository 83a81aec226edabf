"""The page that shows a whole street."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo import StreetTruth
from demo.contact_sheet import GAP, TILE_HEIGHT, draw_contact_sheet
from storage.errors import StageError
from storage.photos import load_photo


def opened(sheet: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(sheet)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def test_each_building_has_a_row_and_singles_share_the_last(street: StreetTruth) -> None:
    sheet = opened(draw_contact_sheet(street.image_dir, street.labels))
    assert sheet.shape[0] == 5 * (TILE_HEIGHT + GAP) + GAP


def test_the_first_tile_is_the_first_photo_of_the_first_building_upright(street: StreetTruth) -> None:
    sheet = opened(draw_contact_sheet(street.image_dir, street.labels))
    first = min(street.labels, key=lambda name: (street.labels[name], name))
    photo = load_photo(street.image_dir / first)
    width = photo.shape[1] * TILE_HEIGHT // photo.shape[0]
    tile = sheet[GAP : GAP + TILE_HEIGHT, GAP : GAP + width].astype(int)
    small = np.asarray(Image.fromarray(photo).resize((width, TILE_HEIGHT), Image.Resampling.BOX)).astype(int)
    assert np.abs(tile - small).mean() < 6


def test_singles_alone_fill_rows_of_eight(street: StreetTruth) -> None:
    name = next(iter(street.labels))
    sheet = opened(draw_contact_sheet(street.image_dir, {name: "single_00"}))
    assert sheet.shape[0] == TILE_HEIGHT + 2 * GAP


def test_a_drawn_photo_that_is_damaged_meanwhile_is_one_line_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(StageError, match=r"a\.jpg: damaged JPEG: .*; remove it and run again"):
        draw_contact_sheet(tmp_path, {"a.jpg": "building_00"})
