"""A whole training of an autoencoder: photos, pictures, learning, export, and the papers that go with the model."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

from storage.fingerprints import sha256_of_file
from storage.lock import work_lock
from storage.pictures import DECODED_PER_SIDE, letterboxed
from storage.report import RunReport
from storage.unchanged import write_json_if_changed, write_text_if_changed
from training.autoencoder.export import export_encoder
from training.autoencoder.learning import MADE_BY, AutoencoderLearning, Pictures
from training.autoencoder.losses import make_loss
from training.autoencoder.settings import MODEL_FILE, AutoencoderRecipe
from training.computing import check_device, computing
from training.photo_set import PhotoSet, find_photos, load_photos
from training.reporting import CURVE_FILE, EpochReports, check_tensorboard
from training.student import count_parameters

STAGE = "train_autoencoder"
CHECKPOINT_FILE, RECIPE_FILE, PHOTOS_FILE = "checkpoint.pt", "recipe.json", "photos.csv"


def train_autoencoder(recipe: AutoencoderRecipe) -> RunReport:
    """Carry out a training, or what is left of it.

    Parameters
    ----------
    recipe : AutoencoderRecipe
        What is to be done.

    Returns
    -------
    RunReport
        Where the model lies, how many epochs there were and which was best; photos that cannot be decoded.

    Raises
    ------
    StageError
        When a package or the weights of VGG19 are missing, fewer than two photos can be decoded, or the loss is no
        number any more.
    UsageError
        When a setting is out of range, or the output folder holds a training with other settings.
    """
    began = time.monotonic()
    recipe.learning.check()
    check_device(recipe.device)
    if recipe.tensorboard:
        check_tensorboard()
    with work_lock(recipe.output_dir), computing(recipe.num_threads):
        loss = make_loss(recipe.learning.loss, recipe.device)
        photos, num_found = _photos(recipe)
        pictures = Pictures(photos.photos, photos.digest)
        learning = AutoencoderLearning(pictures, recipe.learning, loss, recipe.device)
        network = _learnt(recipe, learning)
        model = recipe.output_dir / MODEL_FILE
        told = {"epoch": learning.best_epoch, "validation_loss": learning.best_loss} | learning.identity
        export_encoder(model, network, recipe.learning.picture_size, told)
        written = write_text_if_changed(recipe.output_dir / PHOTOS_FILE, photos.as_csv())
        result = _result(learning, model) | {"parameters": count_parameters(network)}
        written |= write_json_if_changed(recipe.output_dir / RECIPE_FILE, learning.identity | {"result": result})
        report = _report(recipe, learning, photos, num_found)
        report.seconds = time.monotonic() - began
        report.is_current = not written  # the recipe holds the checksum of the model
        if written:
            report.write(recipe.output_dir)
    return report


def _photos(recipe: AutoencoderRecipe) -> tuple[PhotoSet, int]:
    """Decode the photos and fit each into the one size of picture; give how many there were, too."""
    width, height = recipe.learning.picture_size
    files = find_photos(recipe.images, follow_links=recipe.follow_links)
    as_kept = partial(letterboxed, width=width, height=height)
    return load_photos(files, DECODED_PER_SIDE * max(width, height), as_kept), len(files)


def _learnt(recipe: AutoencoderRecipe, learning: AutoencoderLearning) -> Any:
    reports = EpochReports(recipe.output_dir, MADE_BY, recipe.tensorboard)
    try:
        return learning.run(recipe.output_dir / CHECKPOINT_FILE, reports.add)
    finally:
        reports.close()


def _result(learning: AutoencoderLearning, model: Path) -> dict[str, Any]:
    best = {"best_epoch": learning.best_epoch, "best_validation_loss": learning.best_loss}
    return {"model": model.name, "sha256": sha256_of_file(model), "epochs": learning.epoch} | best


def _report(recipe: AutoencoderRecipe, learning: AutoencoderLearning, photos: PhotoSet, num_found: int) -> RunReport:
    model = recipe.output_dir / MODEL_FILE
    learnt, validated = len(learning.learnt_from), len(learning.validated_on)
    return RunReport(
        STAGE,
        settings=learning.settings.identity() | {"images": [str(folder) for folder in recipe.images]},
        counts={"photos": num_found, "learnt_from": learnt, "validated_on": validated}
        | {"epochs": learning.epoch, "best_epoch": learning.best_epoch},
        skipped=photos.skipped,
        outputs={"model": str(model), "curve": str(recipe.output_dir / CURVE_FILE)},
        notes=[
            f"validation loss {learning.best_loss:.6g} after epoch {learning.best_epoch}, whose weights are kept",
            f"use it with: python extract_features.py --model autoencoder --weights {model}",
        ],
    )
