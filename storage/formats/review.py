"""``review.jsonl``: what was done in the review, a line each, only ever added to.

Every line is on the disk before the action counts as done. A line that a crash cut short is left out when the journal
is opened, so that what was begun and not finished never happened.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storage.atomic import fsync_folder, make_folder, write_bytes
from storage.errors import DamagedFileError, StageError

REVIEW_NAME = "review.jsonl"
REVIEW_FORMAT = "review-journal"
REVIEW_VERSION = 1


class ReviewJournal:
    """The journal of a results folder, open for adding.

    Parameters
    ----------
    path : Path
        The file; it is made with the first line that is added.

    Attributes
    ----------
    lines : list of dict
        What stood in it when it was opened, without the heading.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines, self._whole, self._has_tail = _read(path)

    def add(self, line: Mapping[str, Any]) -> None:
        """Add a line and wait until it is on the disk.

        Raises
        ------
        StageError
            When it cannot be written; the journal is as it was.
        """
        text = _text(line)
        try:
            if not self._whole:
                make_folder(self.path.parent)
                text = _text({"format": REVIEW_FORMAT, "format_version": REVIEW_VERSION}) + text
            with open(self.path, "ab" if self._whole else "wb") as file:
                file.truncate(self._whole)  # what a crash cut short, or a full disk
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            if not self._whole:
                fsync_folder(self.path.parent)
        except OSError as error:
            raise StageError(f"cannot write {self.path}: {error.strerror or error}") from error
        self._whole += len(text)


def write_review_journal(path: Path, lines: list[Mapping[str, Any]]) -> None:
    """Write a whole journal, atomically; for tests and for programs that carry a review over."""
    heading = {"format": REVIEW_FORMAT, "format_version": REVIEW_VERSION}
    write_bytes(path, b"".join(map(_text, [heading, *lines])))


def _text(line: Mapping[str, Any]) -> bytes:
    return (json.dumps(line, ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n").encode("ascii")


def _read(path: Path) -> tuple[list[dict[str, Any]], int, bool]:
    """Give the lines, the number of bytes that are whole, and whether something stands behind them."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return [], 0, False
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error
    whole = content.rfind(b"\n") + 1
    lines = [_line(path, number, text) for number, text in enumerate(content[:whole].splitlines(), 1)]
    if lines and (lines[0].get("format") != REVIEW_FORMAT or not _is_known(lines[0].get("format_version"))):
        raise DamagedFileError(
            f"{path} is no journal of the review that this program reads; move it away to begin a new one"
        )
    return lines[1:], whole, whole < len(content)


def _is_known(version: Any) -> bool:
    return isinstance(version, int) and 1 <= version <= REVIEW_VERSION


def _line(path: Path, number: int, text: bytes) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        line = None
    if not isinstance(line, dict):
        raise DamagedFileError(
            f"damaged: {path}, line {number} is no JSON object; move the file away to begin a new journal "
            "(decisions.json keeps what was decided)"
        )
    return line
