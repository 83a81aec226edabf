"""Reading columns of CSV tables that people and programs write, with errors that name the line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from storage.errors import StageError, UsageError


def read_csv_rows(path: Path, columns: Sequence[str] = (), has_header: bool = True) -> Iterator[tuple[int, list[str]]]:
    """Give line number and values of each line that is not blank; values are kept as they are.

    Parameters
    ----------
    path : Path
        A CSV file in UTF-8, with a byte order mark or without.
    columns : sequence of str
        Names of the wanted columns in the heading line; without a heading line their numbers, from 1. No column
        stands for all, and then the heading line comes first.
    has_header : bool
        Whether the first line names the columns.

    Raises
    ------
    StageError
        When the file is missing or unreadable, a column is missing, or a line is shorter; the message names the line.
    UsageError
        When a column's number is none.
    """
    reader = csv.reader(io.StringIO(_read_text(path), newline=""), strict=True)
    places: list[int] | None = None if has_header else _numbers(columns)
    try:
        for row in reader:
            if not row:
                continue
            if places is None:
                places = _places(path, row, columns)
                if columns:
                    continue
            missing = [place for place in places if place >= len(row)]
            if missing:
                raise StageError(f"{path}, line {reader.line_num}: has {len(row)} values, not {missing[0] + 1} or more")
            yield reader.line_num, [row[place] for place in places]
    except csv.Error as error:
        raise StageError(f"{path}, line {reader.line_num}: not valid CSV ({error})") from error


def _places(path: Path, header: list[str], columns: Sequence[str]) -> list[int]:
    if not columns:
        return list(range(len(header)))
    for name in columns:
        if header.count(name) != 1:
            said = "no column" if name not in header else "more than one column"
            raise StageError(f"{path}, line 1: {said} {name!r}; its columns are {', '.join(map(repr, header))}")
    return [header.index(name) for name in columns]


def _numbers(columns: Sequence[str]) -> list[int]:
    for name in columns:
        if not name.isdecimal() or int(name) < 1:
            raise UsageError(f"column {name!r}: without a heading line columns are numbers, 1 for the first")
    return [int(name) - 1 for name in columns]


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise StageError(f"{path} is missing; give a CSV file") from None
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise StageError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
