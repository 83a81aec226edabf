from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage import temporaries
from storage.atomic import write_bytes
from storage.batch import batch_of_files
from storage.errors import StageError
from storage.temporaries import remove_abandoned, temporary_beside
from storage.transfer import transfer
from tests.conftest import ROOT

KILLED = """
import os, sys
from pathlib import Path
from storage.atomic import atomic_path
with atomic_path(Path(sys.argv[1])) as temporary:
    temporary.write_bytes(b"half")
    os.kill(os.getpid(), 9)
"""
needs_signals = pytest.mark.skipif(os.name == "nt", reason="Windows does not tell whether a process runs")


@pytest.fixture(autouse=True)
def as_in_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(temporaries, "_tidied", set())


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def left_by(pid: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: pid)
        path = temporary_beside(folder / "a.txt")
    path.write_text("half")
    return path


@needs_signals
def test_the_next_writer_in_a_folder_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.txt")], cwd=ROOT)
    assert done.returncode == -9 and len(names_in(tmp_path)) == 1
    write_bytes(tmp_path / "b.txt", b"whole")
    assert names_in(tmp_path) == ["b.txt"]


@needs_signals
@pytest.mark.parametrize("way", ["batch", "link"])
def test_so_do_the_other_ways_of_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    (tmp_path / "source.txt").write_text("whole")
    target = tmp_path / "folder" / "b.txt"
    target.parent.mkdir()
    left_by(2**22 + 1, target.parent, monkeypatch)  # more than Linux and macOS count to
    if way == "batch":
        with batch_of_files() as batch:
            batch.put(target, b"whole")
    else:
        transfer(tmp_path / "source.txt", target, "hardlink")
    assert names_in(target.parent) == ["b.txt"]


def test_what_a_running_process_writes_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [left_by(pid, tmp_path, monkeypatch) for pid in (os.getpid(), os.getppid())]
    write_bytes(tmp_path / "b.txt", b"whole")
    assert all(path.exists() for path in kept)


def test_a_process_of_somebody_else_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    kept = left_by(1, tmp_path, monkeypatch)
    remove_abandoned(tmp_path)
    assert kept.exists()


def test_what_another_machine_writes_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(temporaries, "_machine", lambda: "00000000")
        kept = left_by(2**22 + 1, tmp_path, monkeypatch)
    others = [tmp_path / name for name in (".a.txt.1234.tmp", "mine.tmp", ".hidden")]
    for path in others:
        path.write_text("x")
    remove_abandoned(tmp_path)
    assert kept.exists() and all(path.exists() for path in others)


def test_a_folder_is_looked_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes(tmp_path / "a.txt", b"whole")
    kept = left_by(2**22 + 1, tmp_path, monkeypatch)
    write_bytes(tmp_path / "b.txt", b"whole")
    assert kept.exists()


def test_on_windows_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = left_by(2**22 + 1, tmp_path, monkeypatch)
    with monkeypatch.context() as patched:
        patched.setattr(temporaries.os, "name", "nt")
        patched.setattr(os, "kill", lambda *_: pytest.fail("on Windows this would end the process"))
        remove_abandoned(tmp_path)
    assert kept.exists()


@needs_signals
def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(StageError, match="cannot look into"):
        write_bytes(tmp_path / "a.txt", b"x")
    monkeypatch.undo()
    assert names_in(tmp_path) == []


def test_names_are_no_longer_than_file_systems_take() -> None:
    assert len(os.fsencode(temporary_beside(Path("\U0001f3da" * 60)).name)) <= 255
