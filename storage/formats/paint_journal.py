"""``actions.jsonl``: all that was painted on one photo, a line for each request of the painting page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.errors import DamagedFileError, UsageError
from storage.formats.journal import Journal
from storage.formats.paint_script import check_paint_script

PAINT_JOURNAL_NAME = "actions.jsonl"
PAINT_JOURNAL_FORMAT = "paint-journal"
PAINT_JOURNAL_VERSION = 1
Check = tuple[int, int]


@dataclass(frozen=True)
class PaintStart:
    """What a journal begins with.

    Image name, upright size in pixels, file of the first label image beside it, SHA-256 of the photo's file (empty in
    journals that were begun before it was kept).
    """

    photo: str
    width: int
    height: int
    labels: str
    sha256: str = ""


@dataclass
class PaintLog:
    """What a journal tells.

    Attributes
    ----------
    actions : list of dict
        All actions, as in a paint script.
    painted : int
        Painted pixels after them.
    check : tuple of int, or None
        Of the canvas after them; None for none.
    saved_check : tuple of int, or None
        Of the canvas whose masks were saved last; None before.
    """

    actions: list[dict[str, Any]] = field(default_factory=list)
    painted: int = 0
    check: Check | None = None
    saved_check: Check | None = None

    @property
    def is_saved(self) -> bool:
        """Whether the masks on the disk are those of the canvas: its paint is that of the last saving."""
        paint = 0 if self.check is None else self.check[0]
        return paint == (0 if self.saved_check is None else self.saved_check[0])


class PaintJournal(Journal):
    """The journal of a photo, open for adding.

    Attributes
    ----------
    start : PaintStart or None
        What it begins with; None while it is neither made nor begun.
    log : PaintLog
        What it tells, all that was added included.
    """

    format = PAINT_JOURNAL_FORMAT
    version = PAINT_JOURNAL_VERSION
    called = "painting"
    kept_elsewhere = "masks that were saved are not touched"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.log = PaintLog()
        self.start: PaintStart | None = None
        if not self.has_heading:
            return
        try:
            self.start = PaintStart(
                **{name: self.heading[name] for name in ("photo", "width", "height", "labels")},
                sha256=str(self.heading.get("sha256", "")),
            )
            for line in self.lines:
                _take(self.log, line)
        except (KeyError, TypeError, ValueError, UsageError) as error:
            raise DamagedFileError(
                f"damaged: {path} holds what is not understood ({error!s:.100}); move its folder away to begin anew "
                f"({self.kept_elsewhere})"
            ) from error
        self.lines = []  # the log holds them

    def begin(self, start: PaintStart) -> None:
        """Say what it begins with, before the first line is added."""
        self.start = start
        self.heading |= {name: value for name, value in vars(start).items() if value != ""}

    def add_actions(self, actions: Sequence[dict[str, Any]], painted: int, check: Check) -> None:
        """Add what was done in one request, all of it or nothing; StageError when it cannot be written."""
        self._put({"actions": list(actions), "painted": painted, "check": list(check)})

    def add_saved(self, check: Check) -> None:
        """Add that the masks of the canvas as it is were saved."""
        self._put({"saved": list(check)})

    def _put(self, line: dict[str, Any]) -> None:
        self.add(line)
        _take(self.log, line)


def _take(log: PaintLog, line: dict[str, Any]) -> None:
    if "saved" in line:
        log.saved_check = _check(line["saved"])
        return
    log.actions += check_paint_script({"actions": line["actions"]}).actions
    log.painted, log.check = int(line["painted"]), _check(line["check"])


def _check(value: Any) -> Check:
    paint, labels = value
    return int(paint), int(labels)
