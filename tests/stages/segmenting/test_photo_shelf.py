"""Photos by number: nothing outside the folder, sizes upright, pixels of one photo kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.segmenting.photo_shelf import PhotoShelf
from storage.errors import PhotoError, StageError
from storage.photos import load_photo
from tests.drawn_painting_session import HEIGHT, NAMES, WIDTH, draw_photos


@pytest.fixture
def shelf(tmp_path: Path) -> PhotoShelf:
    draw_photos(tmp_path / "photos")
    return PhotoShelf(tmp_path / "photos", NAMES, False, 100)


def test_numbers_are_places_in_the_names(shelf: PhotoShelf) -> None:
    assert [shelf.name(number) for number in range(3)] == list(NAMES)
    assert shelf.path(2) == shelf.image_dir / "north" / "c.png"


@pytest.mark.parametrize("number", [-1, 3, 10**9])
def test_a_number_that_is_none_is_refused(shelf: PhotoShelf, number: int) -> None:
    for ask in (shelf.name, shelf.path, shelf.size, shelf.pixels):
        with pytest.raises(StageError, match="no such photo"):
            ask(number)


def test_a_size_is_width_and_height(shelf: PhotoShelf) -> None:
    assert shelf.size(0) == (WIDTH, HEIGHT)


def test_a_size_is_that_of_the_upright_photo(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "turned.jpg", exif=exif)
    shelf = PhotoShelf(tmp_path, ["turned.jpg"], False, 100)
    assert shelf.size(0) == (20, 40) and shelf.pixels(0).shape == (40, 20, 3)


def test_pixels_of_the_last_photo_are_kept(shelf: PhotoShelf) -> None:
    first = shelf.pixels(0)
    assert np.array_equal(first, load_photo(shelf.path(0))) and shelf.pixels(0) is first
    shelf.pixels(1)
    assert shelf.pixels(0) is not first


def test_a_photo_that_cannot_be_read_is_not_kept_as_another(shelf: PhotoShelf) -> None:
    shelf.pixels(0)
    shelf.path(1).write_bytes(b"no photo")
    with pytest.raises(PhotoError):
        shelf.pixels(1)
    assert shelf.pixels(0).shape == (HEIGHT, WIDTH, 3)


def test_a_photo_above_the_limit_is_refused(shelf: PhotoShelf) -> None:
    small = PhotoShelf(shelf.image_dir, NAMES, False, 0.001)
    for ask in (small.size, small.pixels):
        with pytest.raises(PhotoError, match="megapixels"):
            ask(0)


def test_links_out_of_the_folder_are_followed_only_where_that_is_asked_for(tmp_path: Path) -> None:
    draw_photos(tmp_path / "elsewhere")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").symlink_to(tmp_path / "elsewhere" / "a.png")
    with pytest.raises(StageError, match="leads out of"):
        PhotoShelf(tmp_path / "photos", ["a.png"], False, 100).pixels(0)
    assert PhotoShelf(tmp_path / "photos", ["a.png"], True, 100).size(0) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "a/../../b.png", ""])
def test_hostile_names_lead_nowhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(StageError):
        PhotoShelf(tmp_path, [name], False, 100).path(0)


def test_a_photo_whose_name_is_not_utf_8_is_refused_with_what_to_do(tmp_path: Path) -> None:
    shelf = PhotoShelf(tmp_path, ["b\udcff.png", "ü.png"], False, 100)
    assert "copy_images.py" in shelf.problem(0) and shelf.problem(1) == ""
    for ask in (shelf.path, shelf.size, shelf.pixels):
        with pytest.raises(PhotoError, match="not UTF-8"):
            ask(0)
