"""``report-record.json``: which files of a report folder the program wrote, and what it learnt of the photos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from storage.errors import DamagedFileError
from storage.exif import ExifRecord
from storage.fingerprints import Fingerprint
from storage.formats.json_file import check_whole, read_versioned_json, write_checked_json
from storage.names import check_name

RECORD_NAME = "report-record.json"
RECORD_FORMAT = "report-record"
RECORD_VERSION = 1
MADE_BY = "python -m tools.make_report (remove its folder first)"  # it reads the file that stands


@dataclass(frozen=True)
class PhotoFacts:
    """What a report knows of a photo.

    Attributes
    ----------
    fingerprint : Fingerprint
        Of the photo file; its sha256 names the pictures.
    width, height : int
        Upright size in pixels.
    exif : ExifRecord
        Position, time, camera.
    """

    fingerprint: Fingerprint
    width: int
    height: int
    exif: ExifRecord

    @property
    def picture(self) -> str:
        """Name of the photo's pictures in the report, without folder."""
        return f"{self.fingerprint.sha256[:20]}.jpg"


@dataclass
class ReportRecord:
    """What stands in a report folder.

    Attributes
    ----------
    is_complete : bool
        False while a run is writing, and after one was killed.
    sides : tuple of int
        Longest sides of small and large pictures, in pixels.
    files : set of str
        POSIX paths, relative to the folder, of everything that was written to it.
    photos : dict of str to PhotoFacts
        By image name.
    sheets : dict of str to str
        Path of a contact sheet to sha256 of what it shows.
    """

    is_complete: bool = False
    sides: tuple[int, int] = (0, 0)
    files: set[str] = field(default_factory=set)
    photos: dict[str, PhotoFacts] = field(default_factory=dict)
    sheets: dict[str, str] = field(default_factory=dict)


def write_record(folder: Path, record: ReportRecord) -> None:
    """Write the record of a report folder, atomically."""
    header = {"format": RECORD_FORMAT, "format_version": RECORD_VERSION}
    content = {
        "is_complete": record.is_complete,
        "sides": list(record.sides),
        "files": sorted(record.files),
        "sheets": {path: record.sheets[path] for path in sorted(record.sheets)},
        "photos": {name: _row(record.photos[name]) for name in sorted(record.photos)},
    }
    write_checked_json(folder / RECORD_NAME, header | content)


def read_record(folder: Path) -> ReportRecord | None:
    """Read the record of a report folder; None when there is none.

    Raises
    ------
    DamagedFileError
        When it is damaged or of a newer version.
    """
    path = folder / RECORD_NAME
    if not path.exists():
        return None
    content = read_versioned_json(path, MADE_BY, RECORD_FORMAT, RECORD_VERSION, names_come_first=True)
    try:
        small, large = map(int, content["sides"])
        record = ReportRecord(
            bool(content["is_complete"]),
            (small, large),
            {check_name(name) for name in content["files"]},
            {check_name(name): _facts(row) for name, row in content["photos"].items()},
            {check_name(path): str(digest) for path, digest in content["sheets"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedFileError(
            f"damaged: {path} has an entry that is not understood ({error!r:.100}); make it again with: {MADE_BY}"
        ) from error
    check_whole(path, content, MADE_BY)
    return record


def _row(facts: PhotoFacts) -> dict[str, Any]:
    return facts.fingerprint.as_row() | {"width": facts.width, "height": facts.height} | {"exif": asdict(facts.exif)}


def _facts(row: Mapping[str, Any]) -> PhotoFacts:
    return PhotoFacts(Fingerprint.of_row(row), int(row["width"]), int(row["height"]), ExifRecord(**row["exif"]))
