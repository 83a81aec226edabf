"""The stage of ``tools.evaluate_finetuning``: checkpoints against their start, on photos whose buildings are known."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.extractors import ONNX, create_extractor
from hloc.extractors.base import ExtractorOptions
from stages.checks import check_apart, check_range, settings_as_json
from stages.evaluate import match_labels
from stages.figures import has_matplotlib
from stages.finetuning.finetune import picture_of
from stages.finetuning.measures import STATISTICS, Comparison, Judged, compare, judge, sentence
from stages.finetuning.picture import draw_recall, draw_statistics
from stages.settings.finetuning import EvaluateFinetuningSettings
from stages.work_folder import clear_leftovers
from storage.errors import StageError, UsageError
from storage.fingerprints import sha256_of_file
from storage.formats.csv_text import csv_text
from storage.formats.groups import read_groups
from storage.lock import work_lock
from storage.report import RunReport
from storage.unchanged import write_if_changed, write_json_if_changed, write_text_if_changed
from training.computing import computing
from training.finetuning.checkpoints import checkpoint_path
from training.finetuning.export import describe_pictures
from training.finetuning.networks import read_encoder
from training.photo_set import PhotoFile, PhotoSet, find_photos, load_photos

STAGE = "evaluate_finetuning"
START_NAME = "start"
FILE_FORMAT, FORMAT_VERSION = "finetuning-evaluation", 1
JSON_NAME, CSV_NAME, BUILDINGS_NAME = "evaluation.json", "evaluation.csv", "buildings.csv"
SMALL = 64  # pixels
RECALL_NAME, STATISTICS_NAME = "recall.png", "statistics.png"


def evaluate_finetuning(settings: EvaluateFinetuningSettings) -> RunReport:
    """Measure each checkpoint and the start, and say which is better.

    Writes ``evaluation.json``, ``evaluation.csv``, ``buildings.csv`` and two pictures to ``settings.output_dir``.

    Parameters
    ----------
    settings : EvaluateFinetuningSettings
        What is measured, on what.

    Raises
    ------
    UsageError
        When a setting is out of range, or it is not clear what the start is.
    StageError
        When a file is missing or damaged, or no two photos show one building.
    """
    began = time.monotonic()
    start = _checked(settings)
    truth = _truth(settings)
    with work_lock(settings.output_dir):
        clear_leftovers(settings.output_dir, STAGE)
        with computing(settings.num_threads):
            paths = [start, *(path for path in settings.checkpoints if path.resolve() != start.resolve())]
            names = [START_NAME, *_names(paths[1:])]
            judged = [
                judge(name, _described(path, settings, truth), truth.buildings)
                for name, path in zip(names, paths, strict=True)
            ]
        comparisons = [compare(judged[0], one, settings.num_resamples, settings.seed) for one in judged[1:]]
        report = RunReport(
            STAGE, settings=settings_as_json(settings) | {"checkpoints": [str(path) for path in paths[1:]]}
        )
        report.counts = {"photos": len(truth.files), "buildings": int(truth.buildings.max()) + 1}
        report.counts |= {"buildings_of_two_photos_or_more": len(judged[0].statistics), "checkpoints": len(paths) - 1}
        report.skipped = list(truth.skipped)
        report.notes += [sentence(judged[0], one, found) for one, found in zip(judged[1:], comparisons, strict=True)]
        report.notes += truth.notes
        buildings = csv_text(("name", "building", "photos", *STATISTICS), _of_buildings(judged, truth.names))
        written = write_text_if_changed(settings.output_dir / BUILDINGS_NAME, buildings)
        written |= _write(settings, paths, judged, [None, *comparisons], report)
        report.is_current = not written
        report.seconds = time.monotonic() - began
        if written:
            report.write(settings.output_dir)
    return report


@dataclass
class _Truth:
    """The photos that are judged on, and the building of each, numbered from 0."""

    files: list[PhotoFile]
    buildings: NDArray[np.int64]
    names: list[str]
    notes: list[str]
    skipped: list[Any] = field(default_factory=list)
    decoded: dict[int | None, PhotoSet] = field(default_factory=dict)

    def photos(self, side: int) -> list[NDArray[np.uint8]]:
        """Give the photos, at most so long; decoded once for each length. StageError where one has changed since."""
        if side not in self.decoded:
            found = load_photos(self.files, side)
            for photo in found.skipped:
                raise StageError(f"{photo.name} could be read before, and now {photo.reason}; run again")
            self.decoded[side] = found
        return self.decoded[side].photos


def _checked(settings: EvaluateFinetuningSettings) -> Path:
    """Check the settings; give the start."""
    check_apart(settings.image_dir, settings.output_dir, "--image_dir", "--output_dir")
    check_range("--num_resamples", settings.num_resamples, 100)
    for k in settings.k:
        check_range("--k", k, 1)
    if settings.input_side is not None:
        check_range("--input_side", settings.input_side, 32)
    if settings.start is not None:
        return settings.start
    start = settings.checkpoints[0].with_name(checkpoint_path(Path(), 0).name)
    if not start.is_file():
        raise UsageError(f"--start: {start} is not there; name the network that the fine-tuning began with")
    return start


def _truth(settings: EvaluateFinetuningSettings) -> _Truth:
    """Find the photos that have a label and can be decoded, number their buildings."""
    files = find_photos([settings.image_dir], follow_links=settings.follow_links)
    label_of, missing = match_labels([file.name for file in files], read_groups(settings.truth, settings.image_dir))
    labelled = [file for file in files if file.name in label_of]
    if not labelled:
        raise StageError(f"none of the photos of {settings.image_dir} is in {settings.truth}; names are relative to it")
    loaded = load_photos(labelled, SMALL)  # says which cannot be decoded, once
    labels = [label_of[file.name] for file in loaded.files]
    names, numbers = np.unique(labels, return_inverse=True)
    if len(names) == len(labels):
        raise StageError(f"{settings.truth}: no two of the {len(labels)} photos show one building; nothing to find")
    notes = []
    if missing:
        notes.append(f"{len(missing)} paths of {settings.truth} are not in {settings.image_dir}")
    if len(labelled) < len(files):
        notes.append(f"{len(files) - len(labelled)} photos have no label and are left out")
    return _Truth(loaded.files, numbers.astype(np.int64), names.tolist(), notes, loaded.skipped)


def _names(paths: list[Path]) -> list[str]:
    """Give each file a short name: its own, or with its folders where two share it."""
    own = [path.name for path in paths]
    return [str(path) if own.count(path.name) > 1 else path.name for path in paths]


def _described(path: Path, settings: EvaluateFinetuningSettings, truth: _Truth) -> NDArray[np.float32]:
    """Give the unit vectors of all photos."""
    describes: Callable[[Path, int | None, _Truth], NDArray[np.float32]]
    describes = _by_onnx if path.suffix.lower() == ".onnx" else _by_checkpoint
    return describes(path, settings.input_side, truth)


def _by_checkpoint(path: Path, side: int | None, truth: _Truth) -> NDArray[np.float32]:
    _, encoder = read_encoder(path)
    picture = picture_of(side or encoder.input_side)
    return describe_pictures(encoder.module, [picture.of(photo) for photo in truth.photos(picture.max_side)])


def _by_onnx(path: Path, side: int | None, truth: _Truth) -> NDArray[np.float32]:
    model = f"{ONNX}{path}"
    size = None if side is None else str(side)
    extractor = create_extractor(model, ExtractorOptions(model=model, device="cpu", input_size=size))
    photos = truth.photos(extractor.max_side or 0)
    return np.concatenate([extractor.describe([extractor.prepare(photo)]) for photo in photos])


def _write(
    settings: EvaluateFinetuningSettings,
    paths: list[Path],
    judged: list[Judged],
    comparisons: list[Comparison | None],
    report: RunReport,
) -> bool:
    """Write the figures and their pictures; say whether any of them changed."""
    folder, rows = settings.output_dir, []
    for path, one, found in zip(paths, judged, comparisons, strict=True):
        row: dict[str, Any] = {"name": one.name, "file": path.name, "sha256": sha256_of_file(path)}
        row |= one.as_row(settings.k)
        values = (None,) * 4 if found is None else (found.gain, found.low, found.high, found.verdict)
        rows.append(row | dict(zip(("gain", "gain_low", "gain_high", "verdict"), values, strict=True)))
    figures = {"format": FILE_FORMAT, "format_version": FORMAT_VERSION, "networks": rows}
    written = write_json_if_changed(folder / JSON_NAME, figures | {"sentences": report.notes[: len(paths) - 1]})
    table = csv_text(list(rows[0]), [list(row.values()) for row in rows])
    written |= write_text_if_changed(folder / CSV_NAME, table)
    report.outputs = {"figures": str(folder / CSV_NAME), "as JSON": str(folder / JSON_NAME)}
    report.outputs |= {"statistics of buildings": str(folder / BUILDINGS_NAME)}
    if has_matplotlib():
        written |= write_if_changed(folder / RECALL_NAME, draw_recall(judged, comparisons, max(settings.k)))
        written |= write_if_changed(folder / STATISTICS_NAME, draw_statistics(judged))
        report.outputs |= {"recall": str(folder / RECALL_NAME), "statistics": str(folder / STATISTICS_NAME)}
    else:
        report.notes.append("no pictures: matplotlib is not installed; pip install matplotlib")
    return written


def _of_buildings(judged: list[Judged], names: list[str]) -> list[list[Any]]:
    return [
        [one.name, names[building], found.size, *(getattr(found, name) for name in STATISTICS)]
        for one in judged
        for building, found in one.statistics.items()
    ]
