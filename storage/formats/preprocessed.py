"""``preprocessed.json``: which photo of the folder was made of which, and by which settings."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.errors import DamagedFileError, StageError
from storage.fingerprints import Fingerprint, sha256_of_file
from storage.formats.json_file import check_whole, read_versioned_json, write_checked_json
from storage.formats.manifest import printable
from storage.names import check_name

PREPROCESSED_NAME = "preprocessed.json"
PREPROCESSED_FORMAT = "preprocessed"
PREPROCESSED_VERSION = 1
MADE_BY = "python -m tools.preprocess_images (move its folder away first)"  # it reads the file that stands


@dataclass(frozen=True)
class PreprocessedPhoto:
    """One photo that was made.

    Attributes
    ----------
    source : str
        Name of its source, relative to the image folder.
    name : str
        Its own image name.
    source_state : Fingerprint
        Of the source.
    state : Fingerprint
        Of the photo that was made.
    width, height : int
        Of the photo that was made, in pixels.
    trimmed : tuple of int
        Lines cut off at the left, the right, the top and the bottom.
    former : Fingerprint or None
        Of what stood in its place before. The record is written before a photo takes its place, so after a kill the
        former one may still stand there.
    """

    source: str
    name: str
    source_state: Fingerprint
    state: Fingerprint
    width: int
    height: int
    trimmed: tuple[int, int, int, int] = (0, 0, 0, 0)
    former: Fingerprint | None = None


@dataclass
class Preprocessed:
    """All photos of a folder by the name of their source, and the settings (JSON types) that they were made with."""

    settings: dict[str, Any]
    by_source: dict[str, PreprocessedPhoto] = field(default_factory=dict)


def write_preprocessed(folder: Path, record: Preprocessed) -> None:
    """Write ``preprocessed.json`` of a folder atomically, photos sorted by the name of their source."""
    header = {"format": PREPROCESSED_FORMAT, "format_version": PREPROCESSED_VERSION, "settings": record.settings}
    rows = [_row(record.by_source[source]) for source in sorted(record.by_source)]
    write_checked_json(folder / PREPROCESSED_NAME, header | {"photos": rows})


def read_preprocessed(folder: Path) -> Preprocessed | None:
    """Read ``preprocessed.json`` of a folder; None where there is none.

    Raises
    ------
    DamagedFileError
        When it is not understood.
    """
    path = folder / PREPROCESSED_NAME
    if not path.is_file():
        return None
    content = read_versioned_json(path, MADE_BY, PREPROCESSED_FORMAT, PREPROCESSED_VERSION, names_come_first=True)
    try:
        photos = [_photo(row) for row in content["photos"]]
        record = Preprocessed(dict(content["settings"]), {photo.source: photo for photo in photos})
    except (KeyError, TypeError, ValueError, StageError) as error:
        raise DamagedFileError(
            f"damaged: {path} has an entry that is not understood ({error!r:.100}); make it again with: {MADE_BY}"
        ) from error
    check_whole(path, content, MADE_BY)
    return record


def standing(photo: PreprocessedPhoto, path: Path) -> Fingerprint | None:
    """Say which of a photo's known states stands at ``path``: its own, the former one, or None for anything else."""
    known = [state for state in (photo.state, photo.former) if state is not None]
    try:
        status = path.stat()
        same = [state for state in known if (state.size, state.mtime_ns) == (status.st_size, status.st_mtime_ns)]
        if len(same) == 1:
            return same[0]
        digest = sha256_of_file(path)
    except OSError:  # not there, or not to be read: in no known state either way
        return None
    return next((state for state in known if (state.size, state.sha256) == (status.st_size, digest)), None)


def _row(photo: PreprocessedPhoto) -> dict[str, Any]:
    row: dict[str, Any] = {"source": printable(photo.source)}
    if row["source"] != photo.source:
        row["source_bytes"] = os.fsencode(photo.source).hex()
    row |= {"name": photo.name, "width": photo.width, "height": photo.height, "trimmed": list(photo.trimmed)}
    states = {"source_state": photo.source_state, "state": photo.state, "former": photo.former}
    return row | {key: state.as_row() for key, state in states.items() if state is not None}


def _photo(row: dict[str, Any]) -> PreprocessedPhoto:
    source = os.fsdecode(bytes.fromhex(row["source_bytes"])) if "source_bytes" in row else row["source"]
    left, right, top, bottom = (int(lines) for lines in row["trimmed"])
    return PreprocessedPhoto(
        source=str(source),
        name=check_name(row["name"]),
        source_state=Fingerprint.of_row(row["source_state"]),
        state=Fingerprint.of_row(row["state"]),
        width=int(row["width"]),
        height=int(row["height"]),
        trimmed=(left, right, top, bottom),
        former=Fingerprint.of_row(row["former"]) if "former" in row else None,
    )
