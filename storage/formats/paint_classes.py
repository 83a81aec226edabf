"""The class table of painting: what each colour means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.atomic import make_folder, write_json
from storage.errors import UsageError
from storage.formats.json_file import read_json

CLASSES_FORMAT = "paint-classes"
CLASSES_VERSION = 1
Colour = tuple[int, int, int]
BLACK: Colour = (0, 0, 0)


@dataclass(frozen=True)
class PaintClass:
    """A class of painted pixels.

    Attributes
    ----------
    name : str
        What they show, as ``crack``.
    colour : tuple of int
        Red, green and blue, 0 to 255.
    """

    name: str
    colour: Colour


def unnamed_class(colour: Colour) -> PaintClass:
    """Give the class of a colour that stands in no table; its name tells the colour, as ``R204_G0_B0``."""
    return PaintClass("R{}_G{}_B{}".format(*colour), colour)


def class_table(rows: Any) -> tuple[PaintClass, ...]:
    """Read a class table from JSON: a list of objects with ``name`` and ``colour``.

    Raises
    ------
    UsageError
        When it is not understood, a name or a colour stands twice, or a colour is black, which means "nothing".
    """
    if not isinstance(rows, list):
        raise UsageError(f"classes {rows!r:.60}: must be a list of objects with name and colour")
    classes = []
    for row in rows:
        if not isinstance(row, dict) or set(row) != {"name", "colour"} or not _is_name(row["name"]):
            raise UsageError(f"class {row!r:.80}: must be an object with name (text of one line) and colour")
        try:
            classes.append(PaintClass(row["name"], as_colour(row["colour"])))
        except ValueError as error:
            raise UsageError(f"class {row['name']!r:.60}: {error}") from error
    return check_classes(classes)


def check_classes(classes: Iterable[PaintClass]) -> tuple[PaintClass, ...]:
    """Refuse a table in which a name or a colour stands twice, or a class is black; the UsageError names it."""
    table = tuple(classes)
    for place, one in enumerate(table):
        if one.colour == BLACK:
            raise UsageError(f"class {one.name!r}: black means nothing in a mask; give it another colour")
        for other in table[:place]:
            if one.name == other.name or one.colour == other.colour:
                raise UsageError(f"classes {other.name!r} and {one.name!r} share a name or a colour; change one")
    return table


def as_colour(value: Any) -> Colour:
    """Give (red, green, blue) of a list or tuple; ValueError unless it is three whole numbers of 0 to 255."""
    if not isinstance(value, (tuple, list)) or len(value) != 3 or not all(map(_is_level, value)):
        raise ValueError(f"colour {value!r:.60}: must be red, green and blue, whole numbers of 0 to 255")
    red, green, blue = value
    return red, green, blue


def _is_level(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and bool(name.strip()) and name.isprintable()


def read_classes(path: Path) -> tuple[PaintClass, ...]:
    """Read a class table from a JSON file: an object with ``classes``, or the list itself.

    Raises
    ------
    StageError
        When the file is missing or no JSON.
    UsageError
        When the table is not understood; see :func:`class_table`.
    """
    content = read_json(path, "a text editor; docs/formats.md says how")
    version = content.get("format_version", CLASSES_VERSION) if isinstance(content, dict) else CLASSES_VERSION
    if version != CLASSES_VERSION:
        raise UsageError(
            f"{path} has version {version!r:.40} of the format {CLASSES_FORMAT}; this program reads {CLASSES_VERSION}"
        )
    try:
        return class_table(content.get("classes") if isinstance(content, dict) else content)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def write_classes(path: Path, classes: Iterable[PaintClass]) -> None:
    """Write a class table atomically."""
    make_folder(path.parent)
    write_json(path, {"format": CLASSES_FORMAT, "format_version": CLASSES_VERSION, "classes": classes_json(classes)})


def classes_json(classes: Iterable[PaintClass]) -> list[dict[str, Any]]:
    """Give a class table as JSON types: what :func:`class_table` reads."""
    return [{"name": one.name, "colour": list(one.colour)} for one in classes]
