"""``.segments/*.json``: what ``tools.segment_images`` made of a photo, a file each; and ``segments.csv`` of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.fingerprints import Fingerprint
from storage.formats.csv_text import csv_text
from storage.formats.photo_records import RecordKind
from storage.names import check_name
from storage.unchanged import write_if_changed

FOLDER = ".segments"
RECORD_FORMAT = "segment-record"
RECORD_VERSION = 1
MADE_BY = "python -m tools.segment_images"
COLUMNS = ("path", "id", "pixels", "share", "left", "top", "width", "height", "red", "green", "blue")


@dataclass(frozen=True)
class SegmentRecord:
    """What was made of one photo.

    Attributes
    ----------
    source : str
        Image name.
    fingerprint : Fingerprint
        Of the photo.
    name : str
        POSIX path of the label image below ``labels``.
    settings : mapping
        All that changes labels: ``method``; ``parameters``, some of which may be ``auto``; ``sizes``, the lengths and
        areas of this photo's segments. JSON types.
    files : mapping of str to Fingerprint
        What was written, by POSIX path below the folder.
    rows : sequence of sequence
        A row of ``segments.csv`` for each segment, without the path.
    """

    source: str
    fingerprint: Fingerprint
    name: str
    settings: Mapping[str, Any]
    files: Mapping[str, Fingerprint]
    rows: Sequence[Sequence[int | float]]


def write_segment_record(folder: Path, record: SegmentRecord) -> None:
    """Write the record of a photo to ``folder/.segments``, atomically."""
    files = {path: found.as_row() for path, found in sorted(record.files.items())}
    content = {"name": record.name} | record.fingerprint.as_row() | {"settings": dict(record.settings)}
    KIND.write(folder, record.source, content | {"files": files, "rows": [list(row) for row in record.rows]})


def read_segment_records(folder: Path) -> dict[str, SegmentRecord]:
    """Read all records below ``folder``; see :meth:`storage.formats.photo_records.RecordKind.read_all`."""
    return KIND.read_all(folder)


def write_segments_table(path: Path, records: Iterable[SegmentRecord]) -> bool:
    """Write ``segments.csv``, a line per segment, photos in the order given; say whether it changed."""
    rows = ((record.source, *row) for record in records for row in record.rows)
    return write_if_changed(path, csv_text(COLUMNS, rows).encode())


def _parsed(content: Mapping[str, Any]) -> SegmentRecord:
    rows = [_row(row) for row in content["rows"]]
    files = {check_name(name): Fingerprint.of_row(row) for name, row in content["files"].items()}
    source, name = check_name(content["source"]), check_name(content["name"])
    return SegmentRecord(source, Fingerprint.of_row(content), name, dict(content["settings"]), files, rows)


def _row(row: Any) -> list[int | float]:
    if len(row) != len(COLUMNS) - 1 or not all(type(value) in (int, float) for value in row):
        raise ValueError(f"row {row!r:.60}")
    return list(row)


KIND = RecordKind(FOLDER, RECORD_FORMAT, RECORD_VERSION, MADE_BY, _parsed)
