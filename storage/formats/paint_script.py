"""``paint-script``: recorded actions of painting, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import UsageError
from storage.formats.json_file import read_versioned_json, write_checked_json
from storage.formats.paint_classes import PaintClass, as_colour, class_table

SCRIPT_FORMAT = "paint-script"
SCRIPT_VERSION = 1
MADE_BY = "the painting page, or by hand as docs/formats.md says"
MOST_COORDINATE = 1 << 20  # a line to it still fits in memory, and no photo is larger


@dataclass(frozen=True)
class PaintScript:
    """Actions (JSON objects, checked) in the order in which they are done, and the class table they speak of."""

    actions: tuple[dict[str, Any], ...]
    classes: tuple[PaintClass, ...] = ()


def read_paint_script(path: Path) -> PaintScript:
    """Read a paint script.

    Raises
    ------
    StageError
        When the file is missing, no JSON, or of another format or version.
    UsageError
        When an action is not understood; the message names its place, from 1.
    """
    content = read_versioned_json(path, MADE_BY, SCRIPT_FORMAT, SCRIPT_VERSION)
    try:
        return check_paint_script(content)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def write_paint_script(path: Path, script: PaintScript) -> None:
    """Write a paint script atomically."""
    classes = [{"name": one.name, "colour": list(one.colour)} for one in script.classes]
    header = {"format": SCRIPT_FORMAT, "format_version": SCRIPT_VERSION, "classes": classes}
    write_checked_json(path, header | {"actions": list(script.actions)})


def check_paint_script(content: dict[str, Any]) -> PaintScript:
    """Check the ``classes`` and ``actions`` of a script; the UsageError names the action that is wrong."""
    classes = class_table(content.get("classes", []))
    actions = content.get("actions")
    if not isinstance(actions, list):
        raise UsageError("actions must be a list")
    for place, action in enumerate(actions, 1):
        problem = _problem(action, [one.name for one in classes])
        if problem:
            raise UsageError(f"action {place}: {problem}")
    return PaintScript(tuple(actions), classes)


def _problem(action: Any, classes: Sequence[str]) -> str | None:
    if not isinstance(action, dict) or not isinstance(action.get("action"), str):
        return f'{action!r:.80} must be an object with "action"'
    kind = action["action"]
    if kind not in FIELDS:
        return f"{kind!r:.40} is not one of {', '.join(FIELDS)}"
    needed, allowed = FIELDS[kind]
    given = set(action) - {"action"}
    if not set(needed) <= given <= {*needed, *allowed}:
        return f"{kind} needs {', '.join(needed) or 'nothing else'}, but has {', '.join(sorted(given)) or 'nothing'}"
    for name in sorted(given):
        if not _FITS[name](action[name]):
            return f"{kind}: {name} is {action[name]!r:.60}, but must be {_MUST_BE[name]}"
    if kind == "class" and action["name"] not in classes:
        return f"class {action['name']!r:.40} is not in the table of classes"
    return None


def _is_colour(value: Any) -> bool:
    try:
        as_colour(value)
    except ValueError:
        return False
    return isinstance(value, list)


def _is_point(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(part, int) and not isinstance(part, bool) for part in value)
        and all(-MOST_COORDINATE <= part <= MOST_COORDINATE for part in value)
    )


def _are_points(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_point, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and "\0" not in value


def _is_threshold(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


# Action -> the fields that it needs, and those that it may have.
FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "colour": (("colour",), ()),
    "class": (("name",), ()),
    "fill": (("at",), ()),
    "unfill": (("at",), ()),
    "fill_stroke": (("points",), ()),
    "unfill_stroke": (("points",), ()),
    "cut": (("points",), ()),
    "reset": ((), ()),
    "undo": ((), ()),
    "redo": ((), ()),
    "labels": (("file",), ()),
    "picture": (("file", "at"), ()),
    "templates": (("templates", "segments"), ("attentions", "masks", "threshold")),
}
_FITS: dict[str, Callable[[Any], bool]] = {
    "colour": _is_colour,
    "at": _is_point,
    "points": _are_points,
    "threshold": _is_threshold,
} | dict.fromkeys(("name", "file", "templates", "segments", "attentions", "masks"), _is_text)
_MUST_BE = {
    "colour": "[red, green, blue], whole numbers of 0 to 255",
    "at": "[x, y] in whole pixels",
    "points": "a list of one or more [x, y] in whole pixels",
    "threshold": "a number of 0 to 1",
} | dict.fromkeys(("name", "file", "templates", "segments", "attentions", "masks"), "a text")
