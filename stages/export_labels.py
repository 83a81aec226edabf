"""The stage of ``tools.export_labels``: which photo shows which building, for other programs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stages.checks import settings_as_json
from stages.explaining.inputs import read_grouped
from stages.image_folder import follows_links
from stages.settings.tools import ExplainSettings, LabelsSettings
from stages.work_folder import clear_leftovers
from storage.errors import PhotoError, StageError, UsageError
from storage.formats.clusters import SINGLETONS_KEY
from storage.formats.labels import SINGLE_LABEL
from storage.formats.manifest import has_manifest, printable
from storage.label_formats import get_label_format
from storage.label_formats.base import LabelFormat, LabelledPhoto
from storage.lock import work_lock
from storage.names import inside
from storage.photos import ACCEPTED_MEGAPIXELS, photo_size
from storage.progress import progress_bar
from storage.report import RunReport, SkippedPhoto, check_accounting

STAGE = "export_labels"
FOLDER = "labels"


def export_labels(settings: LabelsSettings) -> RunReport:
    """Write the labels of all photos in one of ``storage.label_formats.LABEL_FORMATS``.

    Parameters
    ----------
    settings : LabelsSettings
        The format, where the clusters are and where the labels go.

    Returns
    -------
    RunReport
        Counts: ``photos``, ``labelled``, ``alone``, ``buildings``, ``files written``, ``files removed``, ``skipped``.

    Raises
    ------
    UsageError
        When the format is unknown or needs a package, or the labels would go where they may not.
    StageError
        When there are no clusters, or a file is damaged.
    """
    started = time.monotonic()
    label_format = get_label_format(settings.label_format)
    if not settings.results_dir.is_dir():
        raise StageError(f"--results_dir {settings.results_dir} does not exist: make it with: python run_pipeline.py")
    target = settings.output or settings.results_dir / FOLDER / label_format.file_name
    _check_target(settings, target, label_format)
    report = RunReport(STAGE, settings=settings_as_json(settings))
    with work_lock(settings.results_dir):
        clear_leftovers(settings.results_dir, STAGE)
        notes: list[str] = []
        photos = list(_labelled(settings, notes))
        num_photos = len(photos)
        if label_format.needs_sizes:
            photos = list(_with_sizes(settings, photos, report))
        written = label_format.write(target, photos)
        report.skipped += written.skipped
        left_out = {photo.name for photo in written.skipped}
        num_alone = sum(photo.building is None and photo.name not in left_out for photo in photos)
        num_labelled = sum(photo.building is not None and photo.name not in left_out for photo in photos)
        check_accounting(report, num_photos, labelled=num_labelled, alone=num_alone)
        report.counts = {"photos": num_photos, "labelled": num_labelled, "alone": num_alone}
        report.counts |= {"buildings": len({photo.building for photo in photos} - {None})}
        report.counts |= {"files written": written.num_written, "files removed": written.num_removed}
        report.counts["skipped"] = len(report.skipped)
        report.notes, report.outputs = notes, {"labels": printable(target)}
        report.seconds = time.monotonic() - started
        report.is_current = not (written.num_written or written.num_removed)
        if not report.is_current:
            report.write(settings.results_dir)
    return report


def building_labels(clusters: dict[str, list[str]], names: dict[str, str]) -> dict[str, str]:
    """Give every cluster number a label of its own: the name that a person gave, else ``cluster_N``.

    A name that means a photo that is alone, or looks like another cluster's number, does not count.
    """
    reserved = {SINGLE_LABEL, *(f"cluster_{key}" for key in clusters)}
    numbers = [key for key in clusters if key != SINGLETONS_KEY]
    return {key: names[key] if names.get(key, SINGLE_LABEL) not in reserved else f"cluster_{key}" for key in numbers}


def _check_target(settings: LabelsSettings, target: Path, label_format: LabelFormat) -> None:
    if not label_format.is_folder:
        if settings.output is not None and target.exists():
            raise UsageError(f"--output {target} is there already, and may be somebody's: give another name")
        return
    if target.exists() and not target.is_dir():
        raise UsageError(f"--output {target} is no folder, but {settings.label_format} is one file per photo")
    is_beside = target.resolve().is_relative_to(settings.image_dir.resolve())
    if is_beside and not has_manifest(settings.image_dir):
        raise UsageError(
            f"--output {target} lies among photos that copy_images.py did not put there and that may be originals: "
            "give another folder"
        )


def _labelled(settings: LabelsSettings, notes: list[str]) -> Iterator[LabelledPhoto]:
    """Give all photos of the clusters with their buildings, sorted by name."""
    wanted = ExplainSettings("", "", image_dir=settings.image_dir, results_dir=settings.results_dir)
    grouped = read_grouped(wanted, notes)
    if grouped.clusters is None:
        raise StageError(notes[0])
    entries: dict[str, dict[str, Any]] = grouped.info.get("clusters", {})
    names = {key: str(entry["name"]) for key, entry in entries.items() if entry.get("name")}
    labels = building_labels(grouped.clusters, names)
    chosen = {name for entry in entries.values() for name in entry.get("representatives", [])}
    owner = {name: key for key, members in grouped.clusters.items() for name in members}
    for name in sorted(owner):
        key = owner[name]
        if key == SINGLETONS_KEY:
            yield LabelledPhoto(name)
        else:
            yield LabelledPhoto(name, int(key), labels[key], name in chosen)


def _with_sizes(
    settings: LabelsSettings, photos: Sequence[LabelledPhoto], report: RunReport
) -> Iterator[LabelledPhoto]:
    """Give the photos with their sizes; those that cannot be read are named in the report."""
    is_linked = follows_links(settings.image_dir, settings.follow_links)
    for photo in progress_bar(photos, len(photos), "sizes"):
        try:
            width, height = photo_size(inside(settings.image_dir, photo.name, is_linked), ACCEPTED_MEGAPIXELS)
        except PhotoError as error:
            report.skipped.append(SkippedPhoto(photo.name, error.reason))
            continue
        yield replace(photo, width=width, height=height)
