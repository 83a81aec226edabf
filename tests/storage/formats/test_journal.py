"""Journals in general: each is of its own kind, and says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage.errors import DamagedFileError, StageError
from storage.formats.journal import Journal, line_text


class Diary(Journal):
    format, version, called = "diary", 2, "a diary"


class Ledger(Journal):
    format, version, called, kept_elsewhere = "ledger", 1, "a ledger", "the bank knows"


def test_the_heading_has_further_fields(tmp_path: Path) -> None:
    diary = Diary(tmp_path / "a.jsonl", {"owner": "Ä"})
    assert diary.heading == {"format": "diary", "format_version": 2, "owner": "Ä"}
    diary.add({"n": 1})
    again = Diary(tmp_path / "a.jsonl", {"owner": "other"})
    assert again.heading["owner"] == "Ä" and again.lines == [{"n": 1}]


def test_an_older_version_is_read_and_a_newer_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line_text({"format": "diary", "format_version": 1}) + line_text({"n": 1}))
    assert Diary(path).lines == [{"n": 1}]
    path.write_bytes(line_text({"format": "diary", "format_version": 3}))
    with pytest.raises(DamagedFileError, match="no journal of a diary"):
        Diary(path)


def test_a_journal_of_another_kind_is_refused(tmp_path: Path) -> None:
    Diary(tmp_path / "a.jsonl").add({"n": 1})
    with pytest.raises(DamagedFileError, match="no journal of a ledger"):
        Ledger(tmp_path / "a.jsonl")


def test_damage_is_told_with_what_is_kept_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line_text({"format": "ledger", "format_version": 1}) + b"{\n")
    with pytest.raises(DamagedFileError, match=r"line 2 is no JSON object; .* \(the bank knows\)"):
        Ledger(path)


def test_a_line_has_no_line_end_inside_whatever_it_holds() -> None:
    text = line_text({"a": "\n\r\u2028\x85ß"})
    assert text.count(b"\n") == 1 and text.endswith(b"\n") and len(text.splitlines()) == 1
    assert json.loads(text) == {"a": "\n\r\u2028\x85ß"}


def test_a_folder_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").mkdir()
    with pytest.raises(StageError, match=r"cannot read .*a\.jsonl"):
        Diary(tmp_path / "a.jsonl")


def test_numbers_that_are_no_json_are_refused(tmp_path: Path) -> None:
    diary = Diary(tmp_path / "a.jsonl")
    with pytest.raises(ValueError, match="JSON"):
        diary.add({"n": float("nan")})
    assert not (tmp_path / "a.jsonl").exists()
