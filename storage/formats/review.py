"""``review.jsonl``: what was done in the review, a line each, only ever added to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storage.atomic import write_bytes
from storage.formats.journal import Journal, line_text

REVIEW_NAME = "review.jsonl"
REVIEW_FORMAT = "review-journal"
REVIEW_VERSION = 1


class ReviewJournal(Journal):
    """The journal of a results folder, open for adding."""

    format = REVIEW_FORMAT
    version = REVIEW_VERSION
    called = "the review"
    kept_elsewhere = "decisions.json keeps what was decided"


def write_review_journal(path: Path, lines: list[Mapping[str, Any]]) -> None:
    """Write a whole journal, atomically; for tests and for programs that carry a review over."""
    heading = {"format": REVIEW_FORMAT, "format_version": REVIEW_VERSION}
    write_bytes(path, b"".join(map(line_text, [heading, *lines])))
