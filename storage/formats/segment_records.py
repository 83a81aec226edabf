"""``.segments/*.json``: what ``tools.segment_images`` made of a photo, a file each; and ``segments.csv`` of all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from storage.atomic import write_json
from storage.errors import DamagedFileError, StageError
from storage.fingerprints import Fingerprint
from storage.formats.csv_text import csv_text
from storage.formats.json_file import read_versioned_json
from storage.names import check_name
from storage.unchanged import write_if_changed

FOLDER = ".segments"
RECORD_FORMAT = "segment-record"
RECORD_VERSION = 1
MADE_BY = "python -m tools.segment_images"
COLUMNS = ("path", "id", "pixels", "share", "left", "top", "width", "height", "red", "green", "blue")
_DIGITS = 32


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
        All that changes labels: ``method``, ``parameters``, JSON types.
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
    header = {"format": RECORD_FORMAT, "format_version": RECORD_VERSION, "source": record.source, "name": record.name}
    files = {path: asdict(found) for path, found in sorted(record.files.items())}
    content = header | asdict(record.fingerprint) | {"settings": dict(record.settings), "files": files}
    write_json(record_path(folder, record.source), content | {"rows": [list(row) for row in record.rows]})


def record_path(folder: Path, source: str) -> Path:
    """Give where the record of a photo stands."""
    return folder / FOLDER / f"{hashlib.sha256(source.encode()).hexdigest()[:_DIGITS]}.json"


def read_segment_records(folder: Path) -> dict[str, SegmentRecord]:
    """Read all records below ``folder`` by image name, sorted.

    Raises
    ------
    StageError
        When a name in one is hostile.
    DamagedFileError
        When one is no record, of an unknown version, or incomplete.
    """
    records = [_read(path) for path in sorted((folder / FOLDER).glob("*.json"))]
    return {record.source: record for record in sorted(records, key=lambda record: record.source)}


def write_segments_table(path: Path, records: Iterable[SegmentRecord]) -> bool:
    """Write ``segments.csv``, a line per segment, photos in the order given; say whether it changed."""
    rows = ((record.source, *row) for record in records for row in record.rows)
    return write_if_changed(path, csv_text(COLUMNS, rows).encode())


def _read(path: Path) -> SegmentRecord:
    content = read_versioned_json(path, MADE_BY, RECORD_FORMAT, RECORD_VERSION)
    try:
        rows = [_row(row) for row in content["rows"]]
        files = {check_name(name): _fingerprint(row) for name, row in content["files"].items()}
        source, name = check_name(content["source"]), check_name(content["name"])
        return SegmentRecord(source, _fingerprint(content), name, dict(content["settings"]), files, rows)
    except StageError as error:
        raise StageError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedFileError(f"damaged: {path} ({error!r:.100}); delete it and run {MADE_BY} again") from error


def _row(row: Any) -> list[int | float]:
    if len(row) != len(COLUMNS) - 1 or not all(type(value) in (int, float) for value in row):
        raise ValueError(f"row {row!r:.60}")
    return list(row)


def _fingerprint(row: Mapping[str, Any]) -> Fingerprint:
    if type(row["size"]) is not int or type(row["mtime_ns"]) is not int:
        raise ValueError(f"size {row['size']!r}, mtime_ns {row['mtime_ns']!r}")
    return Fingerprint(row["size"], row["mtime_ns"], str(row["sha256"]))
