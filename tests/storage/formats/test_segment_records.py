"""Records of segmented photos, and the table of all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from storage.errors import DamagedFileError, StageError
from storage.fingerprints import Fingerprint
from storage.formats.segment_records import (
    KIND,
    SegmentRecord,
    read_segment_records,
    write_segment_record,
    write_segments_table,
)

STATE = Fingerprint(10, 20, "ab" * 32)
ROW = [1, 6, 0.5, 0, 1, 2, 3, 10.5, 20.0, 30.0]
RECORD = SegmentRecord("b/x.jpg", STATE, "b/x.png", {"method": "graph"}, {"labels/b/x.png": STATE}, [ROW])


def test_what_is_written_is_read_sorted_by_name(tmp_path: Path) -> None:
    first = replace(RECORD, source="a.jpg", name="a.png")
    for record in (RECORD, first):
        write_segment_record(tmp_path, record)
    found = read_segment_records(tmp_path)
    assert list(found) == ["a.jpg", "b/x.jpg"] and found["b/x.jpg"] == RECORD


def test_a_folder_without_records_has_none(tmp_path: Path) -> None:
    assert read_segment_records(tmp_path / "none") == {}


@pytest.mark.parametrize(
    "change",
    [{"rows": [[1, 2]]}, {"rows": [["1", *ROW[1:]]]}, {"files": 3}, {"size": "10"}, {"format_version": 9}, {"name": 5}],
)
def test_a_record_that_is_not_understood_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    write_segment_record(tmp_path, RECORD)
    path = KIND.path(tmp_path, "b/x.jpg")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(StageError, match=path.name):
        read_segment_records(tmp_path)


def test_a_hostile_name_is_refused(tmp_path: Path) -> None:
    write_segment_record(tmp_path, RECORD)
    path = KIND.path(tmp_path, "b/x.jpg")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"name": "../x.png"}))
    with pytest.raises(StageError, match=r"\.\./x.png"):
        read_segment_records(tmp_path)


def test_a_cut_record_is_damaged(tmp_path: Path) -> None:
    write_segment_record(tmp_path, RECORD)
    path = KIND.path(tmp_path, "b/x.jpg")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DamagedFileError, match="damaged"):
        read_segment_records(tmp_path)


def test_the_table_has_a_line_per_segment_and_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "segments.csv"
    assert write_segments_table(path, [replace(RECORD, source='a,"b.jpg'), RECORD])
    assert path.read_text().splitlines() == [
        "path,id,pixels,share,left,top,width,height,red,green,blue",
        '"a,""b.jpg",1,6,0.5,0,1,2,3,10.5,20.0,30.0',
        "b/x.jpg,1,6,0.5,0,1,2,3,10.5,20.0,30.0",
    ]
    assert not write_segments_table(path, [replace(RECORD, source='a,"b.jpg'), RECORD])
