"""The stage of ``tools.segment_images --batch``: label images, pictures for people and a table of all segments."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hloc.stream import automatic_workers, run_in_workers
from segmentation import AUTOMATIC, METHODS, check_method, create_segmenter, flags, method_parameters
from segmentation.base import Segmenter
from segmentation.method_parameters import SamParameters
from segmentation.parameters import AUTO
from stages.checks import check_apart, check_range, settings_as_json
from stages.image_folder import follows_links, names_in_utf8, photos_in
from stages.segmenting.work import LABELS, SegmentJob, SegmentWork, preview_name
from stages.segmenting.work import PREVIEWS as PREVIEWS_FOLDER
from stages.segmenting.work import SHEETS as SHEETS_FOLDER
from stages.settings.segmentation import PREVIEWS, SegmentSettings
from stages.work_folder import clear_leftovers
from stages.work_places import work_places
from storage.errors import StageError, UsageError
from storage.fingerprints import Fingerprint, fingerprint
from storage.formats.clusters import CLUSTERS_NAME, SINGLETONS_KEY, read_clusters
from storage.formats.manifest import printable
from storage.formats.segment_records import FOLDER, SegmentRecord, read_segment_records, write_segments_table
from storage.lock import work_lock
from storage.machine import available_memory
from storage.names import resolve_clashes
from storage.progress import progress_bar
from storage.report import RunReport, SkippedPhoto

STAGE = "segment_images"
TABLE_NAME = "segments.csv"
FEW_PHOTOS = 2  # for these starting workers takes longer than it saves
MEMORY_PER_WORKER = 900 * 2**20  # bytes: a photo of 12 megapixels, decoded, segmented and measured


def segment_images(settings: SegmentSettings) -> RunReport:
    """Segment the photos of a folder, or of one building of a work folder.

    Writes to ``settings.batch``: ``labels/NAME.png``, ``previews/NAME.jpg`` or ``sheets/NAME.jpg``, ``segments.csv``.
    What stands already is left alone; what this program did not write is never overwritten. Results depend on the
    photo and the parameters alone.

    Parameters
    ----------
    settings : SegmentSettings
        Where from, where to, by which method.

    Returns
    -------
    RunReport
        Counts: ``photos``, ``segmented`` (now), ``already_done``, ``segments`` (of all photos asked for), ``skipped``.

    Raises
    ------
    UsageError
        When an argument is wrong, or the folder was made by another method or other parameters.
    StageError
        When there is no photo, or none could be used.
    """
    started = time.monotonic()
    segmenter, shown = _segmenters(settings)
    image_dir, names = photos_of(settings)
    check_apart(image_dir, settings.batch, "--image_dir", "--batch")
    report = RunReport(STAGE, settings_as_json(settings), counts={"photos": len(names)})
    report.settings["given"] = {name: printable(str(value)) for name, value in settings.given.items()}
    with work_lock(settings.batch):
        run = _Segmenting(settings, image_dir, report)
        run.run(names, run.work(segmenter, shown))
        report.seconds = time.monotonic() - started
        if not report.is_current:
            report.write(settings.batch)
    return report


def photos_of(settings: SegmentSettings) -> tuple[Path, list[str]]:
    """Give the image folder and the names of the photos that are asked for, sorted.

    Raises
    ------
    UsageError
        When neither folder is given, or there is no such building.
    StageError
        When there is no photo, or no ``clusters.json``.
    """
    if settings.image_dir is None and settings.work_dir is None:
        raise UsageError("give --image_dir, or --work_dir with the photos of the pipeline")
    places = work_places(settings)
    if settings.building is None:
        return places.image_dir, photos_in(places.image_dir, settings.follow_links)
    if settings.work_dir is None:
        raise UsageError(f"--building {settings.building} needs --work_dir, where the clusters are")
    clusters = read_clusters(places.results_dir / CLUSTERS_NAME, places.image_dir)
    numbers = sorted(int(key) for key in clusters if key != SINGLETONS_KEY)
    if settings.building not in numbers:
        known = f"there are {numbers[0]} to {numbers[-1]}" if numbers else "there is none"
        raise UsageError(f"--building {settings.building}: is no building of {places.results_dir}; {known}")
    return places.image_dir, sorted(clusters[str(settings.building)])


def _segmenters(settings: SegmentSettings) -> tuple[Segmenter[Any], dict[str, Segmenter[Any]]]:
    """Check the arguments; give the chosen method, and those of the sheet."""
    check_range("--num_workers", settings.num_workers or 0, 0)
    check_range("--max_megapixels", settings.max_megapixels, 1e-6)
    check_range("--timeout_s", settings.timeout_s, 1e-3)
    check_range("--preview_side", settings.preview_side, 16)
    if settings.preview not in PREVIEWS:
        raise UsageError(f"--preview is {settings.preview!r}, but must be one of {', '.join(PREVIEWS)}")
    check_method(settings.method)
    names = [settings.method]
    if settings.preview == "all":
        names += [name for name in AUTOMATIC if name != settings.method]
    takers = flags()
    for flag in settings.given:
        if not set(takers.get(flag, {})) & set(names):
            method_parameters(settings.method, {flag: settings.given[flag]})
    made = {}
    for name in names:
        own = {flag: value for flag, value in settings.given.items() if name in takers[flag]}
        made[name] = create_segmenter(name, method_parameters(name, own))
    chosen = made[settings.method]
    if isinstance(chosen.parameters, SamParameters):
        from segmentation.sam_models import check_sam

        check_sam(chosen.parameters)
    return chosen, {name: made[name] for name in METHODS if name in made} if settings.preview == "all" else {}


class _Segmenting:
    """One run of the stage: what stands, what is to be made, and the report that fills up."""

    def __init__(self, settings: SegmentSettings, image_dir: Path, report: RunReport) -> None:
        self.settings = settings
        self.image_dir = image_dir
        self.folder = settings.batch
        self.report = report
        self.records = read_segment_records(self.folder)

    def work(self, segmenter: Segmenter[Any], shown: Mapping[str, Segmenter[Any]]) -> SegmentWork:
        """Give what workers do; UsageError when the folder was made by another call."""
        same = {"method": self.settings.method, "parameters": segmenter.parameters.as_json()}
        described = segmenter.parameters.described()
        self._refuse_others(same, {each.name: each.before for each in described if each.before is not None})
        return SegmentWork(
            self.image_dir,
            self.folder,
            segmenter,
            same,
            self.settings.preview,
            shown,
            self.settings.preview_side,
            follows_links(self.image_dir, self.settings.follow_links),
            self.settings.max_megapixels,
        )

    def _refuse_others(self, same: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Refuse a folder of another call; ``before`` is what stands for parameters that were not there always."""
        wanted = {"method": same["method"]} | dict(same["parameters"])
        for record in self.records.values():
            former = {**before, "method": record.settings.get("method")} | dict(record.settings.get("parameters") or {})
            for flag, value in wanted.items():
                if flag not in former:
                    raise UsageError(
                        f"--batch {self.folder} was made by a version without --{flag}: give another folder"
                    )
                if former[flag] != value:
                    raise UsageError(
                        f"--batch {self.folder} was made with --{flag} {former[flag]}, not {value}: give the same, or "
                        "another folder"
                    )

    def run(self, names: Sequence[str], work: SegmentWork) -> None:
        """Segment what is not done, then write the table of all."""
        usable, unnamable = names_in_utf8(names)
        self.report.skipped += unnamable
        taken = {name: record.name for name, record in self.records.items()}
        given = resolve_clashes(usable, taken, {name: _with_ending(name) for name in usable})
        folders = {self.folder / LABELS / given[name] for name in usable}
        folders |= {self.folder / preview_name(given[name], kind) for name in usable for kind in PREVIEWS[:2]}
        parents = {path.parent for path in folders}
        clear_leftovers(self.folder, STAGE, {self.folder / FOLDER, *parents})
        jobs = list(self._jobs(usable, given))
        results = run_in_workers(work, jobs, self._num_workers(len(jobs), work), self.settings.timeout_s)
        num_made = 0
        for result in progress_bar(results, len(jobs), "segmenting"):
            if isinstance(result, SkippedPhoto):
                self.report.skipped.append(result)
            else:
                num_made += 1
        self._finish(names, num_made)

    def _jobs(self, names: Sequence[str], given: Mapping[str, str]) -> Iterator[tuple[str, SegmentJob]]:
        for name in names:
            record = self.records.get(name)
            if record is None or not self._stands(record):
                yield name, SegmentJob(given[name], {} if record is None else record.files)

    def _stands(self, record: SegmentRecord) -> bool:
        wanted = [f"{LABELS}/{record.name}"]
        if self.settings.preview != "none":
            wanted.append(preview_name(record.name, self.settings.preview))
        try:
            known = record.fingerprint
            if fingerprint(self.image_dir / record.source, known).sha256 != known.sha256:
                return False
        except OSError:  # the worker says what is wrong with it
            return False
        return all(_has_state(self.folder / path, record.files.get(path)) for path in wanted)

    def _num_workers(self, num_jobs: int, work: SegmentWork) -> int:
        if self.settings.num_workers is not None:
            return min(self.settings.num_workers, num_jobs)
        if num_jobs <= FEW_PHOTOS or not work.segmenter.computes_in_workers:
            return 0
        memory = available_memory()
        most = num_jobs if memory is None else max(1, memory // MEMORY_PER_WORKER)
        return min(automatic_workers(), num_jobs, most)

    def _finish(self, names: Sequence[str], num_made: int) -> None:
        report, folder = self.report, self.folder
        records = read_segment_records(folder)
        skipped = {photo.name for photo in report.skipped}
        done = [records[name] for name in names if name in records and name not in skipped]
        if not done:
            first = report.skipped[0]
            raise StageError(f"none of the {len(names)} photos could be used; {first.name!r}: {first.reason}")
        has_changed = write_segments_table(folder / TABLE_NAME, records.values())
        report.is_current = not (num_made or has_changed or report.skipped)
        report.counts |= {"segmented": num_made, "already_done": len(done) - num_made}
        report.counts |= {"segments": sum(len(record.rows) for record in done), "skipped": len(set(report.skipped))}
        report.outputs = {"labels": printable(folder / LABELS), "table": printable(folder / TABLE_NAME)}
        if self.settings.preview != "none":
            shown = SHEETS_FOLDER if self.settings.preview == "all" else PREVIEWS_FOLDER
            report.outputs["pictures"] = printable(folder / shown)
        if sizes := _automatic_sizes(done):
            report.notes.append(f"by the size of the photos: {sizes}")
        others = set(records) - set(names)
        if others:
            report.notes.append(f"{TABLE_NAME} also holds {len(others)} photos of earlier runs")


def _automatic_sizes(records: Sequence[SegmentRecord]) -> str:
    """Give what ``auto`` stood for, the least and the most of all photos, for people."""
    found: dict[str, list[float]] = {}
    for record in records:
        asked, sizes = record.settings.get("parameters", {}), record.settings.get("sizes", {})
        for name in sizes:
            if asked.get(name) == AUTO:
                found.setdefault(name, []).append(sizes[name])
    told = {name: sorted({min(sizes), max(sizes)}) for name, sizes in found.items()}
    return ", ".join(f"{name} {' to '.join(f'{size:g}' for size in ends)}" for name, ends in told.items())


def _with_ending(name: str) -> str:
    parent, slash, last = name.rpartition("/")
    return f"{parent}{slash}{last.rpartition('.')[0] or last}.png"


def _has_state(path: Path, known: Fingerprint | None) -> bool:
    try:
        status = path.lstat()
    except OSError:  # not there
        return False
    return known is not None and (status.st_size, status.st_mtime_ns) == (known.size, known.mtime_ns)
