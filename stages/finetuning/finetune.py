"""The stage of ``tools.finetune_simclr``: photos to a fine-tuned descriptor, its checkpoints, and an ONNX file."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hloc.extractors import ONNX
from hloc.extractors.onnx_input import FILE_FORMAT, FORMAT_VERSION
from hloc.extractors.picture import Picture
from networks.simclr import PUBLISHED_SHAPES
from networks.simclr_weights import SimclrWeights, write_simclr_weights
from stages.work_folder import clear_leftovers
from storage.fingerprints import sha256_of_file
from storage.lock import work_lock
from storage.report import RunReport
from storage.unchanged import write_json_if_changed, write_text_if_changed
from training.computing import check_device, computing
from training.finetuning.checkpoints import checkpoint_path
from training.finetuning.export import describe_pictures, export_encoder, whitening_of
from training.finetuning.learning import Finetuning, Running
from training.finetuning.networks import Encoder, Start, begin, filled, make_encoder
from training.finetuning.settings import MADE_BY, FinetuneRecipe
from training.photo_set import LONGEST_SIDE, PhotoSet, find_photos, load_photos
from training.positives import Collection, Positives, find_positives, no_positives, positives_of_groups
from training.processes import Processes, joined
from training.reporting import CURVE_FILE, Epoch, EpochReports, check_tensorboard
from training.whitening import Whitening

STAGE = "finetune_simclr"
RECIPE_FILE, PHOTOS_FILE = "recipe.json", "photos.csv"


def finetune(recipe: FinetuneRecipe) -> RunReport | None:
    """Carry out a fine-tuning, or what is left of it.

    Parameters
    ----------
    recipe : FinetuneRecipe
        What is to be done.

    Returns
    -------
    RunReport or None
        Where the network lies and how the loss went; None in all but the first of several processes.

    Raises
    ------
    StageError
        When a package or weights are missing, no photo can be decoded, or the loss is no number any more.
    UsageError
        When a setting is out of range, or the output folder holds a fine-tuning with other settings.
    """
    began = time.monotonic()
    recipe.check()
    check_device(recipe.device)
    if recipe.tensorboard:
        check_tensorboard()
    with joined(recipe.device) as processes, computing(recipe.num_threads), _locked(recipe, processes):
        if processes.is_first:
            clear_leftovers(recipe.output_dir, STAGE)
        start = begin(recipe.model, recipe.weights)
        encoder = make_encoder(recipe.model, start.shape, recipe.learning.seed)
        filled(encoder, start.state, recipe.weights)
        photos = _photos(recipe, encoder.input_side)
        positives = _positives(recipe, photos)
        collection = Collection(photos.photos, photos.digest, positives)
        learning = Finetuning(collection, recipe, encoder, start, processes)
        losses = _learnt(recipe, learning, processes)
        if not processes.is_first:
            return None
        report = _report(recipe, learning, photos, losses)
        report.is_current = not _export(recipe, encoder, start, photos, report)
        report.seconds = time.monotonic() - began
        if not report.is_current:
            report.write(recipe.output_dir)
    return report


def _locked(recipe: FinetuneRecipe, processes: Processes) -> AbstractContextManager[Any]:
    return work_lock(recipe.output_dir) if processes.is_first else nullcontext()


def picture_of(side: int) -> Picture:
    """Give how a fine-tuned network sees a whole photo: its proportions kept, its longest side as told."""
    return Picture((side, side), "longest", mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def _photos(recipe: FinetuneRecipe, input_side: int) -> PhotoSet:
    side = max(LONGEST_SIDE, 2 * recipe.learning.views.size, recipe.input_side or input_side)
    return load_photos(find_photos(recipe.images, follow_links=recipe.follow_links), side)


def _positives(recipe: FinetuneRecipe, photos: PhotoSet) -> Positives:
    if recipe.clusters is not None:
        return positives_of_groups(recipe.clusters, photos)
    if recipe.pairs_file is not None:
        return find_positives(recipe.pairs_file, recipe.min_positive_score, photos, "--pairs_file")
    return no_positives(len(photos.photos))


def _learnt(recipe: FinetuneRecipe, learning: Finetuning, processes: Processes) -> list[Epoch]:
    """Learn to the end; give what was told of the epochs of this leg."""
    told: list[Epoch] = []
    with _reports(recipe, processes) as reports:

        def tell(epoch: Epoch) -> None:
            told.append(epoch)
            reports.add(epoch)

        learning.run(Running(recipe.output_dir, tell))
    return told


@contextmanager
def _reports(recipe: FinetuneRecipe, processes: Processes) -> Iterator[Any]:
    if not processes.is_first:
        yield None
        return
    reports = EpochReports(recipe.output_dir, MADE_BY, recipe.tensorboard)
    try:
        yield reports
    finally:
        reports.close()


def _export(recipe: FinetuneRecipe, encoder: Encoder, start: Start, photos: PhotoSet, report: RunReport) -> bool:
    """Write the network and the papers that go with it; say whether any of the papers changed."""
    told = {"model": recipe.model, "epochs": recipe.learning.epochs, "whitened": recipe.whiten}
    written = False
    if recipe.model in PUBLISHED_SHAPES:
        is_exact = bool(start.shape["exact_padding"])
        weights = SimclrWeights(encoder.module.state_dict(), None, is_exact)
        write_simclr_weights(recipe.model_file, weights, told | {"weights": "fine-tuned"})
    else:
        picture, whitening = picture_of(recipe.input_side or encoder.input_side), None
        if recipe.whiten:
            pictures = [picture.of(photo) for photo in photos.photos]
            whitening = whitening_of(describe_pictures(encoder.module, pictures), start.whitening)
        written = write_onnx(recipe.model_file, encoder, picture, whitening, told)
    written |= write_text_if_changed(recipe.output_dir / PHOTOS_FILE, photos.as_csv())
    result = {"model": recipe.model_file.name, "sha256": sha256_of_file(recipe.model_file), "counts": report.counts}
    chosen = recipe.identity() | {"weights": None if recipe.weights is None else sha256_of_file(recipe.weights)}
    return write_json_if_changed(recipe.output_dir / RECIPE_FILE, chosen | {"result": result}) or written


def write_onnx(
    path: Path, encoder: Encoder, picture: Picture, whitening: Whitening | None, told: Mapping[str, Any]
) -> bool:
    """Write a network for ``--model onnx:FILE``, and beside it what it takes, atomically; say whether that changed."""
    export_encoder(path, encoder.module, whitening, told)
    taken = {"input_size": list(picture.size), "input_fit": picture.fit, "input_mean": list(picture.mean)}
    taken |= {"input_std": list(picture.std)}
    header = {"format": FILE_FORMAT, "format_version": FORMAT_VERSION}
    return write_json_if_changed(Path(f"{path}.json"), header | taken)


def _report(recipe: FinetuneRecipe, learning: Finetuning, photos: PhotoSet, losses: list[Epoch]) -> RunReport:
    model, num_found = recipe.model_file, len(photos.photos) + len(photos.skipped)
    use = f"{recipe.model} --weights {model}" if recipe.model in PUBLISHED_SHAPES else f"{ONNX}{model}"
    settings = asdict(recipe.learning) | {"model": recipe.model, "images": [str(folder) for folder in recipe.images]}
    report = RunReport(
        STAGE,
        settings=settings,
        counts={"photos": num_found, "learnt_from": learning.num_learnt_from}
        | {"validated_on": learning.num_validated_on, "epochs": learning.epoch},
        skipped=photos.skipped,
        outputs={"model": str(model), "curve": str(recipe.output_dir / CURVE_FILE)}
        | {"start": str(checkpoint_path(recipe.output_dir, 0))}
        | {"checkpoint": str(checkpoint_path(recipe.output_dir, learning.epoch))},
    )
    if losses:
        first, last = losses[0], losses[-1]
        report.notes.append(
            f"training loss {first.training_loss:.4g} in epoch {first.number}, {last.training_loss:.4g} in epoch "
            f"{last.number}"
        )
    report.notes += [
        f"use it with: python extract_features.py --model {use}",
        "whether it is better than its start: python -m tools.evaluate_finetuning, on photos that it has not seen",
    ]
    return report
