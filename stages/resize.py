"""``resize_images.py``: smaller photos, in place in a work folder or beside in another; never in the user's own."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from hloc.stream import Prepared, run_in_workers, workers_for
from stages.checks import check_apart, check_range, settings_as_json
from stages.resize_plan import UNREAD, Beside, Decision, InPlace, Size
from stages.settings.pipeline import ResizeSettings
from stages.work_folder import clear_leftovers, clear_staging, moved_notes
from storage.atomic import fsync_folder, make_folder
from storage.errors import PhotoError, StageError, UsageError
from storage.fingerprints import fingerprint
from storage.formats.manifest import (
    MANIFEST_NAME,
    ManifestEntry,
    Resized,
    has_manifest,
    is_made_of_links,
    printable,
    read_manifest,
    read_or_new,
    write_manifest,
)
from storage.listing import list_photos
from storage.lock import work_lock
from storage.progress import progress_bar
from storage.report import RunReport, SkippedPhoto, check_accounting
from storage.resizing import StoredPhoto, read_stored, shrink_photo
from storage.transfer import transfer

STAGING_NAME = ".resizing"

# Resized photos wait in the staging folder until the manifest that names them is on disk; a kill costs these again.
# The manifest is written whole, so of many photos a batch is a share: else time would grow with their square.
PHOTOS_PER_BATCH, MOST_BATCHES = 256, 100

# Starting one more worker process takes longer than this many photos; one there always is, as a photo may crash it.
PHOTOS_PER_WORKER = 8

OUTCOMES = ("resized", "already_done", "small_enough", "already_smaller", "left_alone")


@dataclass(frozen=True)
class _Job:
    """What a worker needs to make one photo smaller."""

    source: Path
    staged: Path
    size: Size
    quality: int
    max_megapixels: float


def resize_photos(settings: ResizeSettings) -> RunReport:
    """Make photos smaller; those that are small enough already stay as they are.

    Without ``export_dir`` the photos of a work folder are replaced, each as a whole, and only those that its manifest
    names and that are still as the manifest says. With it, the folder gets a resized copy of every photo, a verified
    copy of those that need no resizing or cannot be resized, and a manifest of its own.

    Parameters
    ----------
    settings : ResizeSettings
        What to resize, to which size, and where to.

    Returns
    -------
    RunReport
        Counts: ``photos``, ``resized``, ``already_done``, ``small_enough``, ``already_smaller`` (than wanted now),
        ``left_alone`` (animations, formats and depths that would lose something), ``copied`` (as they are).

    Raises
    ------
    UsageError
        When a number is out of range, both sizes are given, or ``image_dir`` is no work folder.
    StageError
        When there is no photo, or the result cannot be written.
    """
    started = time.monotonic()
    _check(settings)
    report = RunReport("resize_images", settings=settings_as_json(settings))
    folder = settings.export_dir or settings.image_dir
    with work_lock(folder):
        resizing = _Resizing(settings, folder, report)
        try:
            resizing.run()
        finally:
            clear_staging(resizing.staging)
        report.seconds = time.monotonic() - started
        if not report.is_current:
            report.write(folder)
    return report


def _check(settings: ResizeSettings) -> None:
    check_range("--resize_coefficient", settings.resize_coefficient, 1)
    check_range("--quality", settings.quality, 1, 100)
    check_range("--max_megapixels", settings.max_megapixels, 1e-6)
    check_range("--timeout_s", settings.timeout_s, 1e-3)
    check_range("--num_workers", settings.num_workers or 0, 0)
    if settings.max_side is not None:
        check_range("--max_side", settings.max_side, 1)
        if settings.resize_coefficient != 1:
            raise UsageError("--resize_coefficient and --max_side exclude each other: give one of the two")
    if not settings.image_dir.is_dir():
        raise StageError(f"--image_dir {settings.image_dir} does not exist; make it with: python copy_images.py")
    if settings.export_dir is not None:
        check_apart(settings.image_dir, settings.export_dir, "--image_dir", "--export_dir")
    elif not has_manifest(settings.image_dir):
        raise UsageError(
            f"--image_dir {settings.image_dir} has no {MANIFEST_NAME}, so its photos may be originals and are not "
            "touched: copy them first with python copy_images.py, or give --export_dir"
        )


class _Resizing:
    """One run of the stage: the manifest, the plan and the report that fills up."""

    def __init__(self, settings: ResizeSettings, folder: Path, report: RunReport) -> None:
        self.settings = settings
        self.folder = folder
        self.report = report
        self.staging = folder / STAGING_NAME
        self.outcomes: Counter[str] = Counter()
        self.left_alone: Counter[str] = Counter()
        self.num_copied = 0
        self.plan = self._in_place() if settings.export_dir is None else self._beside()
        self.manifest = self.plan.manifest
        self.unsaved = False
        self.was_changed = False

    def _in_place(self) -> InPlace:
        manifest = read_manifest(self.folder / MANIFEST_NAME)
        listed = list_photos(self.folder, follow_links=manifest.mode == "symlink")
        num_unknown = sum(name not in manifest.by_name for name in listed)
        if num_unknown:
            self.report.notes.append(f"{num_unknown} photos that copy_images.py did not put here were not touched")
        return InPlace(self.folder, manifest, self.settings)

    def _beside(self) -> Beside:
        manifest = read_or_new(self.folder, "copy")
        if manifest.by_name and manifest.mode != "copy":
            raise UsageError(f"--export_dir {self.folder} was made with --mode {manifest.mode}: give another folder")
        follow_links = self.settings.follow_links or is_made_of_links(self.settings.image_dir)
        names = list_photos(self.settings.image_dir, follow_links)
        beside = Beside(names, manifest, self.settings, self.folder)
        self.report.notes += moved_notes(beside.num_moved)
        return beside

    def run(self) -> None:
        """Resize what is to be resized, a batch at a time."""
        clear_staging(self.staging)
        names = self.plan.names
        clear_leftovers(self.folder, self.report.stage, ((self.folder / name).parent for name in names))
        self.report.counts["photos"] = len(names)
        todo: deque[Decision] = deque()
        for decision in self._decisions():
            if decision.outcome == "resized":
                todo.append(decision)
            else:
                self._settle(decision)
        for batch in self._resized(todo):
            self._publish(batch)
        self._save()
        check_accounting(self.report, len(names), **{outcome: self.outcomes[outcome] for outcome in OUTCOMES})
        self._report()

    def _decisions(self) -> Iterator[Decision]:
        """Decide about all photos; headers are read by the workers, as a damaged one may hang or crash its reader."""
        unread: deque[Decision] = deque()
        for decision in map(self.plan.decide, progress_bar(self.plan.names, len(self.plan.names), "looking")):
            if decision.outcome == UNREAD:
                unread.append(decision)
            else:
                yield decision
        most = self.settings.max_megapixels
        begun: deque[Decision] = deque()
        jobs = ((photo.name, (self.plan.source(photo.name), most)) for photo in _begin(unread, begun))
        num_workers = workers_for(self.settings.num_workers, len(unread), PHOTOS_PER_WORKER)
        for header in run_in_workers(_look, jobs, num_workers, self.settings.timeout_s, max_megapixels=most):
            yield self.plan.judge(begun.popleft(), header)

    def _settle(self, decision: Decision) -> None:
        """Leave a photo as it is, or copy it as it is; keep what was learnt of it."""
        entry = decision.entry
        try:
            if decision.is_copied and entry is not None:
                found = transfer(self.plan.source(decision.name), self.plan.target(decision.name))
                entry = replace(entry.fresh(found), width=entry.width, height=entry.height)
                self.num_copied += 1
        except PhotoError as error:
            decision, entry = replace(decision, outcome="skipped", reason=error.reason), None
        if entry is not None:
            self._record(entry)
        self._count(decision)

    def _count(self, decision: Decision) -> None:
        if decision.outcome == "skipped":
            self.report.skipped.append(SkippedPhoto(decision.name, decision.reason))
        else:
            self.outcomes[decision.outcome] += 1
        if decision.outcome == "left_alone":
            self.left_alone[decision.reason] += 1

    def _resized(self, todo: deque[Decision]) -> Iterator[list[tuple[Decision, Prepared | SkippedPhoto]]]:
        """Make the photos smaller in the staging folder; give them with what came of it, a batch at a time."""
        settings = self.settings
        if todo:
            make_folder(self.staging)
        shared = (settings.quality, settings.max_megapixels)
        begun: deque[Decision] = deque()
        jobs = (
            (photo.name, _Job(self.plan.source(photo.name), self.staging / str(number), photo.size, *shared))
            for number, photo in enumerate(_begin(todo, begun))
        )
        num_workers, most = workers_for(settings.num_workers, len(todo), PHOTOS_PER_WORKER), settings.max_megapixels
        results = run_in_workers(_shrink, jobs, num_workers, settings.timeout_s, max_megapixels=most)
        pairs = ((begun.popleft(), result) for result in progress_bar(results, len(todo), "resizing"))
        batch_size = max(PHOTOS_PER_BATCH, -(-len(todo) // MOST_BATCHES))
        while batch := list(islice(pairs, batch_size)):
            yield batch

    def _publish(self, batch: list[tuple[Decision, Prepared | SkippedPhoto]]) -> None:
        """Name the staged photos in the manifest, then put them in their places."""
        ready = []
        for decision, result in batch:
            if isinstance(result, SkippedPhoto):
                is_copied = self.settings.export_dir is not None and decision.state is None
                self._settle(replace(decision, outcome="skipped", reason=result.reason, is_copied=is_copied))
            elif decision.entry is not None:
                resized = Resized(*result.image_size, result.fingerprint, decision.former)
                self._record(replace(decision.entry, resized=resized))
                ready.append((decision, result))
        self._save()
        folders = set()
        for decision, result in ready:
            target = self.plan.target(decision.name)
            make_folder(target.parent)
            Path(result.value).replace(target)
            self._count(decision)
            folders.add(target.parent)
        for folder in sorted(folders):
            fsync_folder(folder)

    def _record(self, entry: ManifestEntry) -> None:
        if self.manifest.by_name.get(entry.name) != entry:
            self.manifest.add(entry)
            self.unsaved = self.was_changed = True

    def _save(self) -> None:
        if self.unsaved:
            write_manifest(self.folder / MANIFEST_NAME, self.manifest)
            self.unsaved = False

    def _report(self) -> None:
        report = self.report
        report.counts |= {outcome: self.outcomes[outcome] for outcome in OUTCOMES}
        report.counts |= {"copied": self.num_copied, "skipped": len(set(report.skipped))}
        report.outputs = {"photos": printable(self.folder), "manifest": printable(self.folder / MANIFEST_NAME)}
        report.notes += [f"{self.left_alone[reason]} left alone: {reason}" for reason in sorted(self.left_alone)]
        if self.outcomes["already_smaller"]:
            report.notes.append(
                f"{self.outcomes['already_smaller']} photos are smaller than wanted now and cannot be made larger; "
                "python copy_images.py --afresh copies them again at full size"
            )
        report.is_current = not (self.was_changed or self.num_copied)


def _begin(waiting: deque[Decision], begun: deque[Decision]) -> Iterator[Decision]:
    """Give what waits, moved to what has begun: of many photos none is held longer than it takes."""
    while waiting:
        begun.append(waiting.popleft())
        yield begun[-1]


def _look(_name: str, job: tuple[Path, float]) -> StoredPhoto:
    return read_stored(*job)


def _shrink(name: str, job: _Job) -> Prepared:
    """Make one photo smaller, in a worker process; the value of the result is the path of the staged file."""
    before = fingerprint(job.source)
    shrink_photo(job.source, job.staged, job.size, job.quality, job.max_megapixels)
    if fingerprint(job.source, before) != before:
        raise PhotoError("changed while it was being read")
    return Prepared(name, fingerprint(job.staged), job.size, str(job.staged))
