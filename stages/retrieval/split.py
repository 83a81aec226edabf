"""The stage of ``tools.split_templates``: a database of one template a class, and all others as queries."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from stages.checks import check_apart, check_mode, settings_as_json
from stages.image_folder import follows_links
from stages.retrieval.template_plan import TemplatePlan, plan_split
from stages.settings.pipeline import TRANSFER_MODES
from stages.settings.retrieval import SplitSettings
from stages.work_folder import Places, clear_leftovers, source_fingerprint
from storage.atomic import make_folder
from storage.errors import PhotoError, StageError
from storage.formats.manifest import (
    MANIFEST_NAME,
    ManifestEntry,
    check_unchanged_mode,
    printable,
    read_or_new,
    write_manifest,
)
from storage.formats.truth import CLASS_COLUMNS, TRUTH_NAME, TruthRow, write_truth
from storage.listing import list_photos
from storage.lock import work_lock
from storage.names import inside, resolve_clashes
from storage.progress import progress_bar
from storage.report import RunReport, SkippedPhoto
from storage.transfer import is_linked, transfer

STAGE = "split_templates"
DATABASE, QUERIES = "database", "queries"


def split_templates(settings: SplitSettings) -> RunReport:
    """Put one template of each class in ``database/``, its other photos in ``queries/``, and write ``truth.csv``.

    The source is only read. Each of the two folders carries a manifest like a work folder, so a second run writes
    nothing, and one with another table takes away the copies that are no longer wanted, as far as they are as they
    were made. What this program did not write is left alone.

    Parameters
    ----------
    settings : SplitSettings
        The table, the photos, where to, and which photo is the template.

    Returns
    -------
    RunReport
        Counts: ``classes``, ``database`` and ``queries`` (photos that stand), ``written``, ``removed``, ``not_listed``
        (photos of the folder that the table does not name), ``skipped``.

    Raises
    ------
    UsageError
        When an argument is wrong, or the export was made with another ``mode``.
    StageError
        When the table or the folder is missing or wrong, or nothing could be copied.
    """
    started = time.monotonic()
    check_mode(settings.mode, TRANSFER_MODES)
    check_apart(settings.image_dir, settings.export_dir, "--image_dir", "--export_dir")
    follow_links = follows_links(settings.image_dir, settings.follow_links)
    plan = plan_split(settings, follow_links)
    report = RunReport(STAGE, settings_as_json(settings), skipped=list(plan.skipped))
    with work_lock(settings.export_dir):
        clear_leftovers(settings.export_dir, STAGE)
        _Splitting(settings, plan, follow_links, report).run()
        report.seconds = time.monotonic() - started
        if not report.is_current:
            report.write(settings.export_dir)
    return report


class _Splitting:
    """One run of the stage."""

    def __init__(self, settings: SplitSettings, plan: TemplatePlan, follow_links: bool, report: RunReport) -> None:
        self.settings = settings
        self.plan = plan
        self.follow_links = follow_links
        self.report = report
        self.done: Counter[str] = Counter()

    def run(self) -> None:
        """Fill both folders, then write the truth of what stands in them."""
        plan, report, folder = self.plan, self.report, self.settings.export_dir
        names = resolve_clashes([*plan.templates.values(), *plan.queries])
        database = self._fill(DATABASE, {names[name]: name for name in plan.templates.values()})
        queries = self._fill(QUERIES, {names[name]: name for name in plan.queries})
        if not database:
            first = report.skipped[-1]
            raise StageError(f"no template could be copied; {first.name!r}: {first.reason}")
        rows = []
        for name, label in plan.queries.items():
            template = names[plan.templates[label]]
            if names[name] in queries and template in database:
                rows.append(TruthRow(names[name], template, dict.fromkeys(CLASS_COLUMNS, label)))
        has_changed = write_truth(folder / TRUTH_NAME, CLASS_COLUMNS, rows)
        report.is_current = not (has_changed or self.done["written"] or self.done["removed"] or report.skipped)
        report.counts = {"classes": len(plan.templates), DATABASE: len(database), QUERIES: len(queries)}
        report.counts |= {"written": self.done["written"], "removed": self.done["removed"]}
        report.counts |= {"not_listed": plan.num_unlisted, "skipped": len(set(report.skipped))}
        report.outputs = {key: printable(folder / key) for key in (DATABASE, QUERIES)}
        report.outputs["truth"] = printable(folder / TRUTH_NAME)
        num_lost = len(queries) - len(rows)
        if num_lost:
            report.notes.append(f"{num_lost} queries are not in {TRUTH_NAME}: the template of their class is skipped")

    def _fill(self, part: str, sources: Mapping[str, str]) -> set[str]:
        """Bring one of the two folders up to date; give the image names that stand in it."""
        folder = self.settings.export_dir / part
        make_folder(folder)
        manifest = read_or_new(folder, self.settings.mode)
        check_unchanged_mode(manifest, self.settings.mode, folder)
        manifest.mode = self.settings.mode
        places = Places(folder)
        clear_leftovers(folder, STAGE, ((folder / name).parent for name in sources))
        before = dict(manifest.by_name)
        standing = set()
        try:
            self._remove_others(places, manifest.by_name, set(sources))
            for name, source in progress_bar(sources.items(), len(sources), part):
                try:
                    manifest.add(self._put(places.path(name), name, source, manifest.by_name.get(name)))
                    standing.add(name)
                except PhotoError as error:
                    self.report.skipped.append(SkippedPhoto(source, error.reason))
        finally:
            if manifest.by_name != before or not (folder / MANIFEST_NAME).exists():
                write_manifest(folder / MANIFEST_NAME, manifest)
        self._note_unknown(folder, standing)
        return standing

    def _remove_others(self, places: Places, entries: dict[str, ManifestEntry], wanted: set[str]) -> None:
        """Take away the copies of a former table that this one does not want there."""
        for name in sorted(set(entries) - wanted):
            target = places.path(name)
            is_own = entries[name].state(target) is not None or is_linked(
                entries[name].source_path, target, self.settings.mode
            )
            if os.path.lexists(target) and not is_own:
                self.report.notes.append(f"{printable(target)} was changed since it was copied, so it is kept")
            else:
                target.unlink(missing_ok=True)
                self.done["removed"] += 1
            del entries[name]

    def _put(self, target: Path, name: str, source: str, entry: ManifestEntry | None) -> ManifestEntry:
        path = inside(self.settings.image_dir, source, self.follow_links).absolute()
        if os.path.lexists(target):
            found = source_fingerprint(path, entry)
            current = ManifestEntry(name, str(path), found)
            if is_linked(path, target, self.settings.mode):
                return current
            is_copy = self.settings.mode in ("copy", "reflink") and not target.is_symlink()
            if is_copy and current.state(target) is not None:
                return current
            if entry is None or entry.state(target) is None:
                raise PhotoError(f"another file stands at {target}, which this program did not write: move it away")
        self.done["written"] += 1
        return ManifestEntry(name, str(path), transfer(path, target, self.settings.mode))

    def _note_unknown(self, folder: Path, standing: Iterable[str]) -> None:
        try:
            listed = list_photos(folder, follow_links=True)
        except StageError:  # there is none
            return
        num_unknown = len(set(listed) - set(standing))
        if num_unknown:
            self.report.notes.append(
                f"{printable(folder)} holds {num_unknown} photos more, which this program did not put there; they "
                "would be searched as well: move them away"
            )
