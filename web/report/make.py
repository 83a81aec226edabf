"""Making a report: pictures, pages, tables and sheets into one folder; only what changed, nothing stale left."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from stages.checks import check_apart, check_range, settings_as_json
from stages.report import ReportInputs, gather_report, read_report_inputs
from stages.reporting.contact_sheets import SHEETS, Sheet, draw_sheet, sheet_paths
from stages.reporting.content import ReportContent
from stages.reporting.photos import LARGE, SMALL, SeenPhotos, picture_paths, see_photos
from stages.reporting.tables import buildings_csv, geojson_text, kml_text, photos_csv
from stages.settings.tools import ReportSettings
from storage.atomic import make_folder, remove_leftovers, write_bytes
from storage.errors import StageError, UsageError
from storage.folders import paths_in
from storage.formats.json_file import read_stage_input
from storage.formats.manifest import printable
from storage.formats.report_record import RECORD_NAME, ReportRecord, read_record, write_record
from storage.lock import work_lock
from storage.names import inside
from storage.progress import progress_bar
from storage.report import RunReport, SkippedPhoto
from storage.temporaries import TEMPORARY_SUFFIX
from storage.tree import walk_files
from web.report.pages import ReportPages
from web.templates import STATIC, WEB

STAGE = "make_report"
FOLDER = "report"
SIDES = (64, 8192)
LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # what file browsers leave in folders that they show
MIXED = (0, 0)
FOLDERS = ("", "assets", "buildings", SMALL, LARGE, SHEETS)
PICTURE = re.compile(r"[0-9a-f]{20}\.jpg")
ASSETS = {
    "assets/base.css": STATIC / "base.css",
} | {
    f"assets/{name}": WEB / "report" / "static" / name
    for name in ("report.css", "viewer.css", "map.css", "paper.css", "report.js", "map.js")
}


def make_report(settings: ReportSettings) -> RunReport:
    """Make a folder of static pages that shows what the pipeline found, and opens from the disk.

    Parameters
    ----------
    settings : ReportSettings
        Where the work folder is and where the report goes. A former report is brought up to date in place.

    Returns
    -------
    RunReport
        Counts: ``photos`` shown, ``buildings``, ``alone``, ``pictures_made``, ``files_written``, ``files_removed``,
        ``skipped``.

    Raises
    ------
    UsageError
        When a setting is out of range, or the report would lie in the image folder.
    StageError
        When there are no clusters, a file is damaged, or the folder holds what no report put there.
    """
    started = time.monotonic()
    export_dir = settings.results_dir / FOLDER if settings.export_dir is None else settings.export_dir
    _check(settings, export_dir)
    report = RunReport(STAGE, settings=settings_as_json(settings))
    _check_is_own(export_dir)
    with work_lock(settings.results_dir):
        inputs = read_report_inputs(settings)
        making = _Making(settings, export_dir, inputs, report)
        making.run()
        report.seconds = time.monotonic() - started
        if not report.is_current:
            report.write(settings.results_dir)
    return report


def _check(settings: ReportSettings, export_dir: Path) -> None:
    check_range("--thumbnail_side", settings.thumbnail_side, *SIDES)
    check_range("--photo_side", settings.photo_side, *SIDES)
    check_range("--num_workers", settings.num_workers or 0, 0)
    check_range("--timeout_s", settings.timeout_s, 1e-3)
    check_range("--max_megapixels", settings.max_megapixels, 1e-6)
    if not settings.results_dir.is_dir():
        raise StageError(f"--results_dir {settings.results_dir} does not exist: make it with: python run_pipeline.py")
    check_apart(settings.image_dir, export_dir, "--image_dir", "--export_dir")
    tiles = settings.map_tiles
    if tiles is not None:
        if not tiles.startswith(("https://", "http://")) or any(f"{{{part}}}" not in tiles for part in "xyz"):
            raise UsageError(f"--map_tiles is {tiles!r}, but must be a web address with {{z}}, {{x}} and {{y}} in it")
        if not settings.map_attribution.strip():
            raise UsageError("--map_tiles needs --map_attribution: say whose map it is")


def _check_is_own(export_dir: Path) -> None:
    """Refuse a folder with anything in it that no report put there."""
    if not export_dir.exists() or (export_dir / RECORD_NAME).exists():
        return
    if not export_dir.is_dir():
        raise StageError(f"--export_dir {export_dir} is no folder: give another")
    foreign = next((path for path in walk_files(export_dir) if not _is_litter(path)), None)
    if foreign is not None:
        raise StageError(f"--export_dir {export_dir} holds {foreign!r} and is no report: give an empty or a new folder")


def _is_litter(path: str) -> bool:
    """Say whether a file is what browsers leave, or what a run leaves that was killed while it wrote its record."""
    is_half_written = path.startswith(f".{RECORD_NAME}.") and path.endswith(TEMPORARY_SUFFIX)
    return is_half_written or path.rpartition("/")[2] in LITTER


class _Making:
    """One run: the record of the former report, and the report of this run that fills up."""

    def __init__(self, settings: ReportSettings, export_dir: Path, inputs: ReportInputs, report: RunReport) -> None:
        self.settings = settings
        self.export_dir = export_dir
        self.inputs = inputs
        self.report = report
        sides = (settings.thumbnail_side, settings.photo_side)
        self.former = read_record(export_dir) or ReportRecord(sides=sides)
        self.record = ReportRecord(True, sides)
        self.num_written = 0

    def run(self) -> None:
        """Make pictures first, then whatever shows them, then remove what nothing shows any more."""
        is_new = not (self.export_dir / RECORD_NAME).exists()
        if self.former.sides != self.record.sides:
            self.former.sides = MIXED  # so that no run after a killed one takes pictures of another size for its own
        if is_new or self.former.sides == MIXED:
            write_record(self.export_dir, self.former)  # from now on the folder is known for a report
        for folder in FOLDERS:
            remove_leftovers(self.export_dir / folder)
        seen = see_photos(self.settings, self.export_dir, self.inputs.names, self.former)
        content = gather_report(self.inputs, seen.facts, seen.problems)
        texts = dict(self._texts(content))
        sheets = [] if self.settings.no_contact_sheets else sheet_paths(content.buildings)
        self.record.photos = seen.facts
        self.record.sheets = {sheet.path: sheet.digest for sheet in sheets}
        self.record.files = {*picture_paths(seen.facts), *texts, *self.record.sheets}
        is_same = self.record == self.former
        if not is_same:
            # A killed run leaves a record that names what it may have written, so that the next one can remove it.
            both = self.former.files | self.record.files
            write_record(self.export_dir, replace(self.record, is_complete=False, files=both, sheets={}))
        for path, text in texts.items():
            self._write(path, text.encode("utf-8", "backslashreplace"))
        self._draw(sheets)
        num_removed = self._remove_stale()
        if not is_same:
            write_record(self.export_dir, self.record)
        self._report(content, seen, num_removed)

    def _texts(self, content: ReportContent) -> Iterator[tuple[str, str]]:
        yield from ReportPages(content, self.settings).texts()
        yield "buildings.csv", buildings_csv(content)
        yield "photos.csv", photos_csv(content)
        yield "buildings.geojson", geojson_text(content)
        yield "buildings.kml", kml_text(content, self.settings.title)
        for path, source in ASSETS.items():
            yield path, read_stage_input(source, "installing the project again").decode("utf-8")

    def _draw(self, sheets: list[Sheet]) -> None:
        for sheet in progress_bar(sheets, len(sheets), "contact sheets"):
            is_drawn = self.former.sheets.get(sheet.path) == self.record.sheets[sheet.path]
            if self.former.sides == MIXED or not (is_drawn and (self.export_dir / sheet.path).is_file()):
                self._write(sheet.path, draw_sheet(sheet, self.export_dir))

    def _write(self, path: str, content: bytes) -> None:
        """Write a file unless it stands there already."""
        target = self.export_dir / path
        if target.is_file() and target.stat().st_size == len(content) and _content(target) == content:
            return
        make_folder(target.parent)
        write_bytes(target, content)
        self.num_written += 1

    def _remove_stale(self) -> int:
        """Remove what a former report wrote and this one does not have, pictures of killed runs too; nothing else."""
        pictures = {
            f"{folder}/{path.name}"
            for folder in (SMALL, LARGE)
            for path in paths_in(self.export_dir / folder, "*.jpg")
            if PICTURE.fullmatch(path.name)
        }
        stale = sorted((self.former.files | pictures) - self.record.files)
        removed = [path for path in stale if inside(self.export_dir, path).is_file()]
        for path in removed:
            (self.export_dir / path).unlink()
        return len(removed)

    def _report(self, content: ReportContent, seen: SeenPhotos, num_removed: int) -> None:
        report = self.report
        skipped = self.inputs.grouped.info.get("skipped", [])
        report.skipped = [SkippedPhoto(name, reason) for name, reason in seen.problems.items()]
        report.skipped += [SkippedPhoto(row["name"], row["reason"]) for row in skipped]
        report.counts = {
            "photos": len(content.photos),
            "buildings": len(content.buildings),
            "alone": len(content.singletons),
            "pictures made": seen.num_made,
            "files written": self.num_written,
            "files removed": num_removed,
            "skipped": len(set(report.skipped)),
        }
        report.notes = list(content.notes)
        report.outputs = {"report": printable(self.export_dir / "index.html")}
        report.is_current = not (seen.num_made or self.num_written or num_removed)


def _content(path: Path) -> bytes:
    return read_stage_input(path, f"python -m tools.{STAGE}")
