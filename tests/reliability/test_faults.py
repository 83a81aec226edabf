"""What the campaigns of kills and failing calls are made of: it sees what it should, and can fail."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from storage.atomic import write_text
from tests.reliability.all_writers import TOOLS, WRITERS
from tests.reliability.call_order import breaches, unforced_folders
from tests.reliability.children import Killed, in_child, kill_this_process
from tests.reliability.faults import Fault
from tests.reliability.io_calls import Call, needs_proc, told_of_calls
from tests.reliability.kills import HOOKS, KillAtCall, step_of
from tests.reliability.system_calls import read_calls

GOOD = [
    Call("create", "/w/.a.tmp"),
    Call("write", "/w/.a.tmp"),
    Call("fsync", "/w/.a.tmp"),
    Call("rename", "/w/.a.tmp", "/w/a"),
    Call("fsync", "/w"),
]


def calls_of(folder: Path) -> list[Call]:
    found: list[Call] = []
    with told_of_calls(folder, lambda call, is_made: found.append(call) if is_made else None):
        write_text(folder / "a", "content")
    return found


@needs_proc
def test_all_calls_of_the_one_writer_are_seen_and_in_order(tmp_path: Path) -> None:
    calls = calls_of(tmp_path)
    kinds = [step_of(call) for call in calls if call.kind not in ("create", "open", "listdir")]
    assert kinds == ["write", "fsync", "rename", "folder fsync", "unlink"] or kinds[:4] == [
        "write", "fsync", "rename", "folder fsync"
    ]  # fmt: skip
    assert list(breaches(calls, str(tmp_path / "a"))) == []


@needs_proc
def test_calls_elsewhere_are_not_told(tmp_path: Path) -> None:
    found: list[Call] = []
    with told_of_calls(tmp_path / "here", lambda call, is_made: found.append(call)):
        write_text(tmp_path / "there", "content")
    assert not found


@pytest.mark.parametrize(
    ("calls", "breach"),
    [
        (GOOD, None),
        ([GOOD[0], GOOD[2], GOOD[1], *GOOD[3:]], "between its last write and its last rename"),
        ([*GOOD[:2], *GOOD[3:]], "between its last write and its last rename"),
        (GOOD[:4], "/w is not forced"),
        ([*GOOD[:3], GOOD[4], GOOD[3]], "/w is not forced"),
        ([Call("create", "/w/a"), Call("write", "/w/a"), Call("fsync", "/w/a")], "under its own name"),
        ([*GOOD, Call("rename", "/w", "/v")], "/v/a|is not forced to the disk after /v"),
    ],
)
def test_a_wrong_order_of_calls_is_a_breach(calls: Sequence[Call], breach: str | None) -> None:
    path = "/v/a" if calls[-1].target == "/v" else "/w/a"
    found = " ".join(breaches(calls, path))
    assert bool(found) == (breach is not None)
    assert breach is None or any(part in found for part in breach.split("|"))


def test_a_new_folder_whose_entry_is_not_forced_is_a_breach(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    made = Call("mkdir", str(tmp_path / "new"))
    assert len(list(unforced_folders([made], str(tmp_path)))) == 1
    assert not list(unforced_folders([made, Call("fsync", str(tmp_path))], str(tmp_path)))


def test_lines_of_strace_are_read() -> None:
    lines = [
        '7 openat(AT_FDCWD</p>, "/w/.a.tmp", O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0666) = 3</w/.a.tmp>',
        '7 openat(AT_FDCWD</p>, "/w/b", O_RDONLY) = 3</w/b>',
        '7 write(3</w/.a.tmp>, "x", 1) = 1',
        "7 fsync(3</w/.a.tmp> <unfinished ...>",
        "7 fsync(4</elsewhere/c>) = 0",
        '7 rename("/w/.a.tmp", "/w/a") = 0',
        '7 mkdir("/w/d", 0777) = -1 EEXIST (File exists)',
        "7 fsync(5</wide>) = 0",
        "7 fsync(5</w>) = 0",
    ]
    assert list(read_calls(iter(lines), Path("/w"))) == GOOD


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_the_call_whose_turn_it_is_fails_and_without_room_all_later_writes(number: int) -> None:
    fault, failed = Fault(2, number), []
    for place, kind in enumerate(("write", "write", "unlink", "write", "rename"), 1):
        try:
            fault(Call(kind, "/w/a"), False)
        except OSError as error:
            assert error.errno == number
            failed.append(place)
    assert failed == ([2, 4] if number == errno.ENOSPC else [2])


@needs_proc
def test_a_killed_process_gives_no_result_and_others_theirs() -> None:
    assert in_child(lambda: 6 * 7) == 42
    assert isinstance(in_child(kill_this_process), Killed)
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        in_child(lambda: 1 // 0)


@needs_proc
@pytest.mark.parametrize("hook", HOOKS)
def test_a_kill_comes_at_its_hook(hook: str, tmp_path: Path) -> None:
    def write() -> None:
        with told_of_calls(tmp_path, KillAtCall(1, hook)):
            write_text(tmp_path / "a", "content")

    assert isinstance(in_child(write), Killed)
    is_named = hook in ("after rename", "before folder fsync", "after folder fsync")
    assert (tmp_path / "a").exists() == is_named
    assert len(list(tmp_path.glob(".a.*.tmp"))) == (not is_named)


def test_every_tool_is_among_the_writers_or_writes_nothing() -> None:
    silent = {"check_results", "estimate_workload", "evaluate_clusters", "__init__"}
    tools = {path.stem for path in Path(__file__).parents[2].joinpath("tools").glob("*.py")} - silent
    known = {writer.module.removeprefix("tools.") for writer in TOOLS} | {"review_clusters"}
    assert tools == {name for name in known if not name.startswith("tests.")}
    assert all(os.sep not in name for name in WRITERS)
