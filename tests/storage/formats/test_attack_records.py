"""``.attacks/*.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from storage.errors import DamagedFileError, StageError
from storage.fingerprints import Fingerprint
from storage.formats.attack_records import KIND, AttackedCopy, AttackRecord, read_records, write_record

FOUND = Fingerprint(7, 12345678901234567, "ab" * 32)


def record(source: str, **given: Any) -> AttackRecord:
    values: dict[str, Any] = {"stem": source.removesuffix(".jpg"), "settings": {"seed": 0, "format": "png", "font": ""}}
    return AttackRecord(source, FOUND, **(values | given))


def test_records_come_back_by_name_in_order(tmp_path: Path) -> None:
    copies = {"scaling_0.4": AttackedCopy("scaling", 0.4, FOUND), "text_length_10": AttackedCopy("text", 10.0, FOUND)}
    written = [record("b.jpg", copies=copies), record("ü/a b.jpg"), record("a.jpg")]
    for one in written:
        write_record(tmp_path, one)
    assert read_records(tmp_path) == {one.source: one for one in sorted(written, key=lambda one: one.source)}
    assert list(read_records(tmp_path)) == ["a.jpg", "b.jpg", "ü/a b.jpg"]


def test_a_folder_without_records_has_none(tmp_path: Path) -> None:
    assert read_records(tmp_path) == {}


def test_a_record_of_a_photo_takes_the_place_of_its_former_one(tmp_path: Path) -> None:
    write_record(tmp_path, record("a.jpg"))
    write_record(tmp_path, record("a.jpg", stem="a~2"))
    assert [one.stem for one in read_records(tmp_path).values()] == ["a~2"]


@pytest.mark.parametrize("key", ["source", "stem"])
def test_a_hostile_name_is_refused(tmp_path: Path, key: str) -> None:
    write_record(tmp_path, record("a.jpg"))
    path = KIND.path(tmp_path, "a.jpg")
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: "../../x"}))
    with pytest.raises(StageError, match=path.name):
        read_records(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"size": "7"},
        {"copies": []},
        {"copies": {"x": {}}},
        {"copies": {"x": {"family": "text", "parameter": "ten"}}},
        {"settings": 3},
        {"format": "other"},
        {"format_version": 2},
    ],
    ids=str,
)
def test_a_damaged_record_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    write_record(tmp_path, record("a.jpg"))
    path = KIND.path(tmp_path, "a.jpg")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DamagedFileError, match=path.name):
        read_records(tmp_path)


def test_a_cut_record_is_named(tmp_path: Path) -> None:
    write_record(tmp_path, record("a.jpg"))
    path = KIND.path(tmp_path, "a.jpg")
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DamagedFileError, match=path.name):
        read_records(tmp_path)
