"""Measure what each choice of a training is worth: the same photos, seed and number of crops, one choice changed.

Every variant is a whole training with few samples; it lies in its own folder of --output_dir, and one whose result
stands there is not trained again, so the same command goes on after it was stopped. Variants whose crops are the same
share one pool of teacher's answers.

Example: python benchmarks/bench_training.py --images PHOTOS/unlabelled --teacher mobilenet_v2.tflite \\
             --judge PHOTOS/buildings/labels.csv --output_dir ablation
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import header  # noqa: E402
from hloc.retrieval_measures import measure_retrieval  # noqa: E402
from stages.command_line import exit_codes  # noqa: E402
from storage.atomic import write_json  # noqa: E402
from storage.errors import UsageError  # noqa: E402
from storage.formats.hdf5 import digest  # noqa: E402
from training.judging import MEASURES  # noqa: E402
from training.recipe import RECIPE_FILE, carry_out, gather  # noqa: E402
from training.settings import LearningSettings, LossWeights, PoolSettings, Recipe  # noqa: E402

BASE, INPUTS_FILE = "base", "inputs.json"
BASE_SIDE, LARGEST_SIDE = 96, 128
Change = Callable[[Recipe], Recipe]


def losses(relational: float, local: float) -> Change:
    """Give the change to other weights of the relational and the local loss."""
    return lambda recipe: replace(
        recipe, learning=replace(recipe.learning, losses=LossWeights(relational=relational, local=local))
    )


def crops(**changes: Any) -> Change:
    """Give the change to crops drawn otherwise."""
    return lambda recipe: replace(recipe, pool=replace(recipe.pool, crops=replace(recipe.pool.crops, **changes)))


def side(pixels: int) -> Change:
    """Give the change to another side of the pictures, in pixels."""
    return lambda recipe: replace(recipe, learning=replace(recipe.learning, input_stages=((0.0, pixels),)))


def objective(name: str) -> Change:
    """Give the change to another objective."""
    return lambda recipe: replace(recipe, objective=name)


# What each variant changes of the base: all losses, crops from 5 % of the area with every change, 96 pixels,
# generalised-mean pooling, distillation.
VARIANTS: dict[str, Change] = {
    BASE: lambda recipe: recipe,
    "losses: cosine only": losses(0.0, 0.0),
    "losses: cosine, relational": losses(LossWeights.relational, 0.0),
    "losses: cosine, local": losses(0.0, LossWeights.local),
    "crops: from 30 % of the area": crops(min_area=0.3),
    "crops: not mixed": crops(mixed=0.0),
    "crops: colours as they are": crops(colour=0.0),
    "crops: not blurred": crops(blur=0.0),
    "crops: no perspective": crops(perspective=0.0),
    "input: 64 pixels": side(64),
    "input: 128 pixels": side(LARGEST_SIDE),
    "pooling: mean": lambda recipe: replace(recipe, student=replace(recipe.student, pooling="mean")),
    "objective: simclr": objective("simclr"),
    "objective: both": objective("both"),
}


def base_recipe(args: argparse.Namespace) -> Recipe:
    """Give the recipe that all variants start from."""
    learning = LearningSettings(
        num_samples=args.num_samples, batch_size=args.batch_size, input_stages=((0.0, BASE_SIDE),), seed=args.seed
    )
    pool = PoolSettings(
        num_crops=args.num_crops,
        shard_size=min(args.num_crops, PoolSettings.shard_size),
        stored_side=LARGEST_SIDE,  # of every variant, so that one pool serves all sides
        basis_crops=args.basis_crops,
        seed=args.seed,
    )
    return Recipe(
        images=tuple(args.images),
        teacher=args.teacher,
        output_dir=args.output_dir,
        groups=args.groups,
        judge=args.judge,
        device=args.device,
        num_threads=args.threads,
        num_workers=args.num_workers,
        learning=learning,
        pool=pool,
    )


def recipe_of(name: str, args: argparse.Namespace) -> Recipe:
    """Give the recipe of a variant: its own folder, and the pool of all variants with the same crops."""
    recipe = VARIANTS[name](base_recipe(args))
    folder = "".join(letter if letter.isalnum() else "_" for letter in name)
    pool = f"pool-{digest([json.dumps(asdict(recipe.pool.crops), sort_keys=True)])[:12]}"
    return replace(recipe, output_dir=args.output_dir / folder, pool_dir=args.output_dir / pool)


def standing_result(recipe: Recipe) -> dict[str, Any] | None:
    """Give the result of a variant that was trained before; None where there is none.

    Raises
    ------
    UsageError
        When it was trained with other settings.
    """
    path = recipe.output_dir / RECIPE_FILE
    if not path.is_file():
        return None
    written: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    chosen = json.loads(json.dumps(recipe.choices()))
    if any(written.get(key) != value for key, value in chosen.items()):
        raise UsageError(f"{path} is of other settings; use those, or another --output_dir")
    result: dict[str, Any] = written["result"]
    return result


def check_inputs(args: argparse.Namespace) -> None:
    """Write down what all variants are made from, or raise UsageError when the folder is of other photos."""
    given = {name: str(getattr(args, name)) for name in ("teacher", "judge", "groups")}
    given["images"] = ", ".join(map(str, args.images))
    path = args.output_dir / INPUTS_FILE
    if path.is_file() and json.loads(path.read_text(encoding="utf-8")) != given:
        raise UsageError(f"{path} names other photos, labels or teacher; give those, or another --output_dir")
    write_json(path, given)


def row(name: str, num_samples: int, result: dict[str, Any]) -> str:
    """Give a line of the table."""
    measures = " | ".join(f"{result[measure]:.3f}" for measure in MEASURES)
    return f"| {name} | {num_samples} | {result['seconds']:.0f} | {measures} |"


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Train what does not stand yet, and print the table."""
    check_inputs(args)
    found = {name: standing_result(recipe_of(name, args)) for name in args.variants}
    if not all(found.values()):
        materials = gather(base_recipe(args), measure_retrieval)
        for number, name in enumerate(args.variants, start=1):
            if found[name] is None:
                print(f"variant {number} of {len(args.variants)}: {name}", file=sys.stderr)
                found[name] = carry_out(recipe_of(name, args), materials)
    lines = [header(f"training, one choice changed, {args.num_crops} crops in a pool, seed {args.seed}")]
    lines.append(
        "| variant | samples | seconds | mAP | precision@1 | true pairs in top 10 |\n|---|---|---|---|---|---|"
    )
    lines += [row(name, args.num_samples, result) for name, result in found.items() if result is not None]
    print("\n".join(lines))
    return 0


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    learning, pool = LearningSettings(), PoolSettings()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, nargs="+", required=True, help="folders of photos to learn from")
    parser.add_argument("--teacher", type=Path, required=True, help="the teacher's file, .tflite or .onnx")
    parser.add_argument("--judge", type=Path, required=True, help="CSV file path,building; the photos beside it")
    parser.add_argument("--groups", type=Path, help="CSV file path,building of the photos to learn from")
    parser.add_argument("--output_dir", type=Path, required=True, help="where variants and pools are kept")
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), help="all by default")
    parser.add_argument("--num_samples", type=int, default=30_000, help="crops to look at, of each variant")
    parser.add_argument("--num_crops", type=int, default=16_000, help="crops in a pool")
    parser.add_argument("--basis_crops", type=int, default=pool.basis_crops)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=learning.seed)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, help="threads that learn; all by default")
    parser.add_argument("--num_workers", type=int, default=1, help="processes that make a pool")
    parser.set_defaults(quiet=False)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
