"""Large JSON files, written part by part: what is written is not held in memory as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.atomic import atomic_path

LINE_DEPTH = 4  # what lies deeper stands on the line of what it is a part of
PARTS_AT_ONCE = 4096
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


@dataclass(frozen=True)
class Members:
    """A JSON object whose members are made while it is written.

    Attributes
    ----------
    entries : iterable of (str, Any)
        Keys, each once, and values.
    """

    entries: Iterable[tuple[str, Any]]


def write_json_stream(target: Path, content: Mapping[str, Any]) -> None:
    """Write an object as indented UTF-8 JSON, atomically, without ever holding the text.

    Parameters
    ----------
    target : Path
        The file.
    content : Mapping
        Its members in order. A value may be :class:`Members`, or an iterator, which becomes a list.

    Raises
    ------
    ValueError
        When a number is NaN or infinite.
    """
    with atomic_path(target) as temporary, open(temporary, "xb") as file:
        for text in _joined(_object(content.items(), 0)):
            file.write(text.encode("utf-8"))
        file.write(b"\n")


def _joined(parts: Iterator[str]) -> Iterator[str]:
    """Join many short texts to few long ones."""
    gathered: list[str] = []
    for part in parts:
        gathered.append(part)
        if len(gathered) == PARTS_AT_ONCE:
            yield "".join(gathered)
            gathered.clear()
    yield "".join(gathered)


def _object(entries: Iterable[tuple[str, Any]], depth: int) -> Iterator[str]:
    start = "{\n" + " " * (depth + 1)
    for key, value in entries:
        yield f"{start}{_encode(key)}: "
        yield from _parts(value, depth + 1)
        start = ",\n" + " " * (depth + 1)
    yield "{}" if start[0] == "{" else "\n" + " " * depth + "}"


def _list(values: Iterable[Any], depth: int) -> Iterator[str]:
    start = "[\n" + " " * (depth + 1)
    for value in values:
        yield start
        yield from _parts(value, depth + 1)
        start = ",\n" + " " * (depth + 1)
    yield "[]" if start[0] == "[" else "\n" + " " * depth + "]"


def _parts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, Members):
        return _object(value.entries, depth)
    if isinstance(value, Iterator):
        return _list(value, depth)
    return iter((_indented(value, depth),))


def _indented(value: Any, depth: int) -> str:
    """Give the text of a value; like ``json.dumps(value, indent=1)`` down to ``LINE_DEPTH``, but far faster."""
    is_object = isinstance(value, dict)
    if not value or depth >= LINE_DEPTH or not (is_object or isinstance(value, (list, tuple))):
        return _encode(value)
    if is_object:
        texts = [f"{_encode(key)}: {_indented(member, depth + 1)}" for key, member in value.items()]
    else:
        texts = [_indented(member, depth + 1) for member in value]
    edge, margin = "{}" if is_object else "[]", "\n" + " " * depth
    return f"{edge[0]}{margin} {f',{margin} '.join(texts)}{margin}{edge[1]}"
