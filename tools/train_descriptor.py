"""Train a compact global descriptor on folders of unlabelled photos, or adapt one to photos of your own.

With --teacher a student learns to repeat the teacher's answers to crops of the photos; without, that two crops of one
photo are more alike than crops of two (SimCLR); with --objective both, from both. With --initial and no teacher it is
adapted: it keeps its former answers, and learns from pairs of crops of your photos.

Reads   the photos of one folder or more (--images), a teacher's file (--teacher, .tflite or .onnx, or a model's name),
        weights to begin with (--initial), and pairs of photos that show the same (--positives).
Writes  to --output_dir: street.onnx (load it with extract_features.py --model street --weights FILE), recipe.json,
        photos.csv (every photo with its SHA-256), curve.csv (measures against crops seen), checkpoint.pt, and the crops
        with the teacher's answers under crops/. Killed at any moment, the same command goes on.

With --judge LABELS.csv (path,building; the photos beside it) the student is measured as it learns. Photos to learn from
that are copies of judged ones are left out and named; with --groups FILE (path,building of the photos to learn from)
so are those of a judged building.

Examples:
  python -m tools.train_descriptor --images photos --teacher mobilenet_v2.tflite --output_dir training_run
  python -m tools.train_descriptor --images my_photos --initial street --output_dir adapted
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages.command_line import ScriptParser, core_count, exit_codes
from storage.errors import UsageError
from training.settings import (
    ADAPTATION,
    INPUT_SIDE,
    OBJECTIVES,
    ContrastiveSettings,
    LearningSettings,
    LossWeights,
    PoolSettings,
    Recipe,
    StudentSettings,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hloc.extractors.base import Extractor
    from training.teacher import DescriptorTeacher

# Flags that the recipe takes as they are.
TAKEN_OVER = (
    ("output_dir", "teacher", "groups", "judge", "positives", "min_positive_score", "pool_dir", "input_side")
    + ("device", "num_threads", "num_workers", "tensorboard")
)  # fmt: skip
SHIPPED = "street"  # as --initial: the weights that come with the project


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line. Flags whose default depends on others are absent where they are not given."""
    parser = ScriptParser(__doc__)
    parser.add_argument("--images", type=Path, nargs="+", required=True, help="folders of photos to learn from")
    parser.add_argument("--output_dir", type=Path, required=True, help="where everything is written")
    parser.add_argument("--teacher", type=Path, help="the teacher's file, .tflite or .onnx, or a model")
    parser.add_argument("--initial", help="weights to begin with: street (those that ship), an .onnx, a checkpoint.pt")
    parser.add_argument("--groups", type=Path, help="CSV file path,building: which photo to learn from shows what")
    parser.add_argument("--judge", type=Path, help="CSV file path,building of photos to be judged on")
    _add_objective(parser)
    _add_student(parser)
    _add_learning(parser)
    pool = PoolSettings()
    parser.add_argument("--num_crops", type=int, default=pool.num_crops, help="crops in the pool")
    parser.add_argument("--basis_crops", type=int, default=pool.basis_crops, help="crops the projection is fitted to")
    parser.add_argument("--pool_dir", type=Path, help="where the pool lies; by default OUTPUT_DIR/crops")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--num_threads", type=int, help="threads of the processor; all by default")
    parser.add_argument("--num_workers", type=core_count, default=1, help="processes that make crops; auto: all cores")
    parser.add_argument("--tensorboard", action="store_true", help="write scalars to OUTPUT_DIR/tensorboard too")
    return parser.parse_args(argv)


def _add_objective(parser: ScriptParser) -> None:
    contrastive = ContrastiveSettings()
    parser.add_argument(
        "--objective",
        choices=OBJECTIVES,
        default=argparse.SUPPRESS,
        help="what is learnt from (default: distill with --teacher, both with --initial alone, else simclr)",
    )
    weight, temperature, least = "--contrastive_weight", "--temperature", "--min_positive_score"
    parser.add_argument(weight, type=_positive, default=contrastive.weight, help="of the pairs, with both")
    parser.add_argument(temperature, type=_positive, default=contrastive.temperature, help="of the contrastive loss")
    parser.add_argument("--positives", type=Path, help="a pairs file: photos that show the same")
    parser.add_argument(least, type=float, default=Recipe.min_positive_score, help="pairs below are not believed")


def _add_student(parser: ScriptParser) -> None:
    student = StudentSettings()
    absent, rest = argparse.SUPPRESS, "that of --initial, else"
    text = f"length of a descriptor (default: {rest} {student.dimension})"
    parser.add_argument("--dimension", type=int, default=absent, help=text)
    text = f"how places are joined (default: {rest} {student.pooling})"
    parser.add_argument("--pooling", choices=("gem", "mean"), default=absent, help=text)
    parser.add_argument("--input_side", type=int, default=INPUT_SIDE, help="side of whole photos when it is used")


