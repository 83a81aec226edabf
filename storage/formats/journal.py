"""Journals: what was done in a session, JSON objects, a line each, only ever added to.

Every line is on the disk before what it tells counts as done. A line that a crash cut short is left out when the
journal is opened, so that what was begun and not finished never happened.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from storage.atomic import fsync_folder, make_folder
from storage.errors import DamagedFileError, StageError


class Journal:
    """A journal, open for adding; a subclass says which one.

    Parameters
    ----------
    path : Path
        The file; it is made with the first line that is added.
    heading : mapping of str to Any, optional
        Further fields of the first line, should the file be made.

    Attributes
    ----------
    heading : dict
        The first line.
    lines : list of dict
        What stood in it when it was opened, without the heading.

    Raises
    ------
    DamagedFileError
        When it is another file, of a newer version, or a line of it is damaged.
    StageError
        When it cannot be read.
    """

    format: ClassVar[str]
    version: ClassVar[int]
    called: ClassVar[str]
    kept_elsewhere: ClassVar[str] = ""

    def __init__(self, path: Path, heading: Mapping[str, Any] | None = None) -> None:
        self.path = path
        first = {"format": self.format, "format_version": self.version} | dict(heading or {})
        lines, self._whole = self._read()
        self.heading: dict[str, Any] = lines[0] if lines else first
        self.lines = lines[1:]

    @property
    def has_heading(self) -> bool:
        """Whether its first line is on the disk."""
        return self._whole > 0

    def add(self, line: Mapping[str, Any]) -> None:
        """Add a line and wait until it is on the disk.

        Raises
        ------
        StageError
            When it cannot be written; the journal is as it was.
        """
        text = line_text(line)
        try:
            if not self._whole:
                make_folder(self.path.parent)
                text = line_text(self.heading) + text
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

    def _read(self) -> tuple[list[dict[str, Any]], int]:
        """Give the lines, and the number of bytes that are whole."""
        path = self.path
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return [], 0
        except OSError as error:
            raise StageError(f"cannot read {path}: {error.strerror or error}") from error
        whole = content.rfind(b"\n") + 1
        lines = [self._line(number, text) for number, text in enumerate(content[:whole].splitlines(), 1)]
        if lines and (lines[0].get("format") != self.format or not self._is_known(lines[0].get("format_version"))):
            raise DamagedFileError(
                f"{path} is no journal of {self.called} that this program reads; move it away to begin a new one"
            )
        return lines, whole

    def _is_known(self, version: Any) -> bool:
        return isinstance(version, int) and 1 <= version <= self.version

    def _line(self, number: int, text: bytes) -> dict[str, Any]:
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            line = None
        if not isinstance(line, dict):
            hint = f" ({self.kept_elsewhere})" if self.kept_elsewhere else ""
            raise DamagedFileError(
                f"damaged: {self.path}, line {number} is no JSON object; move the file away to begin a new journal"
                + hint
            )
        return line


def is_begun(path: Path) -> bool:
    """Say whether a journal stands with at least its first line; one that cannot be read is taken for begun."""
    try:
        with open(path, "rb") as file:
            return file.readline().endswith(b"\n")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # it is told when the journal is opened
        return True


def line_text(line: Mapping[str, Any]) -> bytes:
    """Give a line as it stands in a journal: ASCII, so that no character of a name ends it."""
    return (json.dumps(line, ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n").encode("ascii")
