from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from storage.errors import StageError
from storage.folders import NumberedFiles, paths_in


def test_names_that_fit_are_listed_in_order_and_nothing_below(tmp_path: Path) -> None:
    for name in ("b.h5", "a.h5", "A.H5", "a.txt", ".a.h5.tmp"):
        (tmp_path / name).touch()
    (tmp_path / "deep.h5").mkdir()
    (tmp_path / "deep.h5" / "c.h5").touch()
    assert [path.name for path in paths_in(tmp_path, "*.h5")] == ["a.h5", "b.h5", "deep.h5"]
    assert len(paths_in(tmp_path)) == 6


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert paths_in(tmp_path / "none") == paths_in(tmp_path / "file") == []


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_folder_that_cannot_be_read_is_an_error_with_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(path: Path) -> list[str]:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(StageError, match=rf"cannot look into .*{tmp_path.name}: {os.strerror(number)}"):
        paths_in(tmp_path)


def test_numbers_go_on_behind_all_that_stand(tmp_path: Path) -> None:
    for name in ("shard-000003.h5", "shard-000010.h5", "other-000050.h5"):
        (tmp_path / name).write_text("x")
    files = NumberedFiles(tmp_path, "shard")
    for expected in ("shard-000011.h5", "shard-000012.h5"):
        path = files.next_path()
        assert path.name == expected
        path.write_text("x")
    (tmp_path / "shard-000013.h5").write_text("of somebody else")
    assert files.next_path().name == "shard-000014.h5"


def test_the_folder_is_listed_once_however_many_files_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[Path] = []
    monkeypatch.setattr("storage.folders.paths_in", lambda folder, _: listed.append(folder) or [])
    files = NumberedFiles(tmp_path, "shard")
    for _ in range(5):
        files.next_path().write_text("x")
    assert len(listed) == 1 and len(list(tmp_path.iterdir())) == 5
