"""Contact sheets."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.reporting.contact_sheets import CELL, HEAD, MARGIN, PHOTOS_PER_SHEET, Sheet, draw_sheet, plan_sheets
from stages.reporting.content import Building, ReportPhoto
from stages.reporting.photos import SMALL
from storage.exif import ExifRecord
from storage.fingerprints import Fingerprint
from storage.formats.report_record import PhotoFacts

RED = (200, 30, 30)


@pytest.fixture
def photo(tmp_path: Path) -> ReportPhoto:
    """A photo with a small red picture in the report's folder."""
    facts = PhotoFacts(Fingerprint(1, 1, "cd" * 32), 40, 30, ExifRecord(captured_at="2023-05-09T09:00:00+03:00"))
    target = tmp_path / SMALL / facts.picture
    target.parent.mkdir(parents=True)
    Image.new("RGB", (64, 48), RED).save(target, quality=95)
    return ReportPhoto("day 1/a.jpg", facts)


def pixels(content: bytes) -> np.ndarray:
    picture = Image.open(BytesIO(content))
    assert picture.format == "PNG"
    return np.asarray(picture.convert("RGB")).astype(int)


def middle(place: int) -> tuple[int, int]:
    """Row and column of the middle of a photo's place in the first row."""
    return HEAD + CELL[1] // 2, MARGIN + place * (CELL[0] + 12) + CELL[0] // 2


def test_a_photo_stands_in_its_place(photo: ReportPhoto, tmp_path: Path) -> None:
    drawn = pixels(draw_sheet(Sheet("sheets/x.png", "Hall", (photo, photo)), tmp_path))
    for place in (0, 1):
        assert np.abs(drawn[middle(place)] - RED).max() < 25


def test_the_title_and_the_caption_are_written(photo: ReportPhoto, tmp_path: Path) -> None:
    drawn = pixels(draw_sheet(Sheet("sheets/x.png", "Hall", (photo,)), tmp_path))
    assert (drawn[MARGIN : HEAD - 4, MARGIN:200] < 90).any()
    assert (drawn[HEAD + CELL[1] + 5 : HEAD + CELL[1] + 40, MARGIN:200] < 120).any()


def test_a_photo_that_cannot_be_read_keeps_an_empty_place(tmp_path: Path) -> None:
    sheet = Sheet("sheets/x.png", "Hall", (ReportPhoto("a.jpg", problem="is missing"),))
    assert (pixels(draw_sheet(sheet, tmp_path))[middle(0)] > 200).all()


def test_hostile_names_and_endless_ones_are_drawn(photo: ReportPhoto, tmp_path: Path) -> None:
    names = ("<script>\n\0.jpg", "x" * 400 + ".jpg", "площадь.jpg", "")
    photos = tuple(replace(photo, name=name) for name in names)
    assert pixels(draw_sheet(Sheet("sheets/x.png", "\u202e" * 300, photos), tmp_path)).shape[1] > 4 * CELL[0]


def test_equal_sheets_are_equal_bytes(photo: ReportPhoto, tmp_path: Path) -> None:
    sheet = Sheet("sheets/x.png", "Hall", (photo,))
    assert draw_sheet(sheet, tmp_path) == draw_sheet(sheet, tmp_path)


def test_few_photos_are_one_sheet_many_are_several_and_none_is_lost() -> None:
    photos = [ReportPhoto(f"{number:03d}.jpg") for number in range(2 * PHOTOS_PER_SHEET + 1)]
    few, many = (
        plan_sheets(Building(7, None, "building_1", photos[:count])) for count in (PHOTOS_PER_SHEET, len(photos))
    )
    assert [sheet.path for sheet in few] == ["sheets/cluster-7.png"]
    assert [sheet.path for sheet in many] == [f"sheets/cluster-7{end}.png" for end in ("", "-2", "-3")]
    assert [photo for sheet in many for photo in sheet.photos] == photos
    assert many[1].title == f"Building 7: {len(photos)} photos, sheet 2 of 3"


def test_the_digest_changes_with_everything_that_is_shown(photo: ReportPhoto) -> None:
    sheet = Sheet("sheets/x.png", "Hall", (photo,))
    assert photo.facts is not None
    other_time = replace(photo, facts=replace(photo.facts, exif=ExifRecord(captured_at="2024-05-09T09:00:00")))
    other_content = replace(photo, facts=replace(photo.facts, fingerprint=Fingerprint(1, 1, "ef" * 32)))
    others = [
        replace(sheet, title="Shop"),
        replace(sheet, photos=(photo, photo)),
        replace(sheet, photos=(replace(photo, name="b.jpg"),)),
        replace(sheet, photos=(other_time,)),
        replace(sheet, photos=(other_content,)),
        replace(sheet, photos=(replace(photo, is_representative=True),)),
    ]
    assert len({each.digest for each in (sheet, *others)}) == 7
    assert sheet.digest == replace(sheet).digest
