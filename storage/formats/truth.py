"""``manifest.csv`` and ``truth.csv``: which photos a query should find. Columns ``query``, ``source``, then others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from storage.errors import StageError
from storage.formats.csv_rows import read_csv_rows
from storage.formats.csv_text import csv_text
from storage.names import check_name
from storage.unchanged import write_if_changed

MANIFEST_NAME = "manifest.csv"
TRUTH_NAME = "truth.csv"
ATTACK_COLUMNS = ("attack", "parameter")
CLASS_COLUMNS = ("class",)
_COLUMNS = ("query", "source")
_HERE = "./"
_QUOTE = "'"
# What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection").
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class TruthRow:
    """One thing that a query should find.

    Attributes
    ----------
    query, source : str
        Image names, each relative to its own image folder. A query that should find several has several rows.
    labels : dict of str to str
        The further columns: ``attack`` and ``parameter``, or ``class``.
    """

    query: str
    source: str
    labels: dict[str, str] = field(default_factory=dict)


def write_truth(path: Path, label_columns: Sequence[str], rows: Iterable[TruthRow]) -> bool:
    """Write truth atomically, sorted by query, unless the file holds just that; say whether it was written.

    No value begins like a formula of a spreadsheet: an image name that would gets ``./`` before it, which names the
    same file, and another value that is no number gets an apostrophe. :func:`read_truth` takes both away.
    """
    ordered = sorted(rows, key=lambda row: (row.query, row.source))
    lines = [
        (_safe_path(row.query), _safe_path(row.source), *(_safe_text(row.labels[name]) for name in label_columns))
        for row in ordered
    ]
    return write_if_changed(path, csv_text((*_COLUMNS, *label_columns), lines).encode())


def read_truth(path: Path) -> list[TruthRow]:
    """Read truth from a CSV file with the columns ``query`` and ``source``, in any order among others.

    Raises
    ------
    StageError
        When the file is missing or no such table, holds no row, or an image name is hostile; the message names the
        line.
    """
    lines = read_csv_rows(path)
    header = next(lines, (1, []))[1]
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        raise StageError(f"{path}, line 1: no column {' and no column '.join(missing)}; the heading must name both")
    rows = []
    for line, values in lines:
        cells = dict(zip(header, values, strict=False))
        try:
            query, source = (check_name(cells.pop(name).replace("\\", "/").removeprefix(_HERE)) for name in _COLUMNS)
        except StageError as error:
            raise StageError(f"{path}, line {line}: {error}") from error
        rows.append(TruthRow(query, source, {name: text.removeprefix(_QUOTE) for name, text in cells.items()}))
    if not rows:
        raise StageError(f"{path} holds no query; each line after the heading is one: query,source")
    return rows


def _safe_path(name: str) -> str:
    return f"{_HERE}{name}" if name.startswith(_FORMULA_STARTS) else name


def _safe_text(text: str) -> str:
    return f"{_QUOTE}{text}" if text.startswith((*_FORMULA_STARTS, _QUOTE)) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
