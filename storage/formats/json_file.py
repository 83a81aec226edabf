"""Reading JSON files of the project with errors that say what is wrong and which command makes the file."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from storage.errors import DamagedFileError, StageError


def read_json(path: Path, made_by: str) -> Any:
    """Read a JSON file.

    Parameters
    ----------
    path : Path
        The file.
    made_by : str
        The command that makes it, for the message.

    Raises
    ------
    StageError
        When there is no such file, or it cannot be opened.
    DamagedFileError
        When it is not valid UTF-8 JSON, a key stands twice in one object, or a number is beyond all floats.
    """
    content = read_stage_input(path, made_by)
    try:
        return json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_unique_keys,
            parse_float=_finite,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"damaged: {path} is not valid JSON ({error}); make it again with: {made_by}") from error


def read_versioned_json(path: Path, made_by: str, file_format: str, version: int) -> dict[str, Any]:
    """Read a JSON object that names its format and version; see :func:`read_json` for the errors."""
    content = read_json(path, made_by)
    if not isinstance(content, dict) or content.get("format") != file_format:
        raise DamagedFileError(f"damaged: {path} is no {file_format} file; make it again with: {made_by}")
    found = content.get("format_version")
    if not isinstance(found, int) or not 1 <= found <= version:
        raise DamagedFileError(
            f"{path} has version {found!r:.40} of the format {file_format}; this program reads versions 1 to "
            f"{version}: it was made by a newer release, or is damaged"
        )
    return content


def read_stage_input(path: Path, made_by: str) -> bytes:
    """Read a whole file that an earlier stage wrote."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise StageError(f"{path} is missing; make it with: {made_by}") from None
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error


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
