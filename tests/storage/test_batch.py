"""Many files written at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage import batch as module
from storage.batch import batch_of_files
from storage.errors import StageError


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_files_take_their_places_when_the_block_ends(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"former")
    with batch_of_files() as batch:
        batch.put(tmp_path / "a" / "b" / "new", b"1")
        batch.put(tmp_path / "old", b"2")
        assert not (tmp_path / "a" / "b" / "new").exists() and (tmp_path / "old").read_bytes() == b"former"
    assert contents(tmp_path) == {"a/b/new": b"1", "old": b"2"}


def test_an_error_in_the_block_leaves_all_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"former")
    with pytest.raises(ZeroDivisionError), batch_of_files() as batch:
        batch.put(tmp_path / "new", b"1")
        batch.put(tmp_path / "old", b"2")
        raise ZeroDivisionError
    assert contents(tmp_path) == {"old": b"former"}


def test_the_last_content_of_a_file_counts(tmp_path: Path) -> None:
    with batch_of_files() as batch:
        batch.put(tmp_path / "a", b"1")
        batch.put(tmp_path / "a", b"2")
    assert contents(tmp_path) == {"a": b"2"}


def test_every_file_is_on_the_disk_before_it_gets_its_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(module, "fsync_file", lambda path: calls.append("file"))
    monkeypatch.setattr(module, "fsync_folder", lambda path: calls.append("folder"))
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda *paths: calls.append("name") or replace(*paths))
    with batch_of_files() as batch:
        for name in "abc":
            batch.put(tmp_path / name, b"x")
    assert calls == ["file"] * 3 + ["name"] * 3 + ["folder"]


def test_a_full_disk_is_a_stage_error_that_names_the_file_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(module, "fsync_file", fail)
    with pytest.raises(StageError, match="cannot write .*a.*No space left"), batch_of_files() as batch:
        batch.put(tmp_path / "a", b"x")
    assert contents(tmp_path) == {}


def test_a_folder_that_cannot_be_made_is_a_stage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StageError, match="cannot write"), batch_of_files() as batch:
        batch.put(tmp_path / "file" / "a", b"x")
    assert contents(tmp_path) == {"file": b""}


def test_an_empty_batch_writes_nothing(tmp_path: Path) -> None:
    with batch_of_files():
        pass
    assert contents(tmp_path) == {}
