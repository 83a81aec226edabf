"""Large JSON files, written part by part: what is written is not held in memory as a whole.

The last member is the SHA-256 of all bytes before it. Line ends, blanks and the spelling of letters may have been
changed since, as editors and git do: it counts what the program would write of the same content.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

from storage.atomic import atomic_path
from storage.formats.json_file import CHECKSUM_KEY, check_whole, parts_of_stage_input, read_json

_CHECKSUM_START = f',\n "{CHECKSUM_KEY}": "'.encode("ascii")
LINE_DEPTH = 4  # what lies deeper stands on the line of what it is a part of
PARTS_AT_ONCE = 4096
_encode_any = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_encode_lines = json.JSONEncoder(ensure_ascii=False, separators=("\n", ": ")).encode


@dataclass(frozen=True)
class Members:
    """A JSON object whose members are made while it is written.

    Attributes
    ----------
    entries : iterable of (str, Any)
        Keys, each once, and values.
    """

    entries: Iterable[tuple[str, Any]]


@dataclass(frozen=True)
class EncodedList:
    """A JSON list whose items are JSON text already, each of one line: for items by the million.

    Attributes
    ----------
    texts : sequence of str
        The items, as ``json.dumps`` with ``ensure_ascii=False`` gives them.
    """

    texts: Sequence[str]


def encode_strings(strings: Sequence[str]) -> list[str]:
    """Give the JSON text of many strings, all at once: a call for each takes five times as long."""
    # a line break within a string is escaped, so those that are left stand between two
    return _encode_lines(strings)[1:-1].split("\n") if strings else []


def write_json_stream(target: Path, content: Mapping[str, Any]) -> None:
    """Write an object as indented UTF-8 JSON with its checksum, atomically, without ever holding the text.

    Parameters
    ----------
    target : Path
        The file.
    content : Mapping
        Its members in order, one or more. A value may be :class:`Members`, or an iterator, which becomes a list; within
        these and within plain values down to ``LINE_DEPTH`` it may be :class:`EncodedList`.

    Raises
    ------
    ValueError
        When a number is NaN or infinite.
    """
    with atomic_path(target) as temporary, open(temporary, "xb") as file:
        total = hashlib.sha256()
        for encoded in _encoded(content):
            total.update(encoded)
            file.write(encoded)
        file.write(_CHECKSUM_START + _ending(total.hexdigest()))


def begins_with(path: Path, content: Mapping[str, Any]) -> bool:
    """Say whether a file begins as :func:`write_json_stream` writes these members before others; the rest is not read.

    False also for a file that cannot be read, or was laid out anew: reading the whole of it tells.
    """
    expected = b"".join(_encoded(content)) + b","
    try:
        with open(path, "rb") as file:
            return file.read(len(expected)) == expected
    except OSError:
        return False


def check_json_stream(path: Path, content: Mapping[str, Any], made_by: str) -> None:
    """Do what :func:`storage.formats.json_file.check_whole` does for a file of :func:`write_json_stream`.

    Of ``content`` only the checksum is looked at: its large members may have been taken out.
    """
    if CHECKSUM_KEY in content and not _is_as_written(path, made_by):
        check_whole(path, read_json(path, made_by), made_by, _checksum)


def _checksum(content: Mapping[str, Any]) -> str:
    total = hashlib.sha256()
    for encoded in _encoded(content, "surrogatepass"):  # halves of letters can be read, though none are written
        total.update(encoded)
    return total.hexdigest()


def _is_as_written(path: Path, made_by: str) -> bool:
    """Say whether the checksum is that of the very bytes before it, which is known without encoding them again."""
    total, last = hashlib.sha256(), b""
    length = len(_CHECKSUM_START + _ending(total.hexdigest()))
    for part in parts_of_stage_input(path, made_by):
        last += part
        total.update(memoryview(last)[:-length])
        last = last[-length:]
    return last == _CHECKSUM_START + _ending(total.hexdigest())


def _ending(digest: str) -> bytes:
    return f'{digest}"\n}}\n'.encode("ascii")


def _encoded(content: Mapping[str, Any], errors: str = "strict") -> Iterator[bytes]:
    """Give the text of an object without its end, in few long parts."""
    return (text.encode("utf-8", errors) for text in _joined(_members(content.items(), 0)))


def _joined(parts: Iterator[str]) -> Iterator[str]:
    """Join many short texts to few long ones."""
    gathered: list[str] = []
    for part in parts:
        gathered.append(part)
        if len(gathered) == PARTS_AT_ONCE:
            yield "".join(gathered)
            gathered.clear()
    yield "".join(gathered)


def _members(entries: Iterable[tuple[str, Any]], depth: int) -> Iterator[str]:
    """Give an object without its end."""
    start = "{\n" + " " * (depth + 1)
    for key, value in entries:
        yield f"{start}{_encode(key)}: "
        yield from _parts(value, depth + 1)
        start = ",\n" + " " * (depth + 1)


def _object(entries: Iterable[tuple[str, Any]], depth: int) -> Iterator[str]:
    is_empty = True
    for part in _members(entries, depth):
        is_empty = False
        yield part
    yield "{}" if is_empty else "\n" + " " * depth + "}"


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


def _encode(value: Any) -> str:
    """Give the text of a value on one line; most are numbers or texts, and need no look at what they consist of."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int or (kind is float and math.isfinite(value)):
        return repr(value)
    return "null" if value is None else _encode_any(value)


def _indented(value: Any, depth: int) -> str:
    """Give the text of a value; like ``json.dumps(value, indent=1)`` down to ``LINE_DEPTH``, but far faster."""
    kind = type(value)
    if kind is str or kind is int or kind is float:
        return _encode(value)
    if kind is EncodedList:
        return _framed("[]", value.texts, depth) if value.texts else "[]"
    if not value or depth >= LINE_DEPTH or kind not in (dict, list, tuple):
        return _encode(value)
    if kind is dict:
        texts = [f"{_encode(key)}: {_indented(member, depth + 1)}" for key, member in value.items()]
        return _framed("{}", texts, depth)
    return _framed("[]", [_indented(member, depth + 1) for member in value], depth)


def _framed(frame: str, texts: Sequence[str], depth: int) -> str:
    margin = "\n" + " " * depth
    return f"{frame[0]}{margin} {f',{margin} '.join(texts)}{margin}{frame[1]}"
