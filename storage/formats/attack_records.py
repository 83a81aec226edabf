"""``.attacks/*.json``: what ``tools.make_attacks`` made of a photo, one file a photo, so that it knows its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.fingerprints import Fingerprint
from storage.formats.photo_records import RecordKind
from storage.names import check_name

FOLDER = ".attacks"
RECORD_FORMAT = "attack-record"
RECORD_VERSION = 1
MADE_BY = "python -m tools.make_attacks"


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
    copies = {
        attack_id: {"family": copy.family, "parameter": copy.parameter} | copy.fingerprint.as_row()
        for attack_id, copy in sorted(record.copies.items())
    }
    content = {"stem": record.stem} | record.fingerprint.as_row()
    KIND.write(folder, record.source, content | {"settings": dict(record.settings), "copies": copies})


def read_records(folder: Path) -> dict[str, AttackRecord]:
    """Read all records below ``folder``; see :meth:`storage.formats.photo_records.RecordKind.read_all`."""
    return KIND.read_all(folder)


def _parsed(content: Mapping[str, Any]) -> AttackRecord:
    copies = {
        str(attack_id): AttackedCopy(str(row["family"]), float(row["parameter"]), Fingerprint.of_row(row))
        for attack_id, row in content["copies"].items()
    }
    source, stem = check_name(content["source"]), check_name(content["stem"])
    return AttackRecord(source, Fingerprint.of_row(content), stem, dict(content["settings"]), copies)


KIND = RecordKind(FOLDER, RECORD_FORMAT, RECORD_VERSION, MADE_BY, _parsed)
