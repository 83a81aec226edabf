"""``manifest.json``: which copy in a work folder comes from which photo, and what was done to it since."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage.errors import DamagedFileError, UsageError
from storage.fingerprints import Fingerprint, sha256_of_file
from storage.formats.json_file import read_versioned_json
from storage.formats.json_stream import begins_with, check_json_stream, write_json_stream
from storage.names import check_name

MANIFEST_NAME = "manifest.json"
MANIFEST_FORMAT = "manifest"
MANIFEST_VERSION = 1
MADE_BY = "python copy_images.py"
# It reads the manifest that stands, and takes resized photos that no manifest knows for somebody else's.
MADE_AGAIN_BY = f"{MADE_BY} (delete it first or, where photos were resized, move its whole folder away)"
MODES = ("copy", "hardlink", "symlink", "reflink")


@dataclass(frozen=True, slots=True)
class Resized:
    """What ``resize_images.py`` made of a copy.

    Attributes
    ----------
    width, height : int
        Stored size of the resized copy, in pixels; the EXIF orientation is not applied.
    fingerprint : Fingerprint
        Of the resized copy.
    former : Resized or None
        The resized copy that this one was made from; None when it was made from the source. The manifest is written
        before a resized copy takes its place, so after a kill the former one may still stand there.
    """

    width: int
    height: int
    fingerprint: Fingerprint
    former: Resized | None = None


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One copy.

    Attributes
    ----------
    name : str
        Image name of the copy.
    source : str
        Absolute path of its source.
    fingerprint : Fingerprint
        Of the source.
    width, height : int or None
        Stored size of the source, in pixels; None until ``resize_images.py`` has looked at it.
    resized : Resized or None
        What was made of the copy; None while it equals the source.
    """

    name: str
    source: str
    fingerprint: Fingerprint
    width: int | None = None
    height: int | None = None
    resized: Resized | None = None

    @property
    def source_path(self) -> Path:
        """The source as a path."""
        return Path(self.source)

    def state(self, target: Path) -> Fingerprint | None:
        """Say which of its known states the copy at ``target`` is in.

        Size and time of change decide; only where they are of no known state is the file read.

        Returns
        -------
        Fingerprint or None
            Of the resized copy, or of the source; None when there is no such file, or one with other content.
        """
        known = [resized.fingerprint for resized in self._resized_states()] + [self.fingerprint]
        try:
            status = target.stat()
            for expected in known:
                if (status.st_size, status.st_mtime_ns) == (expected.size, expected.mtime_ns):
                    return expected
            candidates = [expected for expected in known if expected.size == status.st_size]
            found = sha256_of_file(target) if candidates else ""
        except OSError:  # not there, or not to be read: in no known state either way
            return None
        return next((expected for expected in candidates if expected.sha256 == found), None)

    def resized_as(self, state: Fingerprint) -> Resized | None:
        """Say which resizing a copy in this state has had; None when it equals the source."""
        return next((resized for resized in self._resized_states() if resized.fingerprint == state), None)

    def _resized_states(self) -> list[Resized]:
        former = None if self.resized is None else self.resized.former
        return [resized for resized in (self.resized, former) if resized is not None]

    def fresh(self, found: Fingerprint) -> ManifestEntry:
        """Give the entry of a copy that was just made from the source in state ``found``."""
        return ManifestEntry(self.name, self.source, found)


@dataclass
class Manifest:
    """The copies of a work folder by image name, and how they were put there (one of ``MODES``)."""

    mode: str = "copy"
    by_name: dict[str, ManifestEntry] = field(default_factory=dict)

    @property
    def entries(self) -> list[ManifestEntry]:
        """All copies, sorted by name."""
        return [self.by_name[name] for name in sorted(self.by_name)]

    def add(self, entry: ManifestEntry) -> None:
        """Put ``entry`` in, in place of a former one of the same name."""
        self.by_name[entry.name] = entry


def has_manifest(folder: Path) -> bool:
    """Say whether ``folder`` is a work folder, made by ``copy_images.py`` or ``resize_images.py``."""
    return (folder / MANIFEST_NAME).is_file()


def is_made_of_links(folder: Path) -> bool:
    """Say whether the photos of ``folder`` are symbolic links that the project made, so that links are followed.

    The mode stands at the beginning of the manifest, whose entries may be a million.
    """
    if not has_manifest(folder):
        return False
    path = folder / MANIFEST_NAME
    mode = next((mode for mode in MODES if begins_with(path, _header(mode))), None)
    return (mode or read_manifest(path).mode) == "symlink"


