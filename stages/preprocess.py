"""``tools.preprocess_images``: photos in one format, without frames, square, of one size; in a folder of their own."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from hloc.stream import Prepared, run_in_workers, workers_for
from stages.checks import check_apart, check_range, settings_as_json
from stages.image_folder import photos_in
from stages.preprocess_plan import Decision, Plan
from stages.settings.tools import PHOTO_FORMATS, SQUARES, PreprocessSettings
from stages.work_folder import clear_leftovers, clear_staging
from storage.atomic import fsync_folder, make_folder
from storage.errors import PhotoError, StageError, UsageError
from storage.fingerprints import fingerprint
from storage.formats.manifest import printable
from storage.formats.preprocessed import PREPROCESSED_NAME, PreprocessedPhoto, write_preprocessed
from storage.lock import work_lock
from storage.preprocessing import Recipe, prepare_photo
from storage.progress import progress_bar
from storage.report import RunReport, SkippedPhoto, check_accounting

STAGING_NAME = ".preprocessing"
PHOTOS_PER_BATCH = 256  # these wait for the record that names them; a kill costs them again
PHOTOS_PER_WORKER = 8  # starting one more takes longer than these; one there always is, as a photo may crash it
MAX_SHOWN_CLASHES = 20

OUTCOMES = ("made", "copied", "already_done")
MOST_TRIM = 0.49  # a side; of both together something has to be left


@dataclass(frozen=True)
class _Job:
    """What a worker needs to make one photo."""

    source: Path
    staged: Path
    file_format: str
    recipe: Recipe


def preprocess_photos(settings: PreprocessSettings) -> RunReport:
    """Make of every photo of a folder one for other programs, in another folder; the photos themselves are only read.

    Sub-folders stay. A second run makes what is new or changed; another call into the same folder is refused, and so
    is every file there that this program did not write.

    Parameters
    ----------
    settings : PreprocessSettings
        Which photos, what to do with them, where to.

    Returns
    -------
    RunReport
        Counts: ``photos``, ``made``, ``copied`` (nothing was to be done), ``already_done``, ``trimmed`` and
        ``squared`` (of those made now), ``renamed`` (their name was taken after conversion).

    Raises
    ------
    UsageError
        When a number is out of range, one folder lies in the other, or the folder was made by another call.
    StageError
        When there is no photo, none can be used, or the result cannot be written.
    """
    started = time.monotonic()
    _check(settings)
    report = RunReport("preprocess_images", settings=settings_as_json(settings))
    names = photos_in(settings.image_dir, settings.follow_links)
    with work_lock(settings.export_dir):
        preprocessing = _Preprocessing(settings, names, report)
        try:
            preprocessing.run()
        finally:
            clear_staging(preprocessing.staging)
        report.seconds = time.monotonic() - started
        if not report.is_current:
            report.write(settings.export_dir)
    return report


def _check(settings: PreprocessSettings) -> None:
    check_range("--trim_tol", settings.trim_tol, 0, 255)
    check_range("--trim_max", settings.trim_max, 1e-6, MOST_TRIM)
    check_range("--quality", settings.quality, 1, 100)
    check_range("--max_megapixels", settings.max_megapixels, 1e-6)
    check_range("--timeout_s", settings.timeout_s, 1e-3)
    check_range("--num_workers", settings.num_workers or 0, 0)
    for side in settings.size or ():
        check_range("--size", side, 1)
    for flag, value, known in (("--square", settings.square, SQUARES), ("--format", settings.format, PHOTO_FORMATS)):
        if value not in known:
            raise UsageError(f"{flag} is {value!r}, but must be one of {', '.join(known)}")
    if settings.size is not None and settings.size[0] * settings.size[1] > settings.max_megapixels * 1e6:
        raise UsageError(f"--size {settings.size[0]} {settings.size[1]} is over --max_megapixels")
    if not settings.image_dir.is_dir():
        raise StageError(f"--image_dir {settings.image_dir} does not exist: give a folder that holds photos")
    check_apart(settings.image_dir, settings.export_dir, "--image_dir", "--export_dir")


class _Preprocessing:
    """One run of the stage: the plan with its record, and the report that fills up."""

    def __init__(self, settings: PreprocessSettings, names: list[str], report: RunReport) -> None:
        self.settings = settings
        self.folder = settings.export_dir
        self.report = report
        self.staging = settings.export_dir / STAGING_NAME
        self.plan = Plan(settings, names)
        self.recipe = self.plan.recipe
        self.record = self.plan.record
        self.counts: Counter[str] = Counter()
        self.losses: Counter[str] = Counter()
        self.unsaved = False
        self.was_changed = False

    def run(self) -> None:
        """Make what is to be made, a batch at a time."""
        clear_staging(self.staging)
        names = self.plan.names
        targets = [self.folder / name for name in self.plan.targets.values()]
        clear_leftovers(self.folder, self.report.stage, (target.parent for target in targets))
        self.report.counts["photos"] = len(names)
        todo = []
        for decision in map(self.plan.decide, progress_bar(names, len(names), "looking")):
            if decision.outcome == "made":
                todo.append(decision)
            else:
                self._settle(decision)
        for batch in self._made(todo):
            self._publish(batch)
        self._save()
        if len(set(self.report.skipped)) == len(names):
            first = self.report.skipped[0]
            raise StageError(f"none of the {len(names)} photos can be used; {first.name!r}: {first.reason}")
        check_accounting(self.report, len(names), **{outcome: self.counts[outcome] for outcome in OUTCOMES})
        self._report()

    def _settle(self, decision: Decision) -> None:
        if decision.outcome == "skipped":
            self.report.skipped.append(SkippedPhoto(printable(decision.source_name), decision.reason))
            return
        self.counts[decision.outcome] += 1
        if decision.photo is not None:
            self._record(decision.photo)

    def _made(self, todo: list[Decision]) -> Iterator[list[tuple[Decision, Prepared | SkippedPhoto]]]:
        """Make the photos in the staging folder; give them with what came of it, a batch at a time."""
        if todo:
            make_folder(self.staging)
        jobs = (
            (each.source_name, _Job(each.source, self.staging / str(number), each.file_format, self.recipe))
            for number, each in enumerate(todo)
        )
        num_workers = workers_for(self.settings.num_workers, len(todo), PHOTOS_PER_WORKER)
        timeout_s, most = self.settings.timeout_s, self.settings.max_megapixels
        results = run_in_workers(_make, jobs, num_workers, timeout_s, max_megapixels=most)
        pairs = zip(todo, progress_bar(results, len(todo), "preprocessing"), strict=True)
        while batch := list(islice(pairs, PHOTOS_PER_BATCH)):
            yield batch

    def _publish(self, batch: list[tuple[Decision, Prepared | SkippedPhoto]]) -> None:
        """Name the staged photos in the record, then put them in their places."""
        ready = []
        for decision, result in batch:
            if isinstance(result, SkippedPhoto):
                self.report.skipped.append(SkippedPhoto(printable(result.name), result.reason))
                continue
            staged, made, source_state = result.value
            self._record(
                PreprocessedPhoto(
                    source=decision.source_name,
                    name=decision.name,
                    source_state=source_state,
                    state=result.fingerprint,
                    width=made.size[0],
                    height=made.size[1],
                    trimmed=tuple(made.frame),
                    former=decision.former,
                )
            )
            self.losses.update(made.notes)
            self.counts.update({"trimmed": any(made.frame), "squared": made.is_squared})
            self.counts["copied" if made.is_copied else "made"] += 1
            ready.append((decision, Path(staged)))
        self._save()
        for decision, path in ready:
            make_folder(decision.target.parent)
            path.replace(decision.target)
        for folder in sorted({decision.target.parent for decision, _ in ready}):
            fsync_folder(folder)

    def _record(self, photo: PreprocessedPhoto) -> None:
        if self.record.by_source.get(photo.source) != photo:
            self.record.by_source[photo.source] = photo
            self.unsaved = self.was_changed = True

    def _save(self) -> None:
        if self.unsaved:
            write_preprocessed(self.folder, self.record)
            self.unsaved = False

    def _report(self) -> None:
        report = self.report
        report.counts |= {key: self.counts[key] for key in (*OUTCOMES, "trimmed", "squared")}
        report.counts |= {"renamed": len(self.plan.clashes), "skipped": len(set(report.skipped))}
        report.outputs = {"photos": printable(self.folder), "record": printable(self.folder / PREPROCESSED_NAME)}
        report.notes += [f"{self.losses[loss]} photos: {loss}" for loss in sorted(self.losses)]
        shown = list(self.plan.clashes.items())
        report.notes += [
            f"{printable(source)!r} became {name!r}: another photo has that name without the number"
            for source, name in shown[:MAX_SHOWN_CLASHES]
        ]
        if len(shown) > MAX_SHOWN_CLASHES:
            report.notes.append(f"and {len(shown) - MAX_SHOWN_CLASHES} more; {PREPROCESSED_NAME} names each")
        if self.plan.num_gone:
            report.notes.append(f"{self.plan.num_gone} photos are gone; what was made of them is kept")
        report.is_current = not self.was_changed


def _make(name: str, job: _Job) -> Prepared:
    """Make one photo, in a worker process; the value is the staged file, what became of it, and its source's state."""
    before = fingerprint(job.source)
    made = prepare_photo(job.source, job.staged, job.file_format, job.recipe)
    if fingerprint(job.source, before) != before:
        raise PhotoError("changed while it was being read")
    value: Any = (str(job.staged), made, before)
    return Prepared(name, fingerprint(job.staged), made.size, value)
