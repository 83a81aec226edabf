from __future__ import annotations

import errno
import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from storage import atomic
from storage.atomic import atomic_path, make_folder, remove_leftovers, write_bytes, write_json, write_text
from storage.errors import StageError


def test_content_reads_back_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a" / "b.bin", b"\0content")
    assert (tmp_path / "a" / "b.bin").read_bytes() == b"\0content"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.bin"]


def test_an_error_in_the_block_leaves_the_former_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "former")
    with pytest.raises(ZeroDivisionError), atomic_path(target) as temporary:
        temporary.write_text("new")
        raise ZeroDivisionError
    assert target.read_text() == "former"
    assert list(tmp_path.iterdir()) == [target]


def test_text_has_plain_line_ends_on_every_system(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "one\ntwö\n")
    assert (tmp_path / "a.txt").read_bytes() == b"one\ntw\xc3\xb6\n"


def test_json_refuses_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"score": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_calls_come_in_the_order_that_survives_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for module, name in [(os, "fsync"), (os, "replace")]:
        real = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *arguments, name=name, real=real: (calls.append(name), real(*arguments))[1]
        )
    write_bytes(tmp_path / "a.bin", b"x")
    expected = ["fsync", "replace", "fsync"] if os.name != "nt" else ["fsync", "replace"]
    assert calls == expected


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failing_step_is_an_error_with_the_path_and_keeps_the_former_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "former")

    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, step, fail)
    with pytest.raises(StageError, match=r"cannot write .*a\.txt: No space left on device"):
        write_text(target, "new")
    assert target.read_text() == "former"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(sys.platform == "win32", reason="needs RLIMIT_FSIZE")
def test_a_full_disk_keeps_the_former_file(tmp_path: Path) -> None:
    import resource

    target = tmp_path / "a.bin"
    write_bytes(target, b"former")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(StageError, match=r"cannot write .*a\.bin"):
            write_bytes(target, b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, former)
    assert target.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [target]


def test_leftovers_of_killed_runs_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (".a.txt.0000abcd.tmp", "mine.tmp", ".hidden", "a.txt"):
        (tmp_path / name).write_text("x")
    assert remove_leftovers(tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "a.txt", "mine.tmp"]


def test_leftovers_of_a_missing_folder_are_none(tmp_path: Path) -> None:
    assert remove_leftovers(tmp_path / "none") == 0


def test_a_very_long_name_can_be_written(tmp_path: Path) -> None:
    for name in ("n" * 251 + ".txt", "\N{GRINNING FACE}" * 62 + ".txt"):
        write_text(tmp_path / name, "x")
        assert (tmp_path / name).read_text() == "x"


def test_a_folder_in_the_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_text("x")
    with pytest.raises(StageError, match="cannot write"):
        write_text(tmp_path / "a", "x")


def test_folders_are_made_once(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b" / "c")
    make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_of_two_writers_the_first_one_wins_where_that_is_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "file"
    with atomic_path(target, keeps_former=True) as slow:
        slow.write_text("slow")
        with atomic_path(target, keeps_former=True) as quick:
            quick.write_text("quick")
    assert target.read_text() == "quick" and list(tmp_path.iterdir()) == [target]


def test_without_hard_links_a_file_that_stands_stays_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links")

    monkeypatch.setattr("os.link", refuse)
    for text in ("first", "second"):
        with atomic_path(tmp_path / "file", keeps_former=True) as temporary:
            temporary.write_text(text)
    assert (tmp_path / "file").read_text() == "first" and list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows opens no folders")
def test_a_disk_that_cannot_sync_folders_can_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(atomic.os, "fsync", fsync)
    write_text(tmp_path / "folder" / "a.txt", "new")
    assert (tmp_path / "folder" / "a.txt").read_text() == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows opens no folders")
def test_a_disk_that_fails_to_sync_a_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(atomic.os, "fsync", fsync)
    with pytest.raises(StageError, match=r"cannot write .*a\.txt: Input/output error"):
        write_text(tmp_path / "a.txt", "new")


def test_on_windows_no_folder_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "IS_WINDOWS", True)
    monkeypatch.setattr(atomic.os, "open", lambda *_: pytest.fail("a folder was opened"))
    write_text(tmp_path / "folder" / "a.txt", "new")
    assert (tmp_path / "folder" / "a.txt").read_text() == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows takes such paths where they were enabled")
def test_a_path_of_more_than_260_characters_is_written(tmp_path: Path) -> None:
    target = tmp_path / "/".join(["folder of some length"] * 20) / f"{'x' * 200}.txt"
    assert len(str(target)) > 600
    write_text(target, "new")
    assert target.read_text() == "new"


def test_what_windows_does_not_say_of_a_long_path_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "The system cannot find the path specified")

    monkeypatch.setattr(atomic, "IS_WINDOWS", True)
    monkeypatch.setattr(atomic.os, "replace", refuse)
    with pytest.raises(StageError, match=r"cannot find the path specified; the path has \d{3} characters, use"):
        write_text(tmp_path / ("x" * 240) / "a.txt", "new")
    with pytest.raises(StageError, match=r"cannot find the path specified$"):
        write_text(tmp_path / "a.txt", "new")


def test_leftovers_of_this_program_go_and_those_of_others_stay(tmp_path: Path) -> None:
    own = [
        ".manifest.json.0123abcd.tmp",
        ".vectors.npy.tmp",
        ".a.jpg.0123abcd-4711-deadbeef.tmp",
        ".a\nb.jpg.deadbeef.tmp",
    ]
    others = [".tmp", ".session.tmp", ".upload.0123ABCD.tmp", ".a.0123abcd.tmp.part", "a.0123abcd.tmp"]
    for name in (*own, *others):
        (tmp_path / name).write_text("x")
    assert remove_leftovers(tmp_path) == len(own)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(others)


def test_what_a_killed_write_leaves_is_known_as_its_own(tmp_path: Path) -> None:
    with atomic_path(tmp_path / ("long " * 20)) as temporary:
        temporary.write_text("half")
        assert remove_leftovers(tmp_path) == 1
        temporary.write_text("whole")
