"""Contact sheets of extreme members."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.feature_clustering.sheets import CELL, GAP, HEAD, MARGIN, SIDE, draw_extremes
from stages.thumbnails import ThumbnailWork, make_thumbnails
from storage.errors import StageError


@pytest.fixture
def thumbnails(tmp_path: Path) -> ThumbnailWork:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, colour in (("red.png", (250, 0, 0)), ("blue.png", (0, 0, 250))):
        Image.new("RGB", (40, 30), colour).save(folder / name)
    (folder / "broken.jpg").write_bytes(b"no photo")
    return ThumbnailWork(folder, tmp_path / "thumbnails", SIDE)


def drawn(rows: list[tuple[str, list[str]]], thumbnails: ThumbnailWork, title: str = "cluster 3") -> np.ndarray:
    names = sorted({name for _, row in rows for name in row})
    found = dict(zip(names, make_thumbnails(names, thumbnails), strict=True))
    shown = {name: path for name, path in found.items() if isinstance(path, Path)}
    with Image.open(BytesIO(draw_extremes(title, rows, shown))) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def middle(sheet: np.ndarray, row: int, column: int) -> list[int]:
    top = MARGIN + HEAD + row * (HEAD + CELL[1] + 18 + GAP) + HEAD - GAP
    left = MARGIN + column * (CELL[0] + GAP)
    found: list[int] = sheet[top + CELL[1] // 2, left + CELL[0] // 2].tolist()
    return found


def test_photos_stand_in_their_rows_in_order(thumbnails: ThumbnailWork) -> None:
    sheet = drawn([("nearest", ["red.png", "blue.png"]), ("farthest", ["blue.png"])], thumbnails)
    assert middle(sheet, 0, 0)[0] > 200 > 60 > middle(sheet, 0, 0)[2]
    assert middle(sheet, 0, 1)[2] > 200 and middle(sheet, 1, 0)[2] > 200


@pytest.mark.parametrize("name", ["broken.jpg", "gone.jpg"])
def test_a_photo_that_cannot_be_shown_keeps_an_empty_place(thumbnails: ThumbnailWork, name: str) -> None:
    sheet = drawn([("nearest", [name, "red.png"])], thumbnails)
    assert min(middle(sheet, 0, 0)) > 220 and middle(sheet, 0, 1)[0] > 200


def test_more_photos_make_a_wider_sheet_and_more_rows_a_higher_one(thumbnails: ThumbnailWork) -> None:
    three, five = (drawn([("nearest", ["red.png"] * count)], thumbnails).shape for count in (3, 5))
    assert five[1] - three[1] == 2 * (CELL[0] + GAP) and five[0] == three[0]
    assert drawn([("nearest", ["red.png"]), ("farthest", ["red.png"])], thumbnails).shape[0] > three[0]


def test_a_smooth_sky_has_no_bands(thumbnails: ThumbnailWork) -> None:
    down, across = np.mgrid[0:150, 0:200]
    sky = np.stack((90 + down * 0.6, 130 + across * 0.3, 200 + down * 0.3), axis=2)
    Image.fromarray(sky.astype(np.uint8)).save(thumbnails.image_dir / "sky.png")
    rows = [("nearest", ["sky.png", "red.png", "blue.png"])]
    top, left = 2 * MARGIN + HEAD + HEAD - GAP - MARGIN, MARGIN
    shown = drawn(rows, thumbnails)[top : top + CELL[1], left : left + CELL[0]]
    means = [each[3:147].reshape(18, 8, 25, 8, 3).mean(axis=(1, 3)) for each in (shown, sky)]
    assert np.abs(means[0] - means[1]).max() < 4


def test_letters_that_the_font_lacks_are_no_error(thumbnails: ThumbnailWork) -> None:
    assert drawn([("nearest", ["red.png"])], thumbnails, "cluster 3, 日本 ŠĆ").any()


def test_a_hostile_name_is_refused(thumbnails: ThumbnailWork) -> None:
    with pytest.raises(StageError):
        drawn([("nearest", ["../red.png"])], thumbnails)
