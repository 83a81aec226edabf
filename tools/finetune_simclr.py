"""Fine-tune a descriptor without a teacher (SimCLR): two views of one photo are to be more alike than views of two.

In field mode (--pairs_file or --clusters) the two views are of different photos of one building, and photos of one
building are never told apart: the descriptor adapts to your buildings.

Reads   the photos of one folder or more (--images); weights to begin with; in field mode verified pairs
        (match_pairs.py) or clusters.json (create_clusters.py)
Writes  to --output_dir: finetuned.onnx with finetuned.onnx.json (extract_features.py --model onnx:FILE), of
        simclr... finetuned.pt (extract_features.py --model simclr... --weights FILE),
        checkpoints/epoch-NNNN.pt (0 is the start), curve.csv, recipe.json, photos.csv, reports/finetune_simclr/.
        Killed at any moment, the same command goes on after its newest checkpoint.

Several GPUs: torchrun --nproc_per_node 4 -m tools.finetune_simclr --device cuda ... (--batch_size is for each).
Look afterwards whether it helped: python -m tools.evaluate_finetuning.

Examples:
  python -m tools.finetune_simclr --images photos --clusters results/clusters.json --output_dir finetuned
  python -m tools.finetune_simclr --images photos --model resnet18 --output_dir finetuned --epochs 50 --freeze stage2
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, core_count, exit_codes, print_report
from training.finetuning.settings import (
    FREEZES,
    MODELS,
    OPTIMIZERS,
    PUBLISHED,
    RANDOM,
    SCHEDULES,
    FinetuneRecipe,
    FinetuneSettings,
    ViewSettings,
)

LEARNING = (
    ("epochs", "batch_size", "accumulate", "optimizer", "learning_rate", "warmup_epochs", "schedule", "weight_decay")
    + ("momentum", "nesterov", "lars_all", "temperature", "freeze", "validation_share", "seed")
)  # fmt: skip
VIEWS = ("size", "jitter", "min_area")
RUNNING = (
    ("output_dir", "model", "pairs_file", "clusters", "min_positive_score", "whiten", "input_side", "save_every")
    + ("keep_last", "device", "amp", "num_threads", "num_workers", "tensorboard", "follow_links")
)  # fmt: skip
WITHOUT_PUBLISHED = ("tiny",)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default, learning, views = FinetuneRecipe((), Path()), FinetuneSettings(), ViewSettings()
    parser, switch = ScriptParser(__doc__), argparse.BooleanOptionalAction
    add = parser.add_argument
    add("--images", type=Path, nargs="+", required=True, help="folders of photos to learn from")
    add("--output_dir", type=Path, required=True, help="where everything is written")
    add("--model", choices=MODELS, default=default.model, help="the network")
    add("--weights", default=PUBLISHED, help="default (published), none (random), or a file to begin with")
    add("--pairs_file", type=Path, help="verified pairs: photos of one building")
    add("--clusters", type=Path, help="clusters.json, or a labels.csv: photos of one building")
    add("--min_positive_score", type=float, default=default.min_positive_score, help="pairs below are not believed")
    _add_learning(parser, learning)
    add("--size", type=int, default=views.size, help="side of the views in pixels")
    add("--jitter", type=float, default=views.jitter, help="strength of the changes of colour, 0 to 1")
    add("--min_area", type=float, default=views.min_area, help="smallest share of a photo that a view shows")
    add("--whiten", action=switch, default=default.whiten, help="end the exported network in a whitening")
    add("--input_side", type=int, help="longest side of whole photos when it is used; by default the model's own")
    add("--save_every", type=int, default=default.save_every, help="epochs from one checkpoint to the next")
    add("--keep_last", type=int, default=default.keep_last, help="newest checkpoints that stay, beside the start")
    add("--device", default=default.device, help="cpu, cuda or cuda:N")
    add("--amp", action=switch, default=default.amp, help="mixed precision on a GPU (bfloat16)")
    add("--num_threads", type=int, help="threads of the processor; all by default")
    add(
        "--num_workers",
        type=core_count,
        default=default.num_workers,
        help="threads that draw views ahead; auto: all cores",
    )
    add("--tensorboard", action="store_true", help="write scalars to OUTPUT_DIR/tensorboard too")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folders")
    return parser.parse_args(argv)


def _add_learning(parser: ScriptParser, default: FinetuneSettings) -> None:
    add, switch, absent = parser.add_argument, argparse.BooleanOptionalAction, argparse.SUPPRESS
    add("--epochs", type=int, default=default.epochs, help="looks at every photo")
    add("--batch_size", type=int, default=default.batch_size, help="photos of a step, for each process and part")
    add("--accumulate", type=int, default=default.accumulate, help="parts of a step; negatives are of one's own part")
    add("--optimizer", choices=OPTIMIZERS, default=default.optimizer, help="what moves the weights")
    text = "the highest (default: 0.075 times the root of a step's photos for lars, else 2e-4)"
    add("--learning_rate", type=float, default=absent, help=text)
    add("--warmup_epochs", type=float, default=default.warmup_epochs, help="in which the rate rises from 0")
    add("--schedule", choices=SCHEDULES, default=default.schedule, help="how the rate falls then")
    add("--weight_decay", type=float, default=default.weight_decay, help="not of biases and norms")
    add("--momentum", type=float, default=default.momentum, help="of lars and sgd")
    add("--nesterov", action=switch, default=default.nesterov, help="look ahead, with lars and sgd")
    add("--lars_all", action=switch, default=default.lars_all, help="adapt and decay biases and norms too")
    add("--temperature", type=float, default=default.temperature, help="of the contrastive loss")
    text = f"numbers of the head; 0 for none (default: {default.projection}; in field mode 0)"
    add("--projection", type=int, default=absent, help=text)
    add("--freeze", choices=FREEZES, default=default.freeze, help="up to which part the network stays as it was")
    text = "norms stay as they were (default: in field mode alone)"
    add("--keep_norms", action=switch, default=absent, help=text)
    add("--validation_share", type=float, default=default.validation_share, help="share not learnt from; 0 for none")
    add("--seed", type=int, default=default.seed, help="of everything random")


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Fine-tune and export; print where the network lies and how the loss went."""
    recipe = _recipe(args)
    from stages.finetuning.finetune import finetune

    report = finetune(recipe)
    return 0 if report is None else print_report(report, args)


def _recipe(args: argparse.Namespace) -> FinetuneRecipe:
    is_field = args.pairs_file is not None or args.clusters is not None
    given = {name: getattr(args, name) for name in LEARNING if name in args}
    given["keep_norms"] = args.keep_norms if "keep_norms" in args else is_field
    given["projection"] = args.projection if "projection" in args else 0 if is_field else FinetuneSettings.projection
    views = ViewSettings(**{name: getattr(args, name) for name in VIEWS})
    running = {name: getattr(args, name) for name in RUNNING}
    learning = FinetuneSettings(views=views, **given)
    return FinetuneRecipe(tuple(args.images), weights=_weights(args.model, args.weights), learning=learning, **running)


def _weights(model: str, weights: str) -> Path | None:
    """Give the file of the weights to begin with; None for random ones."""
    if weights == RANDOM or (weights == PUBLISHED and model in WITHOUT_PUBLISHED):
        return None
    if weights != PUBLISHED:
        return Path(weights)
    if model == "street":
        from hloc.extractors.street import WEIGHTS

        return WEIGHTS
    from storage.model_files import cached_path

    return cached_path(model)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
