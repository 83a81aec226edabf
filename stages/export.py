"""``export_clusters.py``: one folder per building, replaced as a whole by every export."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from stages.checks import check_mode, settings_as_json
from stages.settings.pipeline import TRANSFER_MODES, ExportSettings
from stages.work_folder import clear_leftovers, has_content
from storage.errors import PhotoError, StageError, UsageError
from storage.fingerprints import sha256_of_file
from storage.formats.clusters import (
    CLUSTERS_INFO_NAME,
    CLUSTERS_NAME,
    SINGLETONS_KEY,
    read_clusters,
    read_clusters_info,
)
from storage.formats.export import EXPORT_NAME, ExportedPhoto, ExportRecord, read_export, write_export
from storage.formats.manifest import is_made_of_links, printable
from storage.lock import work_lock
from storage.names import check_name, inside
from storage.progress import progress_bar
from storage.report import RunReport, SkippedPhoto, check_accounting
from storage.transfer import is_linked, transfer
from storage.tree import building_site, put_tree, recover_tree, walk_files

TREE_NAME = "building_images"
SINGLETONS_FOLDER = "NotAssigned"
UNREADABLE_FOLDER = "NotReadable"

TOKEN_DIGITS = 16

# With more photos than this missing, the folder is likelier wrong than the photos gone, and an export would replace
# a good one by a poor one.
MAX_MISSING_SHARE = 0.5

# What file browsers leave in folders that they show.
LITTER = frozenset((".DS_Store", "Thumbs.db", "desktop.ini"))


@dataclass(frozen=True, slots=True)
class _Planned:
    """A photo that is to stand at ``path`` below ``building_images``."""

    path: str
    name: str


def export_clusters(settings: ExportSettings) -> RunReport:
    """Put every photo of ``clusters.json`` in the folder of its building, singletons in ``NotAssigned``.

    Photos that no earlier stage could read go to ``NotReadable``, so that none is lost. A former export is replaced
    as a whole; a ``building_images`` that holds anything else is refused.

    Parameters
    ----------
    settings : ExportSettings
        Where the photos and the clusters are, and how photos are put in their folders.

    Returns
    -------
    RunReport
        Counts: ``photos``, ``buildings``, ``exported``, ``not_assigned`` and ``not_readable`` of them, ``skipped``.
        With ``dry_run``, ``outputs`` maps sources to the paths that they would get.

    Raises
    ------
    UsageError
        When the image folder lies in the export, or the mode is unknown or cannot be done.
    StageError
        When a stage input is missing or damaged, most photos are missing, or ``building_images`` is not ours.
    """
    started = time.monotonic()
    check_mode(settings.mode, TRANSFER_MODES)
    _check_folders(settings)
    report = RunReport("export_clusters", settings=settings_as_json(settings))
    with nullcontext() if settings.dry_run else work_lock(settings.results_dir):
        exporting = _Exporting(settings, report)
        if settings.dry_run:
            exporting.preview()
        else:
            exporting.run()
        report.seconds = time.monotonic() - started
        if not report.is_current and not settings.dry_run:
            report.write(settings.results_dir)
    return report


def building_folders(clusters: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Name the folder of every cluster: largest first, equal sizes in the order given, padded to equal width.

    Parameters
    ----------
    clusters : mapping of str to sequence of str
        Image names by cluster number; ``"-1"`` are the singletons. Empty clusters get no folder.

    Returns
    -------
    dict of str to str
        Cluster number to folder name.
    """
    numbers = [key for key in clusters if key != SINGLETONS_KEY]
    width = len(str(len(numbers)))
    largest_first = sorted((key for key in numbers if clusters[key]), key=lambda key: -len(clusters[key]))
    folders = {key: f"building_{rank:0{width}d}" for rank, key in enumerate(largest_first, 1)}
    return folders | ({SINGLETONS_KEY: SINGLETONS_FOLDER} if clusters.get(SINGLETONS_KEY) else {})


def _check_folders(settings: ExportSettings) -> None:
    if not settings.image_dir.is_dir():
        raise StageError(f"--image_dir {settings.image_dir} does not exist: give the folder that was clustered")
    if not settings.results_dir.is_dir():
        raise StageError(
            f"--results_dir {settings.results_dir} does not exist; make it with: python create_clusters.py"
        )
    tree = settings.results_dir / TREE_NAME
    if settings.image_dir.resolve().is_relative_to(tree.resolve()):
        raise UsageError(f"--image_dir {settings.image_dir} lies in {tree}, which is replaced: give another folder")


