"""Which altered copies a descriptor still finds: 58 alterations of each photo, searched among all photos.

Reads   photos to alter (--image_dir) and further photos as distractors (--others)
Writes  to --work_dir: photos/database, photos/queries (tools.make_attacks), netvlad/ (features), results/MODEL/
Prints  recall@1 for each attack and model, the published figures beside it

Every leg takes up what stands: after a kill the same call goes on. Photos of database and queries lie in one image
folder, as models that learn on the photos need it; so what they learn is learnt on the altered copies too.

Example: python -m benchmarks.bench_attacks --work_dir /tmp/attacks --image_dir ../shared/photos/nearduplicates
             --others ../shared/photos/buildings ../shared/photos/unlabelled --sample 20 --models dhash phash vlad
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import header
from hloc.comparison import SimilarityRun, describe_photos
from hloc.feature_run import Resources
from hloc.similarities import SIMILARITIES, create_similarity
from hloc.similarities.base import SimilarityOptions
from stages.extract import extract_features
from stages.retrieval.attack import make_attacks
from stages.retrieval.search_experiment import search_experiment
from stages.settings.pipeline import ExtractSettings
from stages.settings.retrieval import AttackSettings
from stages.settings.search import SearchSettings
from storage.formats.features import features_path
from storage.formats.search_results import read_results
from storage.formats.truth import MANIFEST_NAME
from storage.listing import list_photos
from storage.lock import work_lock

MODELS = ("dhash", "phash", "vlad", "street", "vlad+street")
# Vallez, "Unsupervised improvement of image similarity" (2022): 200 photos of BSDS500 x 58, database of 500,500.
PUBLISHED = {"Dhash, 64 bits": 0.817, "SimCLR v2, ResNet50 2x, L2": 0.944, "SimCLR v2, ResNet50 2x, L1": 0.964}


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work_dir", type=Path, required=True)
    parser.add_argument("--image_dir", type=Path, required=True, help="photos that are altered and searched for")
    parser.add_argument("--others", type=Path, nargs="*", default=[], help="folders of further photos to search in")
    parser.add_argument("--models", nargs="+", default=MODELS, help="models of extract_features.py, or hashes")
    parser.add_argument("--sample", type=int, help="photos that are altered, drawn by --seed; default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--num_workers", type=int, default=1)
    return parser.parse_args(argv)


def lay_out(args: argparse.Namespace) -> Path:
    """Put the photos of the database and the queries in one image folder; give it."""
    image_dir: Path = args.work_dir / "photos"
    for folder in (args.image_dir, *args.others):
        target = image_dir / "database" / folder.name
        if not target.exists():
            shutil.copytree(folder, target)
    make_attacks(
        AttackSettings(
            args.image_dir, image_dir / "queries", seed=args.seed, sample=args.sample, num_workers=args.num_workers
        )
    )
    return image_dir


def features_of(model: str, image_dir: Path, args: argparse.Namespace) -> list[Path]:
    """Describe all photos by a model or a hash, as far as they are not yet; give the files."""
    outputs_dir: Path = args.work_dir / "netvlad"
    if model in SIMILARITIES:
        similarity = create_similarity(model, SimilarityOptions())
        run = SimilarityRun(image_dir, outputs_dir, similarity, Resources(args.num_workers))
        with work_lock(outputs_dir):
            describe_photos(run, list_photos(image_dir, follow_links=False))
        return [run.features_dir]
    extract_features(
        ExtractSettings(image_dir=image_dir, outputs_dir=outputs_dir, model=model, num_workers=args.num_workers)
    )
    return [features_path(outputs_dir, part) for part in model.split("+")]


def measure(model: str, image_dir: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Search for the queries by one model; give the run."""
    results_dir = args.work_dir / "results" / model
    search_experiment(
        SearchSettings(
            database=tuple(features_of(model, image_dir, args)),
            truth=image_dir / "queries" / MANIFEST_NAME,
            results_dir=results_dir,
        )
    )
    content = read_results(results_dir)
    return {**content["runs"][0], **content["counts"]}


def table(runs: dict[str, dict[str, Any]]) -> str:
    """Give recall@1 of each attack and model as Markdown."""
    groups = sorted({group for run in runs.values() for group in run["groups"]})
    lines = [f"| attack | {' | '.join(runs)} |", f"|---|{'---|' * len(runs)}"]
    for group in groups:
        cells = (run["groups"].get(group, {"recall": {"1": float("nan")}})["recall"]["1"] for run in runs.values())
        lines.append(f"| {group} | {' | '.join(f'{cell:.3f}' for cell in cells)} |")
    for title, value in (
        ("**recall@1 of all**", lambda run: f"{run['recall']['1']:.4f}"),
        ("recall@10", lambda run: f"{run['recall']['10']:.4f}"),
        ("queries", lambda run: str(run["judged"])),
        ("photos searched", lambda run: str(run["database"])),
    ):
        lines.append(f"| {title} | {' | '.join(map(value, runs.values()))} |")
    return "\n".join(lines)


def main() -> None:
    args = parse_args()
    image_dir = lay_out(args)
    runs = {model: measure(model, image_dir, args) for model in args.models}
    print(header("Altered copies"))
    print(table(runs))
    published = "; ".join(f"{name} {value:.3f}" for name, value in PUBLISHED.items())
    print(
        f"\nPublished recall@1: {published}. There 11,600 queries were searched among 500,500 photos, here "
        "fewer queries among far fewer photos, which is easier: the figures do not compete."
    )


if __name__ == "__main__":
    main()
