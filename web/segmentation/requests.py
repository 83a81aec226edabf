"""What a request of the painting page brings, checked: every field by its kind, each mistake said in one line."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Any

from segmentation.sam import SamBox, SamPoint, SamPrompts
from storage.errors import UsageError
from storage.formats.paint_classes import Colour, as_colour

MOST = 1 << 20  # of a coordinate: no photo is larger
MAX_POINTS = 100_000
_PROMPT = "a prompt is {point: [x, y], is_foreground: true or false} or {box: [x0, y0, x1, y1]}"


def whole(given: Mapping[str, Any], name: str, least: int, most: int, default: int | None = None) -> int:
    """Give a whole number of a request; UsageError when it is none, or out of range."""
    value = given.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise UsageError(f"{name} is {value!r:.40}, but must be a whole number from {least} to {most}")
    return value


def number(given: Mapping[str, Any], name: str, least: float, most: float, default: float | None = None) -> float:
    """Give a number of a request."""
    value: Any = given.get(name, default)
    if not _is_number(value) or not least <= value <= most:
        raise UsageError(f"{name} is {value!r:.40}, but must be a number from {least:g} to {most:g}")
    return float(value)


def mapping(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give an object of a request; an empty one where it brings none."""
    value = given.get(name, {})
    if not isinstance(value, dict):
        raise UsageError(f"{name} must be an object")
    return value


def rows(given: Mapping[str, Any], name: str) -> list[Any]:
    """Give a list of a request; an empty one where it brings none."""
    value = given.get(name, [])
    if not isinstance(value, list):
        raise UsageError(f"{name} must be a list")
    return value


def text(given: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """Give a text of a request."""
    value = given.get(name, default)
    if not isinstance(value, str):
        raise UsageError(f"{name} is {value!r:.40}, but must be a text")
    return value


def colour(given: Mapping[str, Any]) -> Colour:
    """Give the colour of a request."""
    try:
        return as_colour(given.get("colour"))
    except ValueError as error:
        raise UsageError(str(error)) from error


def numbers(value: Any, count: int, called: str) -> list[float]:
    """Give so many coordinates."""
    if not isinstance(value, list) or len(value) != count or not all(map(_is_number, value)):
        raise UsageError(f"{called} is {value!r:.60}, but must be {count} numbers")
    if max(map(abs, value)) > MOST:
        raise UsageError(f"{called} is {value!r:.60}, which is far outside of any photo")
    return [float(part) for part in value]


def strokes(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the strokes of GrabCut."""
    return [_stroke(row) for row in rows(given, "strokes")]


def rectangles(given: Mapping[str, Any]) -> list[list[float]]:
    """Give the rectangles of GrabCut: two corners each."""
    return [numbers(row, 4, "a rectangle") for row in rows(given, "rectangles")]


def prompts(given: Mapping[str, Any]) -> SamPrompts:
    """Give the points and boxes of Segment Anything."""
    return SamPrompts(tuple(map(_prompt, rows(given, "prompts"))))


def files(given: Mapping[str, Any], name: str) -> list[bytes]:
    """Give the files of a kind of templates, sorted by name."""
    found = []
    for row in rows(given, name):
        if not isinstance(row, dict):
            raise UsageError(f"{name} must be a list of objects with name and content")
        try:
            found.append((text(row, "name"), base64.b64decode(text(row, "content"), validate=True)))
        except binascii.Error as error:
            raise UsageError(f"{name}: {row['name']!r:.60} is not in base64") from error
    return [content for _, content in sorted(found, key=lambda pair: pair[0])]


def _stroke(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise UsageError("a stroke is an object with kind, points and brush")
    points = [numbers(point, 2, "a point") for point in rows(row, "points")]
    if not 1 <= len(points) <= MAX_POINTS:
        raise UsageError(f"a stroke has 1 to {MAX_POINTS} points")
    return {"kind": text(row, "kind"), "points": points, "brush": number(row, "brush", 0, 100, 3)}


def _prompt(row: Any) -> SamPoint | SamBox:
    if isinstance(row, dict) and set(row) == {"box"}:
        return SamBox(*numbers(row["box"], 4, "a box"))
    if isinstance(row, dict) and "point" in row and isinstance(row.get("is_foreground", True), bool):
        x, y = numbers(row["point"], 2, "a point")
        return SamPoint(x, y, row.get("is_foreground", True))
    raise UsageError(f"{row!r:.60}: {_PROMPT}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
