"""The table of the full campaigns: one row for each, with the day and the commit of its last full run."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

HEAD = """# Campaigns at their full counts

`python -m pytest tests/reliability --full` tries each and writes this table; a row keeps the day and the commit of the
run that it stands for.

| campaign | attempts | failures | figures | seconds | date | commit |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Row:
    """One campaign of the table; all values as they stand in it."""

    campaign: str
    attempts: str
    failures: str
    figures: str
    seconds: str
    day: str
    commit: str

    def line(self) -> str:
        """Give the line of the table."""
        return f"| {' | '.join(astuple(self))} |"


def read_rows(text: str) -> dict[str, Row]:
    """Give the rows of a table, by campaign."""
    lines = [line for line in text.splitlines() if re.match(r"\| R\d", line)]
    rows = [Row(*(cell.strip() for cell in line.strip("|").split("|"))) for line in lines]
    return {row.campaign: row for row in rows}


def table(rows: Iterable[Row]) -> str:
    """Give the table, in the order of the campaigns' numbers."""

    def place(row: Row) -> tuple[int, str]:
        number = re.match(r"R(\d+)", row.campaign)
        assert number is not None, row.campaign
        return int(number[1]), row.campaign

    return HEAD + "".join(f"{row.line()}\n" for row in sorted(rows, key=place))


def commit_under_test(root: Path, table: Path) -> str:
    """Give the commit whose files are tested, marked when they were changed since; the table itself does not count."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{table.relative_to(root).as_posix()}")
    commit = git("describe", "--always")
    return f"{commit}{'-dirty' if changed else ''}" or "unknown"


def update(path: Path, new: Iterable[Row]) -> None:
    """Put rows into the table of a file; rows of other campaigns stay."""
    rows = read_rows(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(table((rows | {row.campaign: row for row in new}).values()), encoding="utf-8")
