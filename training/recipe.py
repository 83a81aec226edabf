"""A whole training: photos, crops, learning, whitening, export, and the papers that go with the model."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import UsageError
from storage.fingerprints import sha256_of_file
from storage.formats.labels import SINGLE_LABEL, read_labels
from storage.lock import work_lock
from storage.unchanged import write_json_if_changed, write_text_if_changed
from training.computing import computing
from training.export import export_student
from training.initial import Initial, read_initial
from training.judging import Jury, Measure, as_pictures, describe
from training.learning import Learning, Running
from training.objectives import Objective, adapt, contrast, distil, distil_and_contrast
from training.photo_set import PhotoFile, PhotoSet, copies_of, find_photos, load_photos, same_pictures, whole_answers
from training.pool import Aim, Pool, make_pool
from training.positives import Collection, Positives, find_positives, no_positives
from training.reporting import Reports, check_tensorboard
from training.settings import OBJECTIVES, Recipe
from training.shared_settings import check_choices
from training.student import count_parameters, make_student
from training.teacher import Teacher, open_teacher
from training.views import Views
from training.whitening import Whitening, learn_whitening, relearn_whitening

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)
LOADERS_FOR_CPU, LOADERS_FOR_GPU = 1, 8
MODEL_FILE, RECIPE_FILE = "street.onnx", "recipe.json"


@dataclass(frozen=True, eq=False)
class Materials:
    """What a training is made from, loaded once; several trainings on the same photos can share it.

    Attributes
    ----------
    photos : PhotoSet
        What is learnt from.
    teacher : Teacher or None
        Who answers.
    jury : Jury or None
        Who measures.
    initial : Initial or None
        The student that is begun with.
    positives : Positives
        Which photos show the same.
    """

    photos: PhotoSet
    teacher: Teacher | None
    jury: Jury | None
    initial: Initial | None
    positives: Positives


def train(recipe: Recipe, measure: Measure, teacher: Teacher | None = None) -> dict[str, Any]:
    """Carry out a training, or what is left of it.

    Parameters
    ----------
    recipe : Recipe
        What is to be done.
    measure : callable
        Measures descriptors against labels, where there is a jury.
    teacher : Teacher, optional
        In place of the recipe's file.

    Returns
    -------
    dict
        Where the model lies, its size, and, where there is a jury, how it measures and how the weights measured that
        it began with.

    Raises
    ------
    StageError
        When a file is missing, nothing is left to learn from, or a package is missing.
    UsageError
        When the recipe cannot be followed, or the output folder holds a training with other settings.
    """
    check_recipe(recipe, teacher is not None)
    return carry_out(recipe, gather(recipe, measure, teacher))


def check_recipe(recipe: Recipe, has_teacher: bool = False) -> None:
    """Raise UsageError when a recipe lacks what its objective needs, StageError when it lacks a package.

    Parameters
    ----------
    has_teacher : bool
        Whether a teacher is handed in beside the recipe.
    """
    has_teacher = has_teacher or recipe.teacher is not None
    check_choices(recipe, {"objective": OBJECTIVES})
    if recipe.objective == "distill" and not has_teacher:
        raise UsageError("--objective distill: needs a --teacher")
    if recipe.objective == "both" and not has_teacher and recipe.initial is None:
        raise UsageError("--objective both: needs a --teacher, or --initial weights that are their own teacher")
    if recipe.objective == "distill" and recipe.positives is not None:
        raise UsageError("--positives: say nothing to --objective distill; take both")
    if recipe.tensorboard:
        check_tensorboard()


def gather(recipe: Recipe, measure: Measure, teacher: Teacher | None = None) -> Materials:
    """Load what a training is made from; the parameters and errors are those of :func:`train`."""
    initial = None if recipe.initial is None else read_initial(recipe.initial)
    if initial is not None and initial.student != recipe.student:
        raise UsageError(f"--initial {recipe.initial}: has another --dimension or --pooling; leave those flags out")
    if teacher is None and recipe.teacher is not None:
        # Many workers with the teacher's own code are faster than one GPU that waits for one core's crops.
        teacher = open_teacher(recipe.teacher, "cpu" if recipe.num_workers > 1 else recipe.device)
    files = _files(recipe)
    jury = None if recipe.judge is None else Jury(recipe.judge, recipe.input_side, measure)
    photos = _photos(files, teacher, jury)
    if recipe.positives is None:
        positives = no_positives(len(photos.photos))
    else:
        positives = find_positives(recipe.positives, recipe.min_positive_score, photos)
    return Materials(photos, teacher, jury, initial, positives)


def carry_out(recipe: Recipe, materials: Materials) -> dict[str, Any]:
    """Train on what was gathered, export, write the papers; see :func:`train`."""
    with work_lock(recipe.output_dir), computing(recipe.num_threads):
        photos, jury, initial = materials.photos, materials.jury, materials.initial
        write_text_if_changed(recipe.output_dir / "photos.csv", photos.as_csv())
        pictures = as_pictures(photos.photos, recipe.input_side)
        result: dict[str, Any] = {}
        if jury is not None and initial is not None:
            former = _as_it_was(initial)
            result["before"] = jury.measure(former, initial.whitening or learn_whitening(describe(former, pictures)))
        learning = Learning(
            _objective(recipe, materials), recipe.student, recipe.device, None if initial is None else initial.weights
        )
        student = _learnt(recipe, learning, jury)
        whitening, learnt = _whitened(learning.objective, describe(student, pictures), initial)
        model = recipe.output_dir / MODEL_FILE
        export_student(model, student, whitening, recipe.input_side, {"num_samples": recipe.learning.num_samples})
        result = {"model": str(model), "sha256": sha256_of_file(model), "bytes": model.stat().st_size} | result
        result |= {
            "parameters": count_parameters(student),
            "photos": len(photos.photos),
            "skipped": len(photos.skipped),
            "seconds": learning.seconds,
        }
        result |= learnt | ({} if jury is None else jury.measure(student, whitening))
        origin = {"teacher": materials.teacher and materials.teacher.identity, "initial": initial and initial.identity}
        kept = result | {"model": MODEL_FILE}  # it lies beside the recipe, wherever both are taken
        write_json_if_changed(recipe.output_dir / RECIPE_FILE, recipe.choices() | origin | {"result": kept})
    return result


def _files(recipe: Recipe) -> list[PhotoFile]:
    """List the photos to learn from, without those of a judged building."""
    banned = set() if recipe.judge is None else set(read_labels(recipe.judge).values()) - {SINGLE_LABEL}
    return find_photos(recipe.images, recipe.groups, banned)


def _photos(files: list[PhotoFile], teacher: Teacher | None, jury: Jury | None) -> PhotoSet:
    """Load the photos to learn from, without copies of those that the student is judged on."""
    photos = load_photos(files)
    for skipped in photos.skipped:
        log.warning("%s is left out: %s", skipped.name, skipped.reason)
    if jury is None:
        return photos
    if teacher is None:
        is_copy = same_pictures(photos.photos, jury.photos)
    else:
        is_copy = copies_of(whole_answers(photos.photos, teacher), whole_answers(jury.photos, teacher))
    copies = [file.name for file, out in zip(photos.files, is_copy, strict=True) if out]
    if copies:
        log.warning("%d photos are left out, being copies of judged ones: %s", len(copies), ", ".join(copies))
    if len(copies) == len(photos.photos):
        raise UsageError("--images: holds nothing but copies of the photos of --judge; give other photos to learn from")
    return photos.without(is_copy.tolist())


def _objective(recipe: Recipe, materials: Materials) -> Objective:
    if recipe.objective == "distill":
        return distil(_pool(recipe, materials), recipe.learning)
    collection = Collection(materials.photos.photos, materials.photos.digest, materials.positives)
    views = Views(collection, recipe.contrastive.crops, recipe.learning.seed)
    if recipe.objective == "simclr":
        return contrast(views, recipe.learning, recipe.contrastive)
    if materials.teacher is not None:
        return distil_and_contrast(_pool(recipe, materials), views, recipe.learning, recipe.contrastive)
    assert materials.initial is not None, "check_recipe sees to it"
    former = materials.initial
    return adapt(views, recipe.learning, recipe.contrastive, _as_it_was(former), former.identity)


def _pool(recipe: Recipe, materials: Materials) -> Pool:
    assert materials.teacher is not None, "check_recipe sees to it"
    folder = recipe.pool_dir or recipe.output_dir / "crops"
    aim = None if materials.initial is None else Aim(materials.initial.identity, _describer(materials.initial))
    return make_pool(folder, materials.photos, materials.teacher, recipe.pool, num_workers=recipe.num_workers, aim=aim)


def _describer(initial: Initial) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    return partial(describe, _as_it_was(initial))


def _as_it_was(initial: Initial) -> torch.nn.Module:
    network = make_student(initial.student)
    network.load_state_dict(initial.weights)
    return network.eval()


def _learnt(recipe: Recipe, learning: Learning, jury: Jury | None) -> torch.nn.Module:
    reports = Reports(recipe.output_dir, learning.objective.weights, jury, recipe.tensorboard)
    loaders = LOADERS_FOR_CPU if recipe.device == "cpu" else LOADERS_FOR_GPU
    try:
        running = Running(recipe.output_dir / "checkpoint.pt", report=reports.add, num_loaders=loaders)
        return learning.run(running).cpu()
    finally:
        reports.close()


def _whitened(
    objective: Objective, descriptors: NDArray[np.float32], initial: Initial | None
) -> tuple[Whitening, dict[str, float]]:
    """Learn the last step; a student that kept its former answers keeps what few photos cannot say of it, too."""
    if objective.anchor is None or initial is None or initial.whitening is None:
        return learn_whitening(descriptors), {}
    whitening, share = relearn_whitening(descriptors, initial.whitening)
    return whitening, {"share_of_former_whitening": round(share, 4)}
