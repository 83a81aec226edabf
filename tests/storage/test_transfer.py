from __future__ import annotations

import errno
import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from storage import transfer as module
from storage.errors import PhotoError, StageError, UsageError
from storage.fingerprints import fingerprint
from storage.transfer import is_linked, transfer
from tests.watched_calls import changes_under, states

LINKS = ("hardlink", "symlink")
needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source" / "photo.jpg"
    path.parent.mkdir()
    path.write_bytes(bytes(range(256)) * 9000)  # more than one block
    os.utime(path, ns=(1_600_000_000_123_456_700, 1_600_000_000_123_456_700))
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "work" / "deep" / "copy.jpg"


def test_copy_has_the_bytes_and_the_time_of_its_source(source: Path, target: Path) -> None:
    transfer(source, target)
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_mtime_ns == source.stat().st_mtime_ns


def test_copy_gives_the_fingerprint_of_both(source: Path, target: Path) -> None:
    found = transfer(source, target)
    assert found == fingerprint(source) == fingerprint(target)
    assert found.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()


def test_empty_file_is_copied_too(tmp_path: Path, target: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    assert transfer(empty, target).size == 0
    assert target.read_bytes() == b""


def test_copy_replaces_what_stood_there(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True)
    target.write_bytes(b"former")
    transfer(source, target)
    assert target.read_bytes() == source.read_bytes()


def test_copy_of_a_read_only_photo_can_be_written(source: Path, target: Path) -> None:
    source.chmod(0o444)
    transfer(source, target)
    assert os.access(target, os.W_OK)


def test_copy_shares_nothing_with_its_source(source: Path, target: Path) -> None:
    transfer(source, target)
    former = source.read_bytes()
    target.write_bytes(b"painted over")
    assert source.read_bytes() == former


@needs_links
@pytest.mark.parametrize("mode", ("copy", *LINKS))
def test_source_is_never_changed(mode: str, source: Path, target: Path) -> None:
    before = states(source.parent)
    with changes_under(source.parent) as changes:
        transfer(source, target, mode)
    assert changes == []
    assert states(source.parent) == before


@needs_links
@pytest.mark.parametrize("mode", ("copy", *LINKS))
def test_nothing_but_the_target_is_left(mode: str, source: Path, target: Path) -> None:
    transfer(source, target, mode)
    transfer(source, target, mode)
    assert list(target.parent.iterdir()) == [target]


@needs_links
def test_hard_link_is_the_same_file(source: Path, target: Path) -> None:
    found = transfer(source, target, "hardlink")
    assert target.samefile(source)
    assert not target.is_symlink()
    assert found == fingerprint(source)


@needs_links
def test_symbolic_link_is_absolute(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(source.parent)
    transfer(Path(source.name), target, "symlink")
    assert target.is_symlink()
    assert target.readlink() == source


@needs_links
def test_replacing_a_hard_link_by_a_copy_leaves_the_original(source: Path, target: Path, tmp_path: Path) -> None:
    transfer(source, target, "hardlink")
    other = tmp_path / "other.jpg"
    other.write_bytes(b"other")
    before = source.read_bytes()
    transfer(other, target)
    assert source.read_bytes() == before
    assert target.read_bytes() == b"other"


@needs_links
@pytest.mark.parametrize("mode", LINKS)
def test_link_is_known_again(mode: str, source: Path, target: Path) -> None:
    transfer(source, target, mode)
    assert is_linked(source, target, mode)


@needs_links
@pytest.mark.parametrize("mode", LINKS)
def test_link_of_the_other_kind_is_not_taken_for_it(mode: str, source: Path, target: Path) -> None:
    transfer(source, target, mode)
    assert not is_linked(source, target, next(other for other in LINKS if other != mode))


def test_copy_is_no_link(source: Path, target: Path) -> None:
    transfer(source, target)
    assert not any(is_linked(source, target, mode) for mode in module._TRANSFERS)


@needs_links
def test_link_without_its_source_is_not_taken_for_one(source: Path, target: Path) -> None:
    transfer(source, target, "symlink")
    source.unlink()
    assert not is_linked(source, target, "symlink")


def test_missing_source_is_a_photo_error(target: Path, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="cannot be read"):
        transfer(tmp_path / "gone.jpg", target)
    assert not target.exists()


@pytest.mark.parametrize("mode", ("hardlink", "symlink"))
def test_missing_source_is_a_photo_error_for_links(mode: str, target: Path, tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="cannot be read"):
        transfer(tmp_path / "gone.jpg", target, mode)


class _FailingReader:
    """A file whose second read fails, as a bad sector makes it."""

    def __init__(self, path: Path) -> None:
        self.file = open(path, "rb", buffering=0)  # noqa: SIM115
        self.num_reads = 0

    def __enter__(self) -> _FailingReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def fileno(self) -> int:
        return self.file.fileno()

    def read(self, count: int) -> bytes:
        self.num_reads += 1
        if self.num_reads == 2:
            raise OSError(errno.EIO, "Input/output error")
        return self.file.read(count)


def _open_failing(path: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
    return _FailingReader(path) if mode == "rb" and options else open(path, mode, *args, **options)


def test_bad_sector_is_the_photo_s_fault(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "open", _open_failing, raising=False)
    with pytest.raises(PhotoError, match="Input/output error"):
        transfer(source, target)
    assert list(target.parent.iterdir()) == []


def _write_during_copy(monkeypatch: pytest.MonkeyPatch, source: Path, num_times: int) -> list[int]:
    """Append to the source after each of the first ``num_times`` reads of a whole copy."""
    check, calls = module._check_unchanged, [0]

    def changing(path: Path, before: os.stat_result) -> None:
        calls[0] += 1
        if calls[0] <= num_times:
            with open(source, "ab") as file:
                file.write(b"more")
        check(path, before)

    monkeypatch.setattr(module, "_check_unchanged", changing)
    return calls


def test_source_that_changes_meanwhile_is_copied_again(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _write_during_copy(monkeypatch, source, 1)
    found = transfer(source, target)
    assert calls == [2]
    assert target.read_bytes() == source.read_bytes()
    assert found == fingerprint(source)


def test_source_that_goes_on_changing_is_named(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write_during_copy(monkeypatch, source, module.ATTEMPTS)
    with pytest.raises(PhotoError, match="was changing"):
        transfer(source, target)
    assert not target.exists()


def test_source_that_disappears_meanwhile_is_named(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = module._read_block

    def vanish(reader: Any) -> bytes:
        source.unlink(missing_ok=True)
        return read(reader)

    monkeypatch.setattr(module, "_read_block", vanish)
    with pytest.raises(PhotoError, match="disappeared"):
        transfer(source, target)
    assert not target.exists()


def test_copy_that_does_not_read_back_is_an_error(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "sha256_of_file", lambda path: "0" * 64)
    with pytest.raises(StageError, match="read back"):
        transfer(source, target)
    assert not target.exists()


def test_full_disk_is_a_stage_error_and_keeps_the_former_copy(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target.parent.mkdir(parents=True)
    target.write_bytes(b"former")

    def full(path: Any, **_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module.os, "utime", full)
    with pytest.raises(StageError, match="No space left"):
        transfer(source, target)
    assert target.read_bytes() == b"former"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.EXDEV, "Invalid cross-device link"),
        (errno.EPERM, "Operation not permitted"),
        (errno.ENOTSUP, "Operation not supported"),
        (1314, "A required privilege is not held by the client"),  # Windows, to users without the right to link
    ],
)
@pytest.mark.parametrize(("mode", "call"), [("hardlink", "hardlink_to"), ("symlink", "symlink_to")])
def test_where_nothing_can_be_linked_the_message_says_to_copy(
    mode: str, call: str, number: int, text: str, source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(number, text)

    monkeypatch.setattr(Path, call, refuse)
    with pytest.raises(UsageError, match=f"--mode {mode} .*{text}.*--mode copy"):
        transfer(source, target, mode)
    assert not target.exists()


def test_reflink_says_where_the_disk_cannot(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = pytest.importorskip("reflink_copy")

    def refuse(*_: Any) -> None:
        raise OSError("Operation not supported (os error 95)")

    monkeypatch.setattr(package, "reflink", refuse)
    with pytest.raises(UsageError, match="--mode reflink .*not supported.*--mode copy"):
        transfer(source, target, "reflink")
    assert not target.exists()


def test_reflink_is_verified_and_keeps_the_time(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = pytest.importorskip("reflink_copy")
    monkeypatch.setattr(package, "reflink", lambda old, new: Path(new).write_bytes(Path(old).read_bytes()))
    assert transfer(source, target, "reflink") == fingerprint(source) == fingerprint(target)


def test_reflink_without_its_package_says_what_to_install(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "reflink_copy", None)
    with pytest.raises(UsageError, match="pip install reflink-copy"):
        transfer(source, target, "reflink")


@pytest.mark.skipif(os.name == "nt", reason="Windows takes longer paths where it is told to")
def test_path_that_is_too_long_is_the_photos_own_fault(source: Path, tmp_path: Path) -> None:
    target = tmp_path.joinpath(*["t" * 200] * 25, "a.jpg")
    with pytest.raises(PhotoError, match="the path of its copy is longer than the disk takes"):
        transfer(source, target)
