"""Backups: the content before a change, beside its file, never overwritten themselves."""

from __future__ import annotations

from pathlib import Path

from storage.backups import keep_backup


def test_a_backup_holds_what_stood_there_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"one")
    backup = keep_backup(path)
    assert backup == tmp_path / "a.png.1.bak" and backup.read_bytes() == b"one" and path.read_bytes() == b"one"


def test_a_second_backup_leaves_the_first_one(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for content in (b"one", b"two", b"three"):
        path.write_bytes(content)
        keep_backup(path)
    found = {one.name: one.read_bytes() for one in tmp_path.glob("*.bak")}
    assert found == {"a.png.1.bak": b"one", "a.png.2.bak": b"two", "a.png.3.bak": b"three"}


def test_what_is_not_there_has_no_backup(tmp_path: Path) -> None:
    assert keep_backup(tmp_path / "a.png") is None and not list(tmp_path.iterdir())
