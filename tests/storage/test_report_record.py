"""The record of a report folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.atomic import write_json
from storage.errors import StageError
from storage.exif import ExifRecord
from storage.fingerprints import Fingerprint
from storage.formats.json_file import read_json
from storage.formats.report_record import RECORD_NAME, PhotoFacts, ReportRecord, read_record, write_record

FACTS = PhotoFacts(Fingerprint(10, 20, "ab" * 32), 400, 300, ExifRecord(45.5, 15.25, 100.0, "2023-05-09T09:00:00", "A"))
NAMES = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="/\\\0:."), min_size=1, max_size=8)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    record = ReportRecord(True, (320, 1280), {"index.html", "photos/a.jpg"}, {"a/b.jpg": FACTS}, {"sheets/1.png": "cd"})
    write_record(tmp_path, record)
    assert read_record(tmp_path) == record


@given(names=st.sets(NAMES, max_size=4))
def test_any_names_come_back(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    folder = tmp_path_factory.mktemp("record")
    record = ReportRecord(files=names, photos=dict.fromkeys(sorted(names), FACTS))
    write_record(folder, record)
    assert read_record(folder) == record


def test_a_folder_without_a_record_has_none(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None


def test_pictures_are_named_by_the_content_of_the_photo() -> None:
    assert FACTS.picture == "ab" * 10 + ".jpg"


@pytest.mark.parametrize(
    "change",
    [
        {"sides": [1]},
        {"files": ["../up"]},
        {"files": ["/etc/passwd"]},
        {"photos": {"a": {}}},
        {"photos": 3},
        {"format": "x"},
    ]
    + [{"format_version": 2}, {"sheets": None}],
)
def test_a_record_that_makes_no_sense_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    write_record(tmp_path, ReportRecord(photos={"a": FACTS}))
    write_json(tmp_path / RECORD_NAME, read_json(tmp_path / RECORD_NAME, "x") | change)
    with pytest.raises(StageError):
        read_record(tmp_path)
