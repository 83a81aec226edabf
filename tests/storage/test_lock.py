from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage.errors import StageError
from storage.lock import work_lock

HOLDER = """
import sys, time
from pathlib import Path
from storage.lock import work_lock
with work_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def start_holder(folder: Path, root_dir: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(root_dir)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_a_second_run_is_refused_at_once_and_the_pid_is_named(tmp_path: Path, root_dir: Path) -> None:
    process = start_holder(tmp_path, root_dir)
    try:
        started = time.monotonic()
        with pytest.raises(StageError, match=f"in use by another run \\(pid {process.pid}\\)"), work_lock(tmp_path):
            pass
        assert time.monotonic() - started < 1
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a Unix signal")
def test_a_lock_ends_with_its_killed_holder(tmp_path: Path, root_dir: Path) -> None:
    process = start_holder(tmp_path, root_dir)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with work_lock(tmp_path):
        pass


def test_the_lock_can_be_taken_again_and_its_folder_is_made(tmp_path: Path) -> None:
    for _ in range(2):
        with work_lock(tmp_path / "a" / "b"):
            assert (tmp_path / "a" / "b").is_dir()


def test_the_pid_that_a_killed_run_left_is_not_taken_for_that_of_the_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_file = tmp_path / ".lock.pid"
    with work_lock(tmp_path):
        pid_file.write_text("111", encoding="ascii")
        # The holder comes to writing its own while the refused run looks again.
        monkeypatch.setattr("storage.lock.time.sleep", lambda _: pid_file.write_text("222", encoding="ascii"))
        with pytest.raises(StageError, match="pid 222"), work_lock(tmp_path):
            pass


def test_a_holder_that_never_says_its_pid_is_unknown_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("storage.lock.time.sleep", waits.append)
    with work_lock(tmp_path):
        (tmp_path / ".lock.pid").unlink()
        with pytest.raises(StageError, match="pid unknown"), work_lock(tmp_path):
            pass
    assert 0.1 < sum(waits) < 0.5


def test_an_error_inside_releases_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), work_lock(tmp_path):
        raise ZeroDivisionError
    with work_lock(tmp_path):
        pass


def test_a_pid_that_another_run_has_open_does_not_keep_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_use(_path: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "another process has it open")  # as Windows answers

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", in_use)
        with work_lock(tmp_path):
            pass
    with work_lock(tmp_path):
        pass


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    with pytest.raises(StageError, match="cannot work in"), work_lock(tmp_path / "a"):
        pass


def without_locks(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the disk be one that answers every call for a lock so."""
    import fcntl

    def flock(_descriptor: int, _operation: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks another way")
@pytest.mark.filterwarnings("ignore:flock not supported")
def test_on_a_disk_without_locks_a_second_run_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_locks(monkeypatch, errno.ENOSYS)
    with work_lock(tmp_path), pytest.raises(StageError, match="in use by another run"), work_lock(tmp_path):
        pytest.fail("two runs held one folder")
    with work_lock(tmp_path):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks another way")
def test_a_disk_that_refuses_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_locks(monkeypatch, errno.ENOLCK)
    with pytest.raises(StageError, match="cannot work in .*: No locks available"), work_lock(tmp_path):
        pytest.fail("nothing was locked")