def read_manifest(path: Path) -> Manifest:
    """Read ``manifest.json`` of a work folder.

    Raises
    ------
    StageError
        When there is none, or a name in it is hostile.
    DamagedFileError
        When it is no manifest, of an unknown version, or one of its entries is incomplete.
    """
    made_by = MADE_AGAIN_BY if path.exists() else MADE_BY
    content = read_versioned_json(
        path, made_by, MANIFEST_FORMAT, MANIFEST_VERSION, names_come_first=True, made_of=_entry_of_whole
    )
    try:
        if content["mode"] not in MODES:
            raise ValueError(f"mode {content['mode']!r}")
        entries = [row if isinstance(row, ManifestEntry) else _read_entry(row) for row in content.pop("entries")]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedFileError(
            f"damaged: {path} has an entry that is not understood ({error!r:.100}); make it again with: {made_by}"
        ) from error
    check_json_stream(path, content, made_by)
    manifest = Manifest(content["mode"], {entry.name: entry for entry in entries})
    if len(manifest.by_name) != len(entries):
        raise DamagedFileError(f"damaged: {path} names a photo twice; make it again with: {made_by}")
    return manifest


def read_or_new(folder: Path, mode: str) -> Manifest:
    """Read the manifest of ``folder``, or give an empty one for a folder that has none."""
    return read_manifest(folder / MANIFEST_NAME) if has_manifest(folder) else Manifest(mode)


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` of a work folder atomically, entries sorted by name."""
    write_json_stream(path, _header(manifest.mode) | {"entries": map(_entry_row, manifest.entries)})


def _header(mode: str) -> dict[str, Any]:
    return {"format": MANIFEST_FORMAT, "format_version": MANIFEST_VERSION, "mode": mode}


def printable(text: str | Path) -> str:
    """Give ``text`` with what is not valid Unicode (from names that are not UTF-8) spelled as ``\\udcXX``."""
    return os.fspath(text).encode("utf-8", "backslashreplace").decode("utf-8")


def check_unchanged_mode(manifest: Manifest, mode: str, folder: Path) -> None:
    """Refuse to mix copies and links in one work folder; UsageError names both modes."""
    if manifest.by_name and manifest.mode != mode:
        raise UsageError(
            f"{folder} was made with --mode {manifest.mode}, not {mode}: give --mode {manifest.mode}, "
            "or another --export_dir"
        )


def names_by_source(entries: Iterable[ManifestEntry]) -> dict[str, str]:
    """Give the image name of every source path."""
    return {entry.source: entry.name for entry in entries}


def _entry_row(entry: ManifestEntry) -> dict[str, Any]:
    row: dict[str, Any] = {"name": entry.name, "source": printable(entry.source)}
    if row["source"] != entry.source:
        row["source_bytes"] = os.fsencode(entry.source).hex()
    row |= entry.fingerprint.as_row()
    if entry.width is not None:
        row |= {"width": entry.width, "height": entry.height}
    if entry.resized is not None:
        row["resized"] = _resized_row(entry.resized)
    return row


def _resized_row(resized: Resized) -> dict[str, Any]:
    row = {"width": resized.width, "height": resized.height} | resized.fingerprint.as_row()
    return row if resized.former is None else row | {"former": _resized_row(resized.former)}


def _entry_of_whole(row: dict[str, Any]) -> Any:
    """Give the entry of a row; what is none, or not whole, as it is, to be told once all was read."""
    try:
        return _read_entry(row) if "source" in row else row
    except (KeyError, TypeError, ValueError, AttributeError):
        return row


def _read_entry(row: dict[str, Any]) -> ManifestEntry:
    source = row["source"]
    if "source_bytes" in row:
        source = os.fsdecode(bytes.fromhex(row["source_bytes"]))
    if not isinstance(source, str) or not source:
        raise ValueError(f"source {source!r}")
    return ManifestEntry(
        name=check_name(row["name"]),
        source=source,
        fingerprint=Fingerprint.of_row(row),
        width=_side(row, "width") if "width" in row else None,
        height=_side(row, "height") if "width" in row else None,
        resized=_read_resized(row["resized"]) if "resized" in row else None,
    )


def _read_resized(row: dict[str, Any]) -> Resized:
    return Resized(
        width=_side(row, "width"),
        height=_side(row, "height"),
        fingerprint=Fingerprint.of_row(row),
        former=_read_resized(row["former"]) if "former" in row else None,
    )


def _side(row: dict[str, Any], key: str) -> int:
    value = row[key]
    if type(value) is not int or value < 1:
        raise ValueError(f"{key} {value!r}")
    return value
