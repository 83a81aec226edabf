"""Tables as CSV: a value is quoted where it has to be, and never altered."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

_BOTH = "\r\n"


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Give a table as CSV (RFC 4180, with ``\\n`` line ends): a heading line, then a line per row; None is empty.

    A value that a spreadsheet would take for a formula stays what it is: import it as text.
    """
    lines = []
    for row in (columns, *rows):
        line = io.StringIO()
        # Before Python 3.13 only the characters of the line end are quoted, so both are named and cut off again.
        csv.writer(line, lineterminator=_BOTH).writerow(["" if value is None else value for value in row])
        lines.append(line.getvalue().removesuffix(_BOTH) + "\n")
    return "".join(lines)
