"""The journal of a photo: what was added is read back; what a crash cut short never happened."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from storage.errors import DamagedFileError, StageError
from storage.formats.paint_journal import PaintJournal, PaintLog, PaintStart

START = PaintStart("north/ä\n<b>.jpg", 60, 40, "labels-" + "0" * 24 + ".png", "ab" * 32)
FILL = {"action": "fill", "at": [3, 4]}
UNDO = {"action": "undo"}


def begun(path: Path) -> PaintJournal:
    journal = PaintJournal(path)
    journal.begin(START)
    journal.add_actions([FILL, FILL], 12, (7, 9))
    return journal


def test_a_journal_is_made_with_the_first_actions(tmp_path: Path) -> None:
    path = tmp_path / "photo" / "actions.jsonl"
    journal = PaintJournal(path)
    assert journal.start is None and not path.exists() and journal.log == PaintLog()
    begun(path)
    heading = json.loads(path.read_text().splitlines()[0])
    assert heading == {"format": "paint-journal", "format_version": 1, **vars(START)}


def test_a_journal_whose_first_line_alone_survived_tells_what_it_began_with(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    begun(path)
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0] + b'{"actions":[{"ac')
    journal = PaintJournal(path)
    assert journal.start == START and journal.log == PaintLog()
    journal.add_actions([FILL], 6, (7, 9))
    assert PaintJournal(path).log.actions == [FILL]


def test_a_journal_from_before_photos_were_told_apart_is_read(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    begun(path)
    heading, *lines = path.read_text().splitlines()
    fields = json.loads(heading)
    del fields["sha256"]
    path.write_text("\n".join([json.dumps(fields), *lines]) + "\n")
    journal = PaintJournal(path)
    assert journal.start == replace(START, sha256="") and journal.log.actions == [FILL, FILL]


def test_what_was_added_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    journal = begun(path)
    journal.add_saved((7, 9))
    journal.add_actions([UNDO], 4, (5, 9))
    again = PaintJournal(path)
    assert again.start == START and again.log == journal.log
    assert again.log == PaintLog([FILL, FILL, UNDO], 4, (5, 9), (7, 9))


def test_paint_is_saved_when_it_is_that_of_the_last_saving() -> None:
    assert PaintLog().is_saved
    assert not PaintLog(check=(5, 1)).is_saved
    assert PaintLog(check=(5, 2), saved_check=(5, 1)).is_saved
    assert not PaintLog(check=(0, 2), saved_check=(5, 1)).is_saved
    assert PaintLog(check=(0, 2)).is_saved


@pytest.mark.parametrize("cut", range(1, 60, 3))
def test_a_request_that_was_cut_short_never_happened_whole_or_in_part(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "actions.jsonl"
    begun(path)
    whole = path.read_bytes()
    PaintJournal(path).add_actions([UNDO, FILL, UNDO], 9, (1, 2))
    path.write_bytes(path.read_bytes()[:-cut])
    again = PaintJournal(path)
    assert again.log.actions == [FILL, FILL] and again.log.check == (7, 9)
    again.add_actions([UNDO], 0, (0, 9))
    assert path.read_bytes().startswith(whole) and PaintJournal(path).log.actions == [FILL, FILL, UNDO]


@pytest.mark.parametrize(
    "line",
    [
        '{"actions":[{"action":"fly"}],"painted":1,"check":[1,2]}',
        '{"actions":[],"painted":1,"check":[1]}',
        '{"actions":[],"painted":"many","check":[1,2]}',
        '{"something":1}',
        "[]",
    ],
)
def test_a_line_that_is_not_understood_is_an_error_that_names_the_file(tmp_path: Path, line: str) -> None:
    path = tmp_path / "actions.jsonl"
    begun(path)
    content = path.read_bytes() + line.encode() + b"\n"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"actions\.jsonl"):
        PaintJournal(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("missing", ["photo", "width", "height", "labels"])
def test_a_heading_without_a_field_is_damaged(tmp_path: Path, missing: str) -> None:
    path = tmp_path / "actions.jsonl"
    begun(path)
    heading, *lines = path.read_text().splitlines()
    fields = json.loads(heading)
    del fields[missing]
    path.write_text("\n".join([json.dumps(fields), *lines]) + "\n")
    with pytest.raises(DamagedFileError, match=missing):
        PaintJournal(path)


def test_the_journal_of_a_review_is_none_of_painting(tmp_path: Path) -> None:
    path = tmp_path / "actions.jsonl"
    path.write_text('{"format":"review-journal","format_version":1}\n')
    with pytest.raises(DamagedFileError, match="no journal of painting"):
        PaintJournal(path)


def test_a_full_disk_leaves_log_and_file_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "actions.jsonl"
    journal = begun(path)

    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fail)
        with pytest.raises(StageError, match="No space left"):
            journal.add_actions([UNDO], 0, (0, 0))
    assert journal.log.actions == [FILL, FILL]
    journal.add_actions([FILL], 3, (1, 1))
    assert PaintJournal(path).log.actions == [FILL, FILL, FILL]
