"""The photos of an image folder, and links in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.image_folder import follows_links, names_in_utf8, photos_in, usable_names
from storage.errors import StageError
from storage.formats.manifest import MANIFEST_NAME, Manifest, write_manifest
from tests.drawn_photos import save_photos


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A folder of one photo and a link to another, which lies elsewhere."""
    save_photos(tmp_path / "photos", 1)
    save_photos(tmp_path / "elsewhere", 1)
    try:
        (tmp_path / "photos" / "link.jpg").symlink_to(tmp_path / "elsewhere" / "photo_000.jpg")
    except OSError:
        pytest.skip("this system lets only some accounts make symbolic links")
    return tmp_path / "photos"


def test_links_are_followed_when_that_is_asked_for(linked: Path) -> None:
    assert photos_in(linked, False) == ["photo_000.jpg"]
    assert photos_in(linked, True) == ["link.jpg", "photo_000.jpg"]


@pytest.mark.parametrize(("mode", "is_followed"), [("copy", False), ("hardlink", False), ("symlink", True)])
def test_links_that_the_project_made_are_followed_unasked(linked: Path, mode: str, is_followed: bool) -> None:
    write_manifest(linked / MANIFEST_NAME, Manifest(mode))
    assert follows_links(linked, False) == is_followed
    assert ("link.jpg" in photos_in(linked, False)) == is_followed


def test_a_folder_that_is_not_there_holds_no_links_and_no_photos(tmp_path: Path) -> None:
    assert not follows_links(tmp_path / "none", False)
    with pytest.raises(StageError, match="none"):
        photos_in(tmp_path / "none", False)


def test_names_that_no_file_format_can_hold_are_told_apart() -> None:
    usable, unnamable = usable_names(["a.jpg", "b\\c.jpg", "ü/d.jpg", "e\udce9.jpg", "f\n.jpg"])
    assert usable == ["a.jpg", "ü/d.jpg"]
    assert [photo.name for photo in unnamable] == ["'b\\\\c.jpg'", "'e\\udce9.jpg'", "f\n.jpg"]
    assert all("copy_images.py makes names safe" in photo.reason for photo in unnamable)


def test_only_what_is_not_utf8_cannot_lend_its_name_to_a_file() -> None:
    usable, unnamable = names_in_utf8(["a.jpg", "b\\c.jpg", "caf\udce9.jpg"])
    assert usable == ["a.jpg", "b\\c.jpg"] and [photo.name for photo in unnamable] == ["caf\\udce9.jpg"]
    assert "its name is not UTF-8" in unnamable[0].reason
