"""``.attacks/*.json``: what ``tools.make_attacks`` made of a photo, one file a photo, so that it knows its own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.atomic import write_json
from storage.errors import DamagedFileError, StageError
from storage.fingerprints import Fingerprint
from storage.folders import paths_in
from storage.formats.json_file import read_versioned_json
from storage.names import check_name

FOLDER = ".attacks"
RECORD_FORMAT = "attack-record"
RECORD_VERSION = 1
MADE_BY = "python -m tools.make_attacks"
_DIGITS = 32


@dataclass(frozen=True)
class AttackedCopy:
    """One query that was made: family and parameter of its attack, and the file's fingerprint."""

    family: str
    parameter: float
    fingerprint: Fingerprint


@dataclass(frozen=True)
class AttackRecord:
    """What was made of one photo.

    Attributes
    ----------
    source : str
        Image name.
    fingerprint : Fingerprint
        Of the photo that the queries were made of.
    stem : str
        What the image names of its queries begin with; ``_ID.ENDING`` follows.
    settings : dict
        ``seed``, ``format``, and ``font`` (SHA-256 of the font file, empty for Pillow's).
    copies : dict of str to AttackedCopy
        By id of the attack.
    """

    source: str
    fingerprint: Fingerprint
    stem: str
    settings: Mapping[str, Any]
    copies: Mapping[str, AttackedCopy] = field(default_factory=dict)


def write_record(folder: Path, record: AttackRecord) -> None:
    """Write the record of a photo to ``folder/.attacks``, atomically."""
    header = {"format": RECORD_FORMAT, "format_version": RECORD_VERSION, "source": record.source, "stem": record.stem}
    copies = {
        attack_id: {"family": copy.family, "parameter": copy.parameter} | _as_row(copy.fingerprint)
        for attack_id, copy in sorted(record.copies.items())
    }
    content = header | _as_row(record.fingerprint) | {"settings": dict(record.settings), "copies": copies}
    write_json(record_path(folder, record.source), content)


def record_path(folder: Path, source: str) -> Path:
    """Give where the record of a photo stands."""
    return folder / FOLDER / f"{hashlib.sha256(source.encode()).hexdigest()[:_DIGITS]}.json"


def read_records(folder: Path) -> dict[str, AttackRecord]:
    """Read all records below ``folder`` by image name, sorted.

    Raises
    ------
    StageError
        When a name in one is hostile.
    DamagedFileError
        When one is no record, of an unknown version, or incomplete.
    """
    records = [_read_record(path) for path in paths_in(folder / FOLDER, "*.json")]
    return {record.source: record for record in sorted(records, key=lambda record: record.source)}


def _read_record(path: Path) -> AttackRecord:
    content = read_versioned_json(path, MADE_BY, RECORD_FORMAT, RECORD_VERSION)
    try:
        copies = {
            str(attack_id): AttackedCopy(str(row["family"]), float(row["parameter"]), _fingerprint(row))
            for attack_id, row in content["copies"].items()
        }
        source, stem = check_name(content["source"]), check_name(content["stem"])
        return AttackRecord(source, _fingerprint(content), stem, dict(content["settings"]), copies)
    except StageError as error:
        raise StageError(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedFileError(f"damaged: {path} ({error!r:.100}); delete it and run {MADE_BY} again") from error


def _as_row(found: Fingerprint) -> dict[str, Any]:
    return {"size": found.size, "mtime_ns": found.mtime_ns, "sha256": found.sha256}


def _fingerprint(row: Mapping[str, Any]) -> Fingerprint:
    if type(row["size"]) is not int or type(row["mtime_ns"]) is not int:
        raise ValueError(f"size {row['size']!r}, mtime_ns {row['mtime_ns']!r}")
    return Fingerprint(row["size"], row["mtime_ns"], str(row["sha256"]))
