"""Paint scripts: what is written is read, what is wrong is named with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.paint_classes import PaintClass
from storage.formats.paint_script import PaintScript, check_paint_script, read_paint_script, write_paint_script

ALL: tuple[dict[str, Any], ...] = (
    {"action": "colour", "colour": [1, 2, 3]},
    {"action": "class", "name": "crack"},
    {"action": "fill", "at": [3, -4]},
    {"action": "unfill", "at": [0, 0]},
    {"action": "fill_stroke", "points": [[0, 0]]},
    {"action": "unfill_stroke", "points": [[0, 0], [5, 5]]},
    {"action": "cut", "points": [[0, 0], [5, 5]]},
    {"action": "reset"},
    {"action": "undo"},
    {"action": "redo"},
    {"action": "labels", "file": "other.png"},
    {"action": "picture", "file": "paint.png", "at": [0, 7]},
    {"action": "templates", "templates": "t", "segments": "s", "threshold": 0.2},
)


def test_a_script_with_every_action_comes_back(tmp_path: Path) -> None:
    script = PaintScript(ALL, (PaintClass("crack", (204, 0, 0)),))
    write_paint_script(tmp_path / "a.json", script)
    assert read_paint_script(tmp_path / "a.json") == script


def test_a_script_without_classes_is_one() -> None:
    assert check_paint_script({"actions": []}) == PaintScript(())


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("fill", "must be an object"),
        ({"at": [1, 2]}, "must be an object"),
        ({"action": "paint"}, "is not one of colour, class"),
        ({"action": "fill"}, "fill needs at, but has nothing"),
        ({"action": "fill", "at": [1, 2], "colour": [1, 2, 3]}, "but has at, colour"),
        ({"action": "undo", "at": [1, 2]}, "undo needs nothing else"),
        ({"action": "fill", "at": [1.5, 2]}, "whole pixels"),
        ({"action": "fill", "at": [True, 2]}, "whole pixels"),
        ({"action": "fill", "at": [1, 2, 3]}, "whole pixels"),
        ({"action": "fill", "at": [1 << 30, 2]}, "whole pixels"),
        ({"action": "cut", "points": []}, "one or more"),
        ({"action": "cut", "points": [1, 2]}, "one or more"),
        ({"action": "colour", "colour": [1, 2, 256]}, "0 to 255"),
        ({"action": "colour", "colour": "red"}, "0 to 255"),
        ({"action": "class", "name": "dent"}, "not in the table"),
        ({"action": "labels", "file": ""}, "must be a text"),
        ({"action": "templates", "templates": "t"}, "templates needs templates, segments"),
        ({"action": "templates", "templates": "t", "segments": "s", "threshold": 2}, "0 to 1"),
        ({"action": "templates", "templates": "t", "segments": "s", "threshold": True}, "0 to 1"),
    ],
)
def test_a_wrong_action_is_named_with_its_place(tmp_path: Path, action: Any, said: str) -> None:
    content = {"format": "paint-script", "format_version": 1, "actions": [{"action": "reset"}, action]}
    (tmp_path / "a.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UsageError, match=rf"a\.json: action 2: .*{said}"):
        read_paint_script(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ({}, "must be a list"),
        ([{"name": "a"}], "name .* and colour"),
        ([{"name": "a\nb", "colour": [1, 2, 3]}], "one line"),
        ([{"name": "a", "colour": [1, 2]}], "red, green and blue"),
        ([{"name": "a", "colour": [0, 0, 0]}], "black means nothing"),
        ([{"name": "a", "colour": [1, 2, 3]}, {"name": "a", "colour": [1, 2, 4]}], "share a name or a colour"),
        ([{"name": "a", "colour": [1, 2, 3]}, {"name": "b", "colour": [1, 2, 3]}], "share a name or a colour"),
    ],
)
def test_a_wrong_class_table_is_refused(classes: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_paint_script({"classes": classes, "actions": []})


def test_another_format_a_newer_version_and_no_file_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(StageError, match="missing"):
        read_paint_script(path)
    path.write_text('{"format": "pairs", "format_version": 1}', encoding="utf-8")
    with pytest.raises(DamagedFileError, match="no paint-script"):
        read_paint_script(path)
    path.write_text('{"format": "paint-script", "format_version": 2, "actions": []}', encoding="utf-8")
    with pytest.raises(DamagedFileError, match="version 2"):
        read_paint_script(path)


def test_actions_that_are_no_list_are_refused() -> None:
    with pytest.raises(UsageError, match="actions must be a list"):
        check_paint_script({"actions": {"action": "fill"}})
