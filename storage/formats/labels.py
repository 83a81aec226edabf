"""``labels.csv``: which photo shows which building, as a person said. Two columns, ``path`` and ``building``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from storage.errors import StageError

COLUMNS = ("path", "building")
SINGLE_LABEL = "single"


def read_labels(path: Path) -> dict[str, str]:
    """Read the labels of photos.

    Further columns are allowed, in any order, and blank lines; a byte order mark at the start is skipped. The building
    ``single`` means that the photo is the only one of its building.

    Parameters
    ----------
    path : Path
        A CSV file in UTF-8 with a header line.

    Returns
    -------
    dict of str to str
        Photo path, with forward slashes, to building; in the order of the file.

    Raises
    ------
    StageError
        When the file is missing or unreadable, a column is missing, a line has no path or no building, a photo has two
        buildings, or there is no label at all; the message names the line.
    """
    labels: dict[str, str] = {}
    lines: dict[str, int] = {}
    for line, photo, building in _rows(path):
        if labels.setdefault(photo, building) != building:
            raise StageError(
                f"{path}, line {line}: {photo!r} is labelled {building!r} here but {labels[photo]!r} in line "
                f"{lines[photo]}; keep one of them"
            )
        lines.setdefault(photo, line)
    if not labels:
        raise StageError(f"{path} holds no label; each line after the header is one photo: path,building")
    return labels


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Give line number, photo path and building of each line that is not blank."""
    reader = csv.DictReader(io.StringIO(_read_text(path), newline=""), strict=True)
    try:
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise StageError(
                f"{path}, line 1: no column {' and no column '.join(missing)}; the header must name {','.join(COLUMNS)}"
            )
        for row in reader:
            photo, building = ((row[name] or "").strip() for name in COLUMNS)
            if not photo or not building:
                raise StageError(
                    f"{path}, line {reader.line_num}: no {'building' if photo else 'path'}; give both, path,building"
                )
            yield reader.line_num, photo.replace("\\", "/").removeprefix("./"), building
    except csv.Error as error:
        # the reader counts the lines of whole rows: the bad one begins after them
        raise StageError(f"{path}, line {reader.line_num + 1}: not valid CSV ({error})") from error


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise StageError(f"{path} is missing; give a CSV file with the columns {','.join(COLUMNS)}") from None
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise StageError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
