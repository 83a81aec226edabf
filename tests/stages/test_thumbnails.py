"""Thumbnails of the photos that a page shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from stages.thumbnails import ThumbnailWork, make_thumbnails
from storage.errors import StageError
from storage.report import SkippedPhoto
from tests.drawn_photos import save_photos


@pytest.fixture
def work(tmp_path: Path) -> ThumbnailWork:
    save_photos(tmp_path / "photos", 2)
    return ThumbnailWork(tmp_path / "photos", tmp_path / "small", side=24)


def test_each_photo_has_a_small_picture_in_the_order_of_the_names(work: ThumbnailWork) -> None:
    names = ["photo_000.jpg", "photo_001.jpg"]
    forwards, backwards = make_thumbnails(names, work), make_thumbnails(names[::-1], work)
    assert forwards == backwards[::-1] and forwards[0] != forwards[1]
    for path in forwards:
        assert isinstance(path, Path) and path.is_relative_to(work.cache_dir)
        with Image.open(path) as image:
            assert image.size == (24, 16)


def test_photos_that_are_gone_or_broken_are_named_with_the_reason(work: ThumbnailWork) -> None:
    (work.image_dir / "broken.jpg").write_bytes(b"no photo")
    found = make_thumbnails(["photo_000.jpg", "gone.jpg", "broken.jpg"], work)
    assert [isinstance(path, Path) for path in found] == [True, False, False]
    lost = [photo for photo in found if isinstance(photo, SkippedPhoto)]
    assert [photo.name for photo in lost] == ["gone.jpg", "broken.jpg"] and all(photo.reason for photo in lost)


def test_a_photo_that_is_too_large_is_named(work: ThumbnailWork) -> None:
    (found,) = make_thumbnails(["photo_000.jpg"], ThumbnailWork(work.image_dir, work.cache_dir, 24, False, 0.001))
    assert found == SkippedPhoto("photo_000.jpg", "has more than 0.001 megapixels")


def test_a_name_that_leads_out_of_the_folder_is_refused(work: ThumbnailWork) -> None:
    with pytest.raises(StageError):
        make_thumbnails(["../photo_000.jpg"], work)


def test_without_names_there_is_nothing_to_do(work: ThumbnailWork) -> None:
    assert make_thumbnails([], work) == [] and not work.cache_dir.exists()
