"""Class tables in files: what is written is read, what is wrong is named with its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.paint_classes import PaintClass, classes_json, read_classes, write_classes

ROWS = [{"name": "crack", "colour": [204, 0, 0]}, {"name": "Putz, lose", "colour": [0, 0, 1]}]
names = st.text(min_size=1, max_size=6).filter(lambda name: name.strip() and name.isprintable())
colours = st.tuples(*[st.integers(0, 255)] * 3).filter(any)
tables = st.lists(
    st.builds(PaintClass, names, colours), max_size=5, unique_by=(lambda one: one.name, lambda one: one.colour)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(tables)
def test_what_is_written_is_read(tmp_path: Path, table: list[PaintClass]) -> None:
    path = tmp_path / "deep" / "classes.json"
    write_classes(path, table)
    assert read_classes(path) == tuple(table)


def test_a_table_written_by_hand_may_be_a_plain_list(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    path.write_text(json.dumps(ROWS), encoding="utf-8")
    assert classes_json(read_classes(path)) == ROWS
    path.write_text(json.dumps({"classes": ROWS, "actions": []}), encoding="utf-8")
    assert classes_json(read_classes(path)) == ROWS


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    write_classes(tmp_path / "classes.json", [PaintClass("crack", (204, 0, 0))])
    content = json.loads((tmp_path / "classes.json").read_text(encoding="utf-8"))
    assert content == {"format": "paint-classes", "format_version": 1, "classes": ROWS[:1]}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"name": "a", "colour": [0, 0, 0]}], "black"),
        ([ROWS[0], ROWS[0]], "share a name or a colour"),
        ([{"name": "a\nb", "colour": [1, 2, 3]}], "one line"),
        ([{"name": "a", "colour": [1, 2, 256]}], "0 to 255"),
        ({"crack": [1, 2, 3]}, "must be a list"),
        ("crack", "must be a list"),
        ([7], "must be an object"),
    ],
)
def test_a_wrong_table_is_named_with_its_file(tmp_path: Path, rows: Any, said: str) -> None:
    path = tmp_path / "classes.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    with pytest.raises(UsageError, match=rf"classes\.json: .*{said}"):
        read_classes(path)


def test_a_file_that_is_missing_or_no_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"classes\.json is missing"):
        read_classes(tmp_path / "classes.json")
    (tmp_path / "classes.json").write_text("{")
    with pytest.raises(DamagedFileError, match=r"classes\.json"):
        read_classes(tmp_path / "classes.json")
