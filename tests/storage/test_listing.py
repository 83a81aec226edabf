from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from PIL import Image

from storage.errors import StageError
from storage.listing import PHOTO_ENDINGS, find_photos, list_photos, photo_format, read_first_bytes

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"not looked at")


def save(path: Path, kind: str) -> None:
    with open(path, "xb") as file:
        Image.new("RGB", (3, 2)).save(file, kind)


def test_photos_at_any_depth_are_listed_with_posix_paths(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "street/b.png", "street/north/c.webp")
    assert list_photos(tmp_path) == ["a.jpg", "street/b.png", "street/north/c.webp"]


def test_the_order_is_that_of_code_points_of_the_whole_name(tmp_path: Path) -> None:
    names = ["Z.jpg", "a.jpg", "a/b.jpg", "a-b.jpg", "\u00e4.jpg", "10.jpg", "9.jpg", "a b.jpg"]
    touch(tmp_path, *names)
    assert list_photos(tmp_path) == sorted(names)


def test_every_ending_counts_in_any_case(tmp_path: Path) -> None:
    names = [f"a{ending}" for ending in PHOTO_ENDINGS] + ["B.JPG", "C.Jpeg", "D.TIFF"]
    touch(tmp_path, *names)
    assert list_photos(tmp_path) == sorted(names)


def test_a_photo_ending_counts_whatever_the_content(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    assert list_photos(tmp_path) == ["empty.jpg"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_a_photo_without_its_ending_is_known_by_its_content(tmp_path: Path, kind: str) -> None:
    save(tmp_path / "photo", kind)
    save(tmp_path / "photo.tmp1", kind)
    assert list_photos(tmp_path) == ["photo", "photo.tmp1"]
    assert photo_format(read_first_bytes(tmp_path / "photo")) == kind


def test_other_files_are_no_photos(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "notes.txt", "film.mp4", "jpg", "a.jpg.txt")
    (tmp_path / "letter").write_text("BM is how this text begins, as bitmaps do")
    (tmp_path / "sound").write_bytes(b"RIFF\x10\0\0\0WAVEfmt ")
    (tmp_path / "nothing").touch()
    assert list_photos(tmp_path) == ["a.jpg"]


def test_a_raw_camera_file_is_no_photo_though_it_begins_like_a_tiff(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    save(tmp_path / "a.NEF", "TIFF")
    save(tmp_path / "a.dng", "TIFF")
    assert list_photos(tmp_path) == ["a.jpg"]


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"heix"])
def test_heic_is_known_by_its_brand(brand: bytes) -> None:
    assert photo_format(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0") == "HEIF"


def test_a_film_is_not_taken_for_heic() -> None:
    assert photo_format(b"\0\0\0\x18ftypisom\0\0\0\0") is None


def test_names_and_folders_with_a_leading_dot_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "._a.jpg", ".hidden/b.jpg", "sub/.c.jpg", "sub/.git/d.jpg")
    assert list_photos(tmp_path) == ["a.jpg"]


def test_a_photo_folder_may_itself_begin_with_a_dot(tmp_path: Path) -> None:
    touch(tmp_path, ".photos/a.jpg")
    assert list_photos(tmp_path / ".photos") == ["a.jpg"]


def test_a_folder_named_like_a_photo_is_walked_but_is_no_photo(tmp_path: Path) -> None:
    touch(tmp_path, "house.jpg/a.jpg")
    assert list_photos(tmp_path) == ["house.jpg/a.jpg"]


@needs_links
def test_links_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.jpg", "out/b.jpg")
    (tmp_path / "in" / "file.jpg").symlink_to(tmp_path / "out" / "b.jpg")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "out")
    assert list_photos(tmp_path / "in") == ["a.jpg"]
    assert list_photos(tmp_path / "in", follow_links=True) == ["a.jpg", "file.jpg", "folder/b.jpg"]


@needs_links
def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "sub/b.jpg")
    (tmp_path / "sub" / "up").symlink_to(tmp_path)
    (tmp_path / "sub" / "self").symlink_to(tmp_path / "sub")
    assert list_photos(tmp_path, follow_links=True) == ["a.jpg", "sub/b.jpg"]


@needs_links
def test_a_linked_folder_that_is_inside_anyway_keeps_its_own_name(tmp_path: Path) -> None:
    touch(tmp_path, "zoo/a.jpg")
    (tmp_path / "alias").symlink_to(tmp_path / "zoo")
    assert list_photos(tmp_path, follow_links=True) == ["zoo/a.jpg"]


@needs_links
def test_dead_and_circular_links_are_no_photos(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / "dead.jpg").symlink_to(tmp_path / "gone.jpg")
    (tmp_path / "round.jpg").symlink_to(tmp_path / "round.jpg")
    assert list_photos(tmp_path, follow_links=True) == ["a.jpg"]


@needs_links
def test_the_photo_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    touch(tmp_path, "real/a.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert list_photos(tmp_path / "link") == ["a.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
@pytest.mark.parametrize("follow_links", [False, True])
def test_pipes_and_sockets_are_no_photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, follow_links: bool) -> None:
    touch(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.jpg")
        assert list_photos(tmp_path, follow_links) == ["a.jpg"]


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode on Windows")
def test_a_name_that_is_not_utf8_is_listed_as_it_is(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"stra\xdfe.jpg")).touch()
    except OSError:
        pytest.skip("this file system takes only UTF-8")
    assert [os.fsencode(name) for name in list_photos(tmp_path)] == [b"stra\xdfe.jpg"]


def test_an_empty_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt")
    with pytest.raises(StageError, match="no photos in .*" + tmp_path.name):
        list_photos(tmp_path)


def test_a_missing_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="gone does not exist"):
        list_photos(tmp_path / "gone")


def test_a_file_instead_of_a_folder_is_an_error(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    with pytest.raises(StageError, match="a.jpg is no folder"):
        list_photos(tmp_path / "a.jpg")


def test_a_folder_that_cannot_be_read_is_an_error_not_fewer_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "a.jpg", "locked/b.jpg")
    real = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(StageError, match="locked: Permission denied"):
        list_photos(tmp_path)


def test_a_file_that_cannot_be_read_is_listed_so_that_it_gets_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "locked")

    def refuse(path: str) -> bytes:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("storage.listing.read_first_bytes", refuse)
    assert list_photos(tmp_path) == ["locked"]


@needs_links
def test_links_named_like_photos_are_told_when_they_are_not_followed(tmp_path: Path) -> None:
    touch(tmp_path, "in/a.jpg", "in/notes.txt", "out/b.jpg")
    (tmp_path / "in" / "link.jpg").symlink_to(tmp_path / "out" / "b.jpg")
    (tmp_path / "in" / "link.txt").symlink_to(tmp_path / "out" / "b.jpg")
    found = find_photos(tmp_path / "in")
    assert found.names == ["a.jpg"]
    assert found.left_out == {"link.jpg": "is a link, and --follow_links was not given"}
    assert find_photos(tmp_path / "in", follow_links=True).left_out == {}


@needs_links
def test_dead_and_circular_links_named_like_photos_are_told(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / "dead.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "circle.jpg").symlink_to("circle.jpg")
    found = find_photos(tmp_path, follow_links=True)
    assert found.left_out == dict.fromkeys(["circle.jpg", "dead.jpg"], "is a link that leads to no file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
def test_pipes_named_like_photos_are_told(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    assert find_photos(tmp_path).left_out == {"pipe.jpg": "is a pipe, a socket or a device"}
