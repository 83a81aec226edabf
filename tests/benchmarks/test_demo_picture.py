from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.demo_picture import GAP, HEIGHT, MARGIN, WIDTH, draw_sheet, folders_of


def save(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (80, 60)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, quality=95)
    return path


def test_folders_of_buildings_come_before_photos_that_are_alone(tmp_path: Path) -> None:
    for name in ("NotAssigned/photos/c.jpg", "building_2/photos/b.jpg", "building_1/photos/a.jpg"):
        save(tmp_path / name, (0, 0, 0))
    folders = folders_of(tmp_path)
    assert list(folders) == ["building_1", "building_2", "NotAssigned"]
    assert [path.name for path in folders["building_1"]] == ["a.jpg"]


def test_every_folder_is_a_row_of_its_photos(tmp_path: Path) -> None:
    red, blue = save(tmp_path / "red.jpg", (250, 0, 0)), save(tmp_path / "blue.jpg", (0, 0, 250))
    sheet = np.asarray(draw_sheet({"building_1": [red], "building_2": [blue]}))
    middle = GAP + HEIGHT // 2
    assert sheet.shape == (2 * (HEIGHT + GAP) + GAP, WIDTH, 3)
    assert sheet[middle, MARGIN + 20].argmax() == 0 and sheet[middle + HEIGHT + GAP, MARGIN + 20].argmax() == 2


def test_photos_without_room_are_left_out(tmp_path: Path) -> None:
    wide = save(tmp_path / "wide.jpg", (250, 0, 0), (900, 60))
    assert draw_sheet({"building_1": [wide, wide]}).size == (WIDTH, HEIGHT + 2 * GAP)
