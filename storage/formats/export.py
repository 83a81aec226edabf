"""``export.json``: which photo stands where in ``building_images``, so that the next export knows what is its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.errors import DamagedFileError
from storage.fingerprints import Fingerprint
from storage.formats.json_file import read_versioned_json
from storage.formats.json_stream import check_json_stream, write_json_stream
from storage.formats.manifest import MODES
from storage.names import check_name

EXPORT_NAME = "export.json"
EXPORT_FORMAT = "export"
EXPORT_VERSION = 1
MADE_BY = "python export_clusters.py (move it and building_images away first)"  # it reads the file that stands

_TOKEN = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class ExportedPhoto:
    """One exported photo: its path in ``building_images``, its image name, and the fingerprint of both."""

    path: str
    name: str
    fingerprint: Fingerprint


@dataclass(frozen=True)
class ExportRecord:
    """One export.

    Attributes
    ----------
    token : str
        Hexadecimal digits that are new with every export; folders that wait to be removed carry them too.
    mode : str
        How the photos were put there, one of ``storage.formats.manifest.MODES``.
    image_dir : str
        Absolute path of the image folder.
    clusters_sha256 : str
        Of the ``clusters.json`` that was exported.
    photos : dict of str to ExportedPhoto
        By path.
    """

    token: str
    mode: str
    image_dir: str
    clusters_sha256: str
    photos: dict[str, ExportedPhoto] = field(default_factory=dict)


def write_export(path: Path, record: ExportRecord) -> None:
    """Write ``export.json`` atomically, photos sorted by path."""
    rows = (
        {
            "path": photo.path,
            "name": photo.name,
            **photo.fingerprint.as_row(),
        }
        for _, photo in sorted(record.photos.items())
    )
    header = {"format": EXPORT_FORMAT, "format_version": EXPORT_VERSION, "token": record.token, "mode": record.mode}
    header |= {"image_dir": record.image_dir, "clusters_sha256": record.clusters_sha256}
    write_json_stream(path, header | {"photos": rows})


def read_export(path: Path) -> ExportRecord | None:
    """Read ``export.json``; None when there is none.

    Raises
    ------
    StageError
        When a name in it is hostile.
    DamagedFileError
        When it is no export record, of an unknown version, or incomplete.
    """
    if not path.exists():
        return None
    content = read_versioned_json(path, MADE_BY, EXPORT_FORMAT, EXPORT_VERSION, names_come_first=True)
    try:
        token, mode = _text(content, "token"), _text(content, "mode")
        if not _TOKEN.fullmatch(token) or mode not in MODES:
            raise ValueError(f"token {token!r}, mode {mode!r}")
        photos = [_read_photo(row) for row in content.pop("photos")]
        image_dir, clusters_sha256 = _text(content, "image_dir"), _text(content, "clusters_sha256")
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"damaged: {path} ({error!r:.100}); make it again with: {MADE_BY}") from error
    check_json_stream(path, content, MADE_BY)
    return ExportRecord(token, mode, image_dir, clusters_sha256, {photo.path: photo for photo in photos})


def _text(row: dict[str, Any], key: str) -> str:
    if not isinstance(row[key], str):
        raise ValueError(f"{key} {row[key]!r}")
    return str(row[key])


def _read_photo(row: dict[str, Any]) -> ExportedPhoto:
    return ExportedPhoto(check_name(row["path"]), check_name(row["name"]), Fingerprint.of_row(row))