def _add_learning(parser: ScriptParser) -> None:
    plain = LearningSettings()
    flags: list[tuple[str, Any, str]] = [
        ("num_samples", int, "crops to look at in all"),
        ("batch_size", int, "crops in a step"),
        ("learning_rate", float, "the highest of AdamW"),
    ]
    for name, kind, what in flags:
        text = f"{what} (default: {getattr(plain, name)}; when adapting {getattr(ADAPTATION, name)})"
        parser.add_argument(f"--{name}", type=kind, default=argparse.SUPPRESS, help=text)
    stages, adapting = (" ".join(_stage_texts(settings)) for settings in (plain, ADAPTATION))
    text = f"SHARE:SIDE, sides of the student's pictures (default: {stages}; when adapting {adapting})"
    parser.add_argument("--input_stages", nargs="+", default=argparse.SUPPRESS, help=text)
    parser.add_argument("--seed", type=int, default=plain.seed, help="of weights, crops and batches")
    losses, what = plain.losses, "of the loss to the teacher's"
    relations = f"{what} similarities within a batch; 0 leaves it out"
    parser.add_argument("--relational_weight", type=_not_negative, default=losses.relational, help=relations)
    places = f"{what} answers place by place; 0 leaves it out"
    parser.add_argument("--local_weight", type=_not_negative, default=losses.local, help=places)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Train and export; print where the model lies and how it measures."""
    from hloc.retrieval_measures import measure_retrieval
    from training.recipe import train

    result = train(_recipe(args), measure_retrieval, _registered(args))
    print(json.dumps(result, indent=1) if args.json else _as_text(result))
    return 3 if result["skipped"] else 0


def _as_text(result: dict[str, Any]) -> str:
    """Give a line for each value; where there is a value of before, with the gain."""
    before = result.get("before", {})
    lines = []
    for label, value in result.items():
        if label in before:
            value = f"{before[label]:.4f} -> {value:.4f} ({value - before[label]:+.4f})"
        if label != "before":
            lines.append(f"{label.replace('_', ' ')}: {value}")
    return "\n".join(lines)


def _registered(args: argparse.Namespace) -> DescriptorTeacher | None:
    """Give the teacher when it is named as a model of the project, None when it is a file."""
    from hloc.extractors import MODELS, create_extractor
    from hloc.extractors.base import ExtractorOptions, LearntExtractor
    from training.teacher import DescriptorTeacher

    if args.teacher is None or str(args.teacher) not in MODELS or args.teacher.is_file():
        return None
    extractor = create_extractor(str(args.teacher), ExtractorOptions(device=args.device))
    if isinstance(extractor, LearntExtractor):
        raise UsageError(f"--teacher {args.teacher}: learns on the photos at hand and cannot teach; name another model")
    return DescriptorTeacher(json.dumps(extractor.settings(), sort_keys=True), _Describer(extractor))


class _Describer:
    """An extractor as one call; a class, so that workers can be handed it."""

    def __init__(self, extractor: Extractor) -> None:
        self.extractor = extractor

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self.extractor.describe([self.extractor.prepare(crop) for crop in crops])


def _recipe(args: argparse.Namespace) -> Recipe:
    initial = _initial(args.initial)
    student = _student(args, initial)
    learning = _learning(args)
    return Recipe(
        images=tuple(args.images),
        objective=_objective(args),
        initial=initial,
        student=student,
        learning=learning,
        contrastive=ContrastiveSettings(weight=args.contrastive_weight, temperature=args.temperature),
        pool=PoolSettings(
            num_crops=args.num_crops,
            dimension=student.dimension,
            shard_size=min(args.num_crops, PoolSettings.shard_size),
            stored_side=max(side for _, side in learning.input_stages),
            basis_crops=args.basis_crops,
            seed=args.seed,
        ),
        **_given(args, *TAKEN_OVER),
    )


def _objective(args: argparse.Namespace) -> str:
    if "objective" in args:
        return str(args.objective)
    if args.teacher is not None:
        return "distill"
    return "simclr" if args.initial is None else "both"


def _initial(initial: str | None) -> Path | None:
    """Give the file of the weights to begin with."""
    if initial != SHIPPED:
        return None if initial is None else Path(initial)
    from hloc.extractors.street import WEIGHTS

    return WEIGHTS


def _student(args: argparse.Namespace, initial: Path | None) -> StudentSettings:
    """Give the shape of the network: that of the weights that it begins with, where no flag says otherwise."""
    from training.initial import read_initial

    student = StudentSettings() if initial is None else read_initial(initial).student
    return replace(student, **_given(args, "dimension", "pooling"))


def _learning(args: argparse.Namespace) -> LearningSettings:
    is_adapting = args.initial is not None and args.teacher is None and _objective(args) == "both"
    given = _given(args, "num_samples", "batch_size", "learning_rate", "seed")
    if "input_stages" in args:
        given["input_stages"] = tuple(_stage(text) for text in args.input_stages)
    given["losses"] = LossWeights(relational=args.relational_weight, local=args.local_weight)
    return replace(ADAPTATION if is_adapting else LearningSettings(), **given)


def _given(args: argparse.Namespace, *names: str) -> dict[str, Any]:
    return {name: getattr(args, name) for name in names if name in args}


def _stage_texts(settings: LearningSettings) -> list[str]:
    return [f"{share:g}:{side}" for share, side in settings.input_stages]


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} must be above 0")
    return number


def _not_negative(text: str) -> float:
    number = float(text)
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} must be 0 or above")
    return number


def _stage(text: str) -> tuple[float, int]:
    share, _, side = text.partition(":")
    try:
        stage = float(share), int(side)
    except ValueError:
        raise UsageError(f"--input_stages {text}: must be SHARE:SIDE, such as 0.6:128") from None
    if not 0 <= stage[0] < 1 or stage[1] < 32:  # noqa: PLR2004
        raise UsageError(f"--input_stages {text}: the share must be from 0 to below 1, the side at least 32")
    return stage


if __name__ == "__main__":
    sys.exit(main(parse_args()))
