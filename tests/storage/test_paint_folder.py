"""What the painting page keeps: by photo, inside its folder, of bounded size."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage.errors import StageError, UsageError
from storage.formats.paint_journal import PAINT_JOURNAL_NAME
from storage.paint_folder import PaintFolder, check_file, content_file, photo_key

HOSTILE = ("../../x.jpg", "a/../b.jpg", "/etc/passwd", "con.jpg", "a\nb.jpg", "<script>.jpg", "\udcff.jpg", "x" * 300)


@pytest.fixture
def folder(tmp_path: Path) -> PaintFolder:
    return PaintFolder(tmp_path, max_cache_bytes=250)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_photo_has_a_folder_whatever_it_is_called(folder: PaintFolder, name: str) -> None:
    path = folder.photo_dir(name)
    assert path.parent == folder.folder / "photos" and path.name.isalnum() and len(path.name) == 24


def test_photos_have_folders_of_their_own() -> None:
    assert len({photo_key(name) for name in (*HOSTILE, "a.jpg", "A.jpg", "b/a.jpg")}) == len(HOSTILE) + 3


@pytest.mark.parametrize(
    "file", ["", "labels.png", "../labels-" + "0" * 24 + ".png", "labels-" + "g" * 24 + ".png", "labels-0.png\n"]
)
def test_only_own_files_are_named(folder: PaintFolder, file: str) -> None:
    for refused in (check_file, lambda file: folder.find("a", file), lambda file: folder.keep("a", file, b"")):
        with pytest.raises(UsageError, match="no label image or picture"):
            refused(file)


def test_label_images_are_found_in_the_cache_and_then_beside_the_journal(folder: PaintFolder) -> None:
    file = folder.put_labels("a.jpg", b"labels")
    assert folder.find("a.jpg", file) == folder.cached("a.jpg", file)
    with pytest.raises(StageError, match="make it again"):
        folder.find("b.jpg", file)
    folder.keep("a.jpg", file)
    assert folder.find("a.jpg", file).parent == folder.photo_dir("a.jpg")
    folder.cached("a.jpg", file).unlink()
    assert folder.find("a.jpg", file).read_bytes() == b"labels"


def test_a_photo_is_begun_once_the_first_line_of_its_journal_is_whole(folder: PaintFolder) -> None:
    for name, content in (("a.jpg", b'{"format":"paint'), ("b.jpg", b""), ("c.jpg", b'{"format":"paint-journal"}\n')):
        journal = folder.photo_dir(name) / PAINT_JOURNAL_NAME
        journal.parent.mkdir(parents=True)
        journal.write_bytes(content)
    folder.photo_dir("d.jpg").mkdir()
    assert folder.begun(["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]) == {"c.jpg"}


def test_a_folder_that_is_only_read_gives_its_label_images(
    folder: PaintFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder.put_labels("a.jpg", b"labels")

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.utime", refuse)
    assert folder.find("a.jpg", file).read_bytes() == b"labels"


def test_a_label_image_that_another_thread_reads_stays_until_the_next_time(
    folder: PaintFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [folder.put_labels("a.jpg", bytes([number]) * 100) for number in range(2)]
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        """Answer as Windows does of a file that is open."""
        if path.name == files[0]:
            raise PermissionError(13, "The process cannot access the file because it is being used")
        unlink(path, missing_ok)

    folder.max_cache_bytes = 100
    for number, file in enumerate(files):
        os.utime(folder.cached("a.jpg", file), ns=(number, number))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        assert folder.trim() == 100
    assert folder.cached("a.jpg", files[0]).is_file() and not folder.cached("a.jpg", files[1]).is_file()
    assert folder.put_labels("a.jpg", b"new" * 30) and not folder.cached("a.jpg", files[0]).is_file()


def test_what_is_kept_is_never_replaced(folder: PaintFolder) -> None:
    file = content_file("picture", b"1")
    folder.keep("a.jpg", file, b"first")
    folder.keep("a.jpg", file, b"second")
    assert folder.find("a.jpg", file).read_bytes() == b"first"


def test_the_cache_is_bounded_and_those_unused_for_longest_go(folder: PaintFolder) -> None:
    files = [folder.put_labels(f"{number}.jpg", bytes([number]) * 100) for number in range(2)]
    for number, file in enumerate(files):
        os.utime(folder.cached(f"{number}.jpg", file), (1000 + number, 1000 + number))
    folder.find("0.jpg", files[0])  # used just now
    newest = folder.put_labels("2.jpg", b"2" * 100)
    assert folder.cached("0.jpg", files[0]).exists() and folder.cached("2.jpg", newest).exists()
    assert not folder.cached("1.jpg", files[1]).exists()


def test_the_newest_stays_even_where_it_is_too_large_alone(folder: PaintFolder) -> None:
    file = folder.put_labels("a.jpg", b"x" * 1000)
    assert folder.cached("a.jpg", file).is_file()
    assert folder.trim() == 0 and not folder.cached("a.jpg", file).exists()


def test_what_a_journal_needs_is_no_part_of_the_cache(folder: PaintFolder) -> None:
    file = content_file("labels", b"1")
    folder.keep("a.jpg", file, b"x" * 1000)
    assert folder.trim() == 0 and folder.find("a.jpg", file).is_file()


def test_photos_with_a_journal_are_begun(folder: PaintFolder) -> None:
    folder.keep("a.jpg", content_file("picture", b"1"), b"")
    path = folder.photo_dir("b.jpg")
    path.mkdir()
    (path / "actions.jsonl").write_bytes(b"{}\n")
    assert folder.begun(["a.jpg", "b.jpg", "c.jpg"]) == {"b.jpg"}


def test_temporary_files_of_a_killed_program_are_removed(tmp_path: Path) -> None:
    file = PaintFolder(tmp_path).put_labels("a.jpg", b"1")
    path = PaintFolder(tmp_path).cached("a.jpg", file)
    left = path.with_name(f".{path.name}.12345678.tmp")
    left.touch()
    PaintFolder(tmp_path)
    assert path.exists()
    assert not list(path.parent.glob("*.tmp"))
