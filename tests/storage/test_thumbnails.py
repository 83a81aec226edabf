"""Thumbnails: made once, upright, right after a change, and never at the photo's cost."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from storage.errors import PhotoError, StageError
from storage.thumbnails import read_picture, thumbnail


def drawn_photo(path: Path, width: int = 600, height: int = 300, orientation: int | None = None) -> Path:
    pixels = np.random.default_rng(5).integers(0, 256, (height, width, 3), np.uint8)
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, quality=90, exif=exif)
    return path


def test_the_longest_side_is_as_asked(tmp_path: Path) -> None:
    path = thumbnail(drawn_photo(tmp_path / "a.jpg"), tmp_path / "small", 120, 100.0)
    with Image.open(path) as image:
        assert image.size == (120, 60) and image.format == "JPEG"


def test_a_small_photo_is_not_enlarged(tmp_path: Path) -> None:
    with Image.open(thumbnail(drawn_photo(tmp_path / "a.jpg", 40, 20), tmp_path / "small", 120, 100.0)) as image:
        assert image.size == (40, 20)


def test_a_turned_photo_stands_upright_and_has_no_metadata(tmp_path: Path) -> None:
    with Image.open(thumbnail(drawn_photo(tmp_path / "a.jpg", orientation=6), tmp_path / "small", 120, 100.0)) as image:
        assert image.size == (60, 120) and not image.getexif()


def test_it_is_made_once(tmp_path: Path) -> None:
    photo = drawn_photo(tmp_path / "a.jpg")
    first = thumbnail(photo, tmp_path / "small", 120, 100.0)
    first.write_bytes(b"kept")
    assert thumbnail(photo, tmp_path / "small", 120, 100.0).read_bytes() == b"kept"


def test_a_small_one_made_of_a_larger_one_has_the_name_that_it_would_have_anyway(tmp_path: Path) -> None:
    photo = drawn_photo(tmp_path / "a.jpg")
    large = thumbnail(photo, tmp_path / "one", 300, 100.0)
    small = thumbnail(photo, tmp_path / "one", 60, 100.0, made_of=large)
    assert Image.open(small).size == (60, 30)
    other = thumbnail(photo, tmp_path / "other", 60, 100.0)
    assert small.relative_to(tmp_path / "one") == other.relative_to(tmp_path / "other")


def test_a_changed_photo_gets_a_new_one(tmp_path: Path) -> None:
    photo = drawn_photo(tmp_path / "a.jpg")
    first = thumbnail(photo, tmp_path / "small", 120, 100.0)
    drawn_photo(photo, 300, 300)
    os.utime(photo, ns=(1, 1))
    second = thumbnail(photo, tmp_path / "small", 120, 100.0)
    with Image.open(second) as image:
        assert second != first and image.size == (120, 120)


def test_two_sizes_and_two_photos_of_one_name_are_four_files(tmp_path: Path) -> None:
    photos = []
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        photos.append(drawn_photo(tmp_path / folder / "a.jpg"))
    assert len({thumbnail(photo, tmp_path / "small", side, 100.0) for photo in photos for side in (40, 80)}) == 4


def test_the_photo_is_not_touched(tmp_path: Path) -> None:
    photo = drawn_photo(tmp_path / "a.jpg")
    before = (photo.read_bytes(), photo.stat().st_mtime_ns)
    thumbnail(photo, tmp_path / "small", 120, 100.0)
    assert (photo.read_bytes(), photo.stat().st_mtime_ns) == before and list(tmp_path.glob("*.jpg")) == [photo]


def test_a_broken_or_missing_photo_is_a_photo_error(tmp_path: Path) -> None:
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a photo")
    for name in ("b.jpg", "none.jpg"):
        with pytest.raises(PhotoError):
            thumbnail(tmp_path / name, tmp_path / "small", 120, 100.0)
    assert not (tmp_path / "small").exists()


def test_a_damaged_thumbnail_is_an_error_and_following_its_advice_makes_it_anew(tmp_path: Path) -> None:
    photo = drawn_photo(tmp_path / "a.jpg")
    path = thumbnail(photo, tmp_path / "small", 120, 100.0)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(StageError, match=r"cannot use the picture .*\.jpg: damaged JPEG: .*; remove it and run again"):
        read_picture(path)
    path.unlink()
    assert read_picture(thumbnail(photo, tmp_path / "small", 120, 100.0)).shape == (60, 120, 3)
