"""Train a compact global descriptor from nothing: a student learns to repeat a teacher on crops of unlabelled photos.

Reads   the photos of one folder or more (--images) and a teacher's file (--teacher, .tflite or .onnx).
Writes  to --output_dir: street.onnx (load it with extract_features.py --model street --weights FILE), recipe.json,
        photos.csv (every photo with its SHA-256), curve.csv (measures against crops seen), checkpoint.pt, and the crops
        with the teacher's answers under crops/. Killed at any moment, the same command goes on.

With --judge LABELS.csv (path,building; the photos beside it) the student is measured as it learns. Photos to learn from
that are copies of judged ones are left out and named; with --groups FILE (path,building of the photos to learn from)
so are those of a judged building.

Example:
  python -m tools.train_descriptor --images photos --teacher mobilenet_v2.tflite --output_dir training_run
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stages.command_line import ScriptParser, exit_codes
from storage.errors import UsageError
from training.settings import INPUT_SIDE, DistillationSettings, PoolSettings, Recipe, StudentSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hloc.extractors.base import Extractor
    from training.teacher import DescriptorTeacher


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    learning, pool, student = DistillationSettings(), PoolSettings(), StudentSettings()
    parser = ScriptParser(__doc__)
    parser.add_argument("--images", type=Path, nargs="+", required=True, help="folders of photos to learn from")
    parser.add_argument("--teacher", type=Path, required=True, help="the teacher's file, .tflite or .onnx, or a model")
    parser.add_argument("--output_dir", type=Path, required=True, help="where everything is written")
    parser.add_argument("--groups", type=Path, help="CSV file path,building: which photo to learn from shows what")
    parser.add_argument("--judge", type=Path, help="CSV file path,building of photos to be judged on")
    parser.add_argument("--initial", type=Path, help="a checkpoint.pt whose weights to begin with")
    parser.add_argument("--num_crops", type=int, default=pool.num_crops, help="crops in the pool")
    parser.add_argument("--basis_crops", type=int, default=pool.basis_crops, help="crops the projection is fitted to")
    parser.add_argument("--num_samples", type=int, default=learning.num_samples, help="crops to look at in all")
    parser.add_argument("--batch_size", type=int, default=learning.batch_size, help="crops in a step")
    parser.add_argument("--learning_rate", type=float, default=learning.learning_rate, help="the highest of AdamW")
    stages = [f"{share:g}:{side}" for share, side in learning.input_stages]
    parser.add_argument("--input_stages", nargs="+", default=stages, help="SHARE:SIDE, sides of the student's pictures")
    parser.add_argument("--dimension", type=int, default=student.dimension, help="length of a descriptor")
    parser.add_argument("--pooling", choices=("gem", "mean"), default=student.pooling, help="how places are joined")
    parser.add_argument("--input_side", type=int, default=INPUT_SIDE, help="side of whole photos when it is used")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--num_threads", type=int, help="threads of the processor; all by default")
    parser.add_argument("--num_workers", type=int, default=1, help="processes that make crops and ask the teacher")
    parser.add_argument("--seed", type=int, default=learning.seed, help="of weights, crops and batches")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Train and export; print where the model lies and how it measures."""
    from training.recipe import train

    result = train(_recipe(args), _registered(args))
    if args.json:
        print(json.dumps(result, indent=1))
    else:
        print("\n".join(f"{label.replace('_', ' ')}: {value}" for label, value in result.items()))
    return 0


def _registered(args: argparse.Namespace) -> DescriptorTeacher | None:
    """Give the teacher when it is named as a model of the project, None when it is a file."""
    from hloc.extractors import MODELS, create_extractor
    from hloc.extractors.base import ExtractorOptions, LearntExtractor
    from training.teacher import DescriptorTeacher

    if str(args.teacher) not in MODELS or args.teacher.is_file():
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
    stages = tuple(_stage(text) for text in args.input_stages)
    return Recipe(
        images=tuple(args.images),
        teacher=args.teacher,
        output_dir=args.output_dir,
        groups=args.groups,
        judge=args.judge,
        initial=args.initial,
        input_side=args.input_side,
        device=args.device,
        num_threads=args.num_threads,
        num_workers=args.num_workers,
        student=StudentSettings(dimension=args.dimension, pooling=args.pooling),
        pool=PoolSettings(
            num_crops=args.num_crops,
            dimension=args.dimension,
            shard_size=min(args.num_crops, PoolSettings.shard_size),
            stored_side=max(side for _, side in stages),
            basis_crops=args.basis_crops,
            seed=args.seed,
        ),
        learning=DistillationSettings(
            num_samples=args.num_samples,
            batch_size=args.batch_size,
            learning_rate=args.learning_rate,
            input_stages=stages,
            seed=args.seed,
        ),
    )


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
