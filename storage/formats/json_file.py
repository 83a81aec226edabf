"""JSON files of the project: checked content, errors that say what is wrong and which command makes the file.

A file that the program writes for itself carries the SHA-256 of its content, so that one altered byte does not pass for
another value. One without it, of an earlier version or written by a person, is taken as it is.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from storage.atomic import write_json
from storage.errors import DamagedFileError, StageError, UnreadableFileError

BYTES_AT_ONCE = 1 << 20
CHECKSUM_KEY = "checksum"


def write_checked_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write an object as :func:`storage.atomic.write_json` does, with the checksum of its content as last member."""
    write_json(path, with_checksum(content))


def with_checksum(content: Mapping[str, Any]) -> dict[str, Any]:
    """Give an object with the checksum of its content as last member."""
    rest = _rest(content)
    return {**rest, CHECKSUM_KEY: _checksum(rest)}


def _rest(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key != CHECKSUM_KEY}


def _checksum(content: Mapping[str, Any]) -> str:
    """Give the SHA-256 of an object, whatever its blanks and line breaks."""
    return hashlib.sha256(json.dumps(content, allow_nan=False).encode("ascii")).hexdigest()


def check_whole(
    path: Path, content: Mapping[str, Any], made_by: str, checksum: Callable[[Mapping[str, Any]], str] = _checksum
) -> None:
    """Compare what was read with the checksum in it.

    Parameters
    ----------
    path : Path
        The file, for the message.
    content : Mapping
        What stands in it.
    made_by : str
        As for :func:`read_json`.
    checksum : callable
        Gives that of an object; by default that of :func:`write_checked_json`.

    Raises
    ------
    DamagedFileError
        When there is one that does not agree.
    """
    if CHECKSUM_KEY in content and content[CHECKSUM_KEY] != checksum(_rest(content)):
        raise DamagedFileError(
            f"damaged: {path} (its checksum does not agree); make it again with: {made_by} "
            f'(or take its line "{CHECKSUM_KEY}", and the comma before it, out if you edited it on purpose)'
        )


def read_json(path: Path, made_by: str, made_of: Callable[[dict[str, Any]], Any] = lambda row: row) -> Any:
    """Read a JSON file.

    Parameters
    ----------
    path : Path
        The file.
    made_by : str
        The command that makes it, for the message; and what is to be moved away first, where that command reads the
        file that stands.
    made_of : callable
        Gives what is to stand in the place of each object, inner ones first: as dictionaries many take much memory.

    Raises
    ------
    StageError
        When there is no such file.
    UnreadableFileError
        When it cannot be read at the moment.
    DamagedFileError
        When it is not valid UTF-8 JSON, a key stands twice in one object, or a number is beyond all floats.
    """
    try:
        return json.loads(
            read_stage_input(path, made_by).decode("utf-8"),
            object_pairs_hook=lambda pairs: made_of(_unique_keys(pairs)),
            parse_float=_finite,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"damaged: {path} is not valid JSON ({error}); make it again with: {made_by}") from error


def read_versioned_json(
    path: Path,
    made_by: str,
    file_format: str,
    version: int,
    *,
    names_come_first: bool = False,
    made_of: Callable[[dict[str, Any]], Any] = lambda row: row,
) -> dict[str, Any]:
    """Read a JSON object that names its format and version; errors as :func:`read_json` and :func:`check_whole`.

    With ``names_come_first`` the caller calls :func:`check_whole`, once it has looked at the image names: a hostile one
    is to be named.
    """
    content = read_json(path, made_by, made_of)
    if not isinstance(content, dict) or content.get("format") != file_format:
        raise DamagedFileError(f"damaged: {path} is no {file_format} file; make it again with: {made_by}")
    found = content.get("format_version")
    if not isinstance(found, int) or not 1 <= found <= version:
        raise DamagedFileError(
            f"{path} has version {found!r:.40} of the format {file_format}; this program reads versions 1 to "
            f"{version}: it was made by a newer release, or is damaged"
        )
    if not names_come_first:
        check_whole(path, content, made_by)
    return content


def read_stage_input(path: Path, made_by: str) -> bytes:
    """Read a whole file that an earlier stage wrote."""
    with _errors_told(path, made_by):
        return path.read_bytes()


def parts_of_stage_input(path: Path, made_by: str) -> Iterator[bytes]:
    """Give what :func:`read_stage_input` reads, part by part."""
    with _errors_told(path, made_by), open(path, "rb") as file:
        while part := file.read(BYTES_AT_ONCE):
            yield part


@contextmanager
def _errors_told(path: Path, made_by: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise StageError(f"{path} is missing; make it with: {made_by}") from None
    except OSError as error:
        raise UnreadableFileError(f"cannot read {path}: {error.strerror or error}") from error


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return result


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text:.40} is beyond all numbers")
    return number


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")