class _Exporting:
    """One run of the stage: the plan, the record of the former export and the report that fills up."""

    def __init__(self, settings: ExportSettings, report: RunReport) -> None:
        self.settings = settings
        self.report = report
        self.tree = settings.results_dir / TREE_NAME
        self.record_path = settings.results_dir / EXPORT_NAME
        self.follow_links = settings.follow_links or is_made_of_links(settings.image_dir)
        clusters_path = settings.results_dir / CLUSTERS_NAME
        clusters = read_clusters(clusters_path, settings.image_dir)
        self.clusters_sha256 = sha256_of_file(clusters_path)
        places = {name: f"{UNREADABLE_FOLDER}/{name}" for name in self._unreadable()}
        folders = building_folders(clusters)
        for key, members in clusters.items():
            places |= {name: f"{folders[key]}/{name}" for name in members}
        self.num_buildings = len(folders) - (SINGLETONS_KEY in folders)
        self.planned = self._readable(places)

    def _unreadable(self) -> list[str]:
        """Name the photos that an earlier stage named as unreadable."""
        path = self.settings.results_dir / CLUSTERS_INFO_NAME
        if not path.exists():
            return []
        info = read_clusters_info(path)
        if info.get("clusters_sha256", self.clusters_sha256) != self.clusters_sha256:
            clusters_path = printable(self.settings.results_dir / CLUSTERS_NAME)
            self.report.notes.append(f"{clusters_path} is not as {path.name} describes it: edited since, or damaged")
        return [check_name(photo["name"]) for photo in info.get("skipped", [])]

    def _readable(self, places: dict[str, str]) -> list[_Planned]:
        """Leave out, and name, the photos that are not there."""
        planned = []
        for name, path in sorted(places.items()):
            source = inside(self.settings.image_dir, name, self.follow_links)
            if source.is_file() and os.access(source, os.R_OK):
                planned.append(_Planned(path, name))
            else:
                reason = "cannot be read" if source.is_file() else f"is missing in {printable(self.settings.image_dir)}"
                self.report.skipped.append(SkippedPhoto(name, reason))
        if len(self.report.skipped) > MAX_MISSING_SHARE * len(places):
            raise StageError(
                f"{len(self.report.skipped)} of the {len(places)} photos in clusters.json are missing in "
                f"{self.settings.image_dir}: give the --image_dir that was clustered, or run create_clusters.py again"
            )
        self.report.counts["photos"] = len(places)
        return planned

    def _source(self, photo: _Planned) -> Path:
        return self.settings.image_dir / photo.name  # a path for each of many photos takes half a kilobyte

    def preview(self) -> None:
        """Say in the report what would be done."""
        self.report.outputs = {
            printable(self._source(photo)): printable(self.tree / photo.path) for photo in self.planned
        }
        self.report.counts |= {"buildings": self.num_buildings, "would_be_exported": len(self.planned)}
        self.report.notes.append("dry run: nothing was written")

    def run(self) -> None:
        """Replace the former export, unless it is what would be written now."""
        clear_leftovers(self.settings.results_dir, self.report.stage)
        record = read_export(self.record_path)
        recover_tree(self.tree, None if record is None else record.token)
        if record is not None and self._is_current(record):
            self.report.is_current = True
            self._report(list(record.photos.values()))
            return
        self._check_is_own(record)
        token = self._token(record)
        try:
            with building_site(self.tree, token) as site:
                exported = self._export_to(site)
            photos = {photo.path: photo for photo in exported}
            image_dir = printable(self.settings.image_dir.resolve())
            new = ExportRecord(token, self.settings.mode, image_dir, self.clusters_sha256, photos)
            put_tree(self.tree, token, lambda: write_export(self.record_path, new), self._recorded_token)
        except OSError as error:
            raise StageError(f"cannot write {self.tree}: {error.strerror or error}") from error
        self._report(exported)

    def _recorded_token(self) -> str | None:
        record = read_export(self.record_path)
        return None if record is None else record.token

    def _token(self, record: ExportRecord | None) -> str:
        """Give digits that are new with every export, yet the same where the same is exported after the same."""
        former = "" if record is None else record.token
        parts = (former, self.settings.mode, self.clusters_sha256, *(photo.path for photo in self.planned))
        return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()[:TOKEN_DIGITS]

    def _export_to(self, site: Path) -> list[ExportedPhoto]:
        exported = []
        for photo in progress_bar(self.planned, len(self.planned), "exporting"):
            try:
                target = site / photo.path
                if os.path.lexists(target):
                    raise PhotoError("this disk takes its name and another photo's for the same")
                found = transfer(self._source(photo), target, self.settings.mode)
                exported.append(ExportedPhoto(photo.path, photo.name, found))
            except PhotoError as error:
                self.report.skipped.append(SkippedPhoto(photo.name, error.reason))
        return exported

    def _is_current(self, record: ExportRecord) -> bool:
        """Say whether the former export is the one that would be made now, and still whole."""
        if (record.mode, record.clusters_sha256) != (self.settings.mode, self.clusters_sha256):
            return False
        if {photo.path: photo.name for photo in self.planned} != {
            path: photo.name for path, photo in record.photos.items()
        }:
            return False
        return self.tree.is_dir() and all(self._is_in_place(photo, record.photos[photo.path]) for photo in self.planned)

    def _is_in_place(self, planned: _Planned, known: ExportedPhoto) -> bool:
        source, target = self._source(planned), self.tree / planned.path
        is_unchanged = _is_as_recorded(source, known) and _is_as_recorded(target, known)
        return is_unchanged and _is_mode_kept(self.settings.mode, source, target)

    def _check_is_own(self, record: ExportRecord | None) -> None:
        """Refuse to replace a folder with anything in it that an export did not put there."""
        if self.tree.is_symlink():
            raise StageError(f"{self.tree} is a link, which an export cannot replace: move it away")
        for path in walk_files(self.tree):
            if path.rpartition("/")[2] not in LITTER and not (record is not None and self._is_own(path, record)):
                raise StageError(
                    f"{self.tree} holds {path!r}, which this program did not write or somebody changed: move that "
                    "file, or the whole folder, away"
                )

    def _is_own(self, path: str, record: ExportRecord) -> bool:
        target, known = self.tree / path, record.photos.get(path)
        if known is None or target.is_symlink() != (record.mode == "symlink"):
            return False
        # A link shows what was done to the photo since, so what it shows says nothing about whose it is.
        is_link = target.is_symlink() or is_linked(Path(record.image_dir) / known.name, target, record.mode)
        return is_link or _is_as_recorded(target, known)

    def _report(self, exported: list[ExportedPhoto]) -> None:
        report = self.report
        check_accounting(report, report.counts["photos"], exported=len(exported))
        tops = [photo.path.partition("/")[0] for photo in exported]
        report.counts |= {"buildings": self.num_buildings, "exported": len(exported)}
        report.counts |= {"not_assigned": tops.count(SINGLETONS_FOLDER), "not_readable": tops.count(UNREADABLE_FOLDER)}
        report.counts["skipped"] = len(report.skipped)
        report.outputs = {"folders": printable(self.tree), "record": printable(self.record_path)}
        if self.tree.resolve().is_relative_to(self.settings.image_dir.resolve()):
            report.notes.append(
                f"{self.tree} lies in --image_dir, so the next extraction would find the exported photos as well; "
                "give a --results_dir elsewhere"
            )


def _is_as_recorded(path: Path, known: ExportedPhoto) -> bool:
    try:
        status = path.stat()
    except OSError:  # not there, or not to be read: not as recorded either way
        return False
    if (status.st_size, status.st_mtime_ns) == (known.fingerprint.size, known.fingerprint.mtime_ns):
        return True
    # Some disks keep times to two seconds only, so the content decides.
    return has_content(path, known.fingerprint)


def _is_mode_kept(mode: str, source: Path, target: Path) -> bool:
    """Say whether ``target`` is a link to ``source`` where ``mode`` asks for one, and a file of its own elsewhere."""
    if mode in ("hardlink", "symlink"):
        return is_linked(source, target, mode)
    return not target.is_symlink()
