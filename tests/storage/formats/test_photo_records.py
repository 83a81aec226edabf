"""What a tool keeps of each photo."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from storage.errors import DamagedFileError, StageError
from storage.formats.photo_records import RecordKind
from storage.names import check_name


@dataclass(frozen=True)
class Weight:
    source: str
    grams: int


def parsed(content: Mapping[str, Any]) -> Weight:
    return Weight(check_name(content["source"]), int(content["grams"]))


KIND = RecordKind(".weights", "weight-record", 3, "python -m tools.weigh", parsed)


def test_records_are_read_by_image_name_in_their_order(tmp_path: Path) -> None:
    for source in ("ü/b.jpg", "a.jpg", "a (2).jpg"):
        KIND.write(tmp_path, source, {"grams": len(source)})
    assert KIND.read_all(tmp_path) == {
        "a (2).jpg": Weight("a (2).jpg", 9),
        "a.jpg": Weight("a.jpg", 5),
        "ü/b.jpg": Weight("ü/b.jpg", 7),
    }
    assert list(KIND.read_all(tmp_path)) == sorted(KIND.read_all(tmp_path))


def test_a_record_that_is_written_again_replaces_the_former(tmp_path: Path) -> None:
    for grams in (1, 2):
        KIND.write(tmp_path, "a.jpg", {"grams": grams})
    assert KIND.read_all(tmp_path)["a.jpg"].grams == 2
    assert len(list((tmp_path / ".weights").iterdir())) == 1


def test_a_record_says_what_it_is_before_all_else(tmp_path: Path) -> None:
    KIND.write(tmp_path, "a.jpg", {"grams": 1})
    content = json.loads(KIND.path(tmp_path, "a.jpg").read_text())
    assert list(content.items()) == [
        ("format", "weight-record"),
        ("format_version", 3),
        ("source", "a.jpg"),
        ("grams", 1),
        ("checksum", content["checksum"]),
    ]


def test_a_folder_without_records_has_none(tmp_path: Path) -> None:
    assert KIND.read_all(tmp_path) == {}


def test_a_hostile_name_is_refused_with_the_file(tmp_path: Path) -> None:
    KIND.write(tmp_path, "../a.jpg", {"grams": 1})
    with pytest.raises(StageError, match=KIND.path(tmp_path, "../a.jpg").name):
        KIND.read_all(tmp_path)


@pytest.mark.parametrize("content", [{}, {"grams": None}, {"grams": "heavy"}])
def test_what_is_no_record_is_damaged_and_says_what_makes_it_again(tmp_path: Path, content: dict[str, Any]) -> None:
    KIND.write(tmp_path, "a.jpg", content)
    with pytest.raises(DamagedFileError, match=r"python -m tools\.weigh \(delete it first\)"):
        KIND.read_all(tmp_path)


@pytest.mark.parametrize("change", [{"format_version": 4}, {"format": "other-record"}])
def test_another_version_or_format_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    KIND.write(tmp_path, "a.jpg", {"grams": 1} | change)
    with pytest.raises(StageError, match=KIND.path(tmp_path, "a.jpg").name):
        KIND.read_all(tmp_path)
