"""A whole training: photos, pool, distillation, whitening, export, and the papers that go with the model."""

from __future__ import annotations

import csv
import io
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from storage.atomic import write_json, write_text
from storage.errors import UsageError
from storage.fingerprints import sha256_of_file
from storage.formats.json_file import read_stage_input
from storage.formats.labels import SINGLE_LABEL, read_labels
from training.checkpoints import MADE_BY, read_checkpoint
from training.distillation import Distillation, Progress, Running
from training.export import export_student
from training.judging import Jury, as_pictures, describe
from training.photo_set import PhotoFile, PhotoSet, copies_of, find_photos, load_photos, whole_answers
from training.pool import make_pool
from training.settings import Recipe
from training.student import count_parameters
from training.teacher import Teacher, open_teacher
from training.whitening import learn_whitening

log = logging.getLogger(__name__)
LOADERS_FOR_GPU = 8
MODEL_FILE, CURVE_FILE = "street.onnx", "curve.csv"
CURVE_COLUMNS = (
    ("samples", "seconds", "input_side", "cosine_loss", "relational_loss", "local_loss")
    + ("mean_average_precision", "precision_at_1", "true_pairs_in_top_10")
)  # fmt: skip


def train(recipe: Recipe, teacher: Teacher | None = None) -> dict[str, Any]:
    """Carry out a training, or what is left of it.

    Parameters
    ----------
    recipe : Recipe
        What is to be done.
    teacher : Teacher, optional
        In place of the recipe's file.

    Returns
    -------
    dict
        Where the model lies, its size, and how it measures where there is a jury.

    Raises
    ------
    StageError
        When a file is missing or nothing is left to learn from.
    UsageError
        When the output folder holds a training with other settings.
    """
    import torch

    if recipe.num_threads is not None:
        torch.set_num_threads(recipe.num_threads)
    # Numbers that fade towards zero slow a processor down by much, and change nothing.
    torch.set_flush_denormal(True)
    try:
        return _train(recipe, teacher)
    finally:
        torch.set_flush_denormal(False)


def _train(recipe: Recipe, teacher: Teacher | None) -> dict[str, Any]:
    # Many workers with the teacher's own code are faster than one GPU that waits for one core's crops.
    teacher = teacher or open_teacher(recipe.teacher, "cpu" if recipe.num_workers > 1 else recipe.device)
    files = _files(recipe)
    jury = None if recipe.judge is None else Jury(recipe.judge, recipe.input_side)
    photos = _photos(recipe, files, teacher, jury)
    pool = make_pool(recipe.output_dir / "crops", photos, teacher, recipe.pool, recipe.num_workers)
    training = Distillation(pool, recipe.student, recipe.learning, recipe.device, _initial(recipe))
    curve = _Curve(recipe.output_dir / CURVE_FILE, jury)
    loaders = 0 if recipe.device == "cpu" else LOADERS_FOR_GPU
    running = Running(recipe.output_dir / "checkpoint.pt", report=curve.add, num_loaders=loaders)
    student = training.run(running).cpu()
    whitening = learn_whitening(describe(student, as_pictures(photos.photos, recipe.input_side)))
    model = recipe.output_dir / MODEL_FILE
    export_student(model, student, whitening, recipe.input_side, {"num_samples": recipe.learning.num_samples})
    result: dict[str, Any] = {"model": str(model), "sha256": sha256_of_file(model), "bytes": model.stat().st_size}
    result |= {"parameters": count_parameters(student), "photos": len(photos.photos), "seconds": training.seconds}
    if jury is not None:
        result |= asdict(jury.measure(student, whitening))
    write_json(recipe.output_dir / "recipe.json", recipe.choices() | {"teacher": teacher.identity, "result": result})
    return result


def _files(recipe: Recipe) -> list[PhotoFile]:
    """List the photos to learn from, without those of a judged building."""
    banned = set() if recipe.judge is None else set(read_labels(recipe.judge).values()) - {SINGLE_LABEL}
    return find_photos(recipe.images, recipe.groups, banned)


def _photos(recipe: Recipe, files: list[PhotoFile], teacher: Teacher, jury: Jury | None) -> PhotoSet:
    """Load the photos to learn from, without copies of those that the student is judged on, and list them."""
    photos = load_photos(files)
    for skipped in photos.skipped:
        log.warning("%s is left out: %s", skipped.name, skipped.reason)
    if jury is not None:
        is_copy = copies_of(whole_answers(photos.photos, teacher), whole_answers(jury.photos, teacher))
        copies = [file.name for file, out in zip(photos.files, is_copy, strict=True) if out]
        if copies:
            log.warning("%d photos are left out, being copies of judged ones: %s", len(copies), ", ".join(copies))
        photos = photos.without(is_copy.tolist())
    rows: list[tuple[str, ...]] = [("folder", "path", "sha256")]
    rows += [(file.folder.name, file.name, sha) for file, sha in zip(photos.files, photos.hashes, strict=True)]
    write_text(recipe.output_dir / "photos.csv", _csv_text(rows))
    return photos


def _initial(recipe: Recipe) -> dict[str, Any] | None:
    if recipe.initial is None:
        return None
    weights: dict[str, Any] = read_checkpoint(recipe.initial)["averaged"]
    return weights


class _Curve:
    """Measures against crops seen, rewritten with every new line; lines of an earlier leg are kept."""

    def __init__(self, path: Path, jury: Jury | None) -> None:
        self.path, self.jury = path, jury
        self.rows: list[tuple[str, ...]] = [CURVE_COLUMNS]
        if path.is_file():
            found = [tuple(row) for row in csv.reader(io.StringIO(read_stage_input(path, MADE_BY).decode("utf-8")))]
            if not found or found[0] != CURVE_COLUMNS:
                raise UsageError(f"{path} is of another program; give another --output_dir")
            self.rows = found

    def add(self, progress: Progress) -> None:
        # A killed leg may have got further than its last checkpoint: those lines come again.
        self.rows = [self.rows[0], *(row for row in self.rows[1:] if int(row[0]) < progress.samples)]
        numbers = [*progress.losses]
        if self.jury is not None:
            measures = self.jury.measure(progress.student)
            numbers += [measures.mean_average_precision, measures.precision_at_1, measures.true_pairs_in_top_10]
        first = [str(progress.samples), f"{progress.seconds:.0f}", str(progress.input_side)]
        row = (*first, *(f"{number:.4f}" for number in np.asarray(numbers)))
        self.rows.append(row + ("",) * (len(CURVE_COLUMNS) - len(row)))
        write_text(self.path, _csv_text(self.rows))
        log.info("%s", ", ".join(f"{name} {value}" for name, value in zip(CURVE_COLUMNS, row, strict=False)))


def _csv_text(rows: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
