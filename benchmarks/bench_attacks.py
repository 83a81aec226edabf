"""Which altered copies a descriptor still finds: 58 alterations of each photo, searched among all photos.

Reads   photos to alter (--image_dir) and further photos to search in (--others)
Writes  to --work_dir: photos/database, photos/queries (tools.make_attacks), netvlad/ (features), truth.csv, copies.csv
Prints  recall@1 for each model and attack, with the other copies of the originals as right answers and without them
        in the database, the published figures beside it; with --rerank also after the first --num_rerank of each list
        were put in order by local features (of all models, or of --reranked)

The database is described before there is any query: what a model learns on photos it learns on the database alone.
Every leg takes up what stands: after a kill the same call goes on.

Example: python -m benchmarks.bench_attacks --work_dir /tmp/attacks --image_dir PHOTOS/nearduplicates
             --others PHOTOS/buildings PHOTOS/unlabelled --models dhash tuned=onnx:finetuned.onnx
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.attacked_photos import find_same_pictures, without_rows, write_full_truth
from benchmarks.machine import header
from hloc.comparison import SimilarityRun, describe_photos
from hloc.feature_run import Resources
from hloc.matching import MATCHERS, create_matcher
from hloc.matching.description import MatchRun
from hloc.reranking import LocalComparisons
from hloc.similarities import SIMILARITIES, create_similarity
from hloc.similarities.base import SimilarityOptions
from stages.extract import extract_features
from stages.retrieval.attack import make_attacks
from stages.retrieval.measuring import run_experiment
from stages.retrieval.reranking import FOLDER_FLAGS, Reranker
from stages.retrieval.search_experiment import run_as_json
from stages.retrieval.search_inputs import SearchInputs, gather_inputs
from stages.settings.pipeline import ExtractSettings
from stages.settings.retrieval import AttackSettings
from stages.settings.search import SearchSettings
from storage.atomic import write_text
from storage.formats.csv_text import csv_text
from storage.formats.truth import MANIFEST_NAME
from storage.listing import list_photos
from storage.lock import work_lock
from training.photo_set import find_photos

MODELS = ("dhash", "phash", "vlad", "street", "vlad+street")
# Vallez, "Unsupervised improvement of image similarity" (2022): 200 photos of BSDS500 x 58, database of 500,500.
PUBLISHED = {"Dhash, 64 bits": 0.817, "SimCLR v2, ResNet50 2x, L2": 0.944, "SimCLR v2, ResNet50 2x, L1": 0.964}


DATABASE, QUERIES = "database", "queries"  # folders of the one image folder that models which learn need
RIGHT, ABSENT = "copies are right", "without copies"


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work_dir", type=Path, required=True)
    parser.add_argument("--image_dir", type=Path, required=True, help="photos that are altered and searched for")
    parser.add_argument("--others", type=Path, nargs="*", default=[], help="folders of further photos to search in")
    parser.add_argument("--models", nargs="+", default=MODELS, help="[LABEL=]MODEL of extract_features.py, or hashes")
    parser.add_argument("--sample", type=int, help="photos that are altered, drawn by --seed; default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rerank", choices=MATCHERS, help="matcher that puts the first of each list in order")
    parser.add_argument("--num_rerank", type=int, default=SearchSettings.num_rerank)
    parser.add_argument("--num_keypoints", type=int, default=SearchSettings.num_keypoints)
    parser.add_argument("--reranked", nargs="+", help="labels of --models whose lists are re-ranked; default: all")
    parser.add_argument("--num_workers", type=int, default=1)
    return parser.parse_args(argv)


def lay_out(args: argparse.Namespace) -> Path:
    """Put the photos that are searched in one image folder; give it."""
    image_dir: Path = args.work_dir / "photos"
    for folder in (args.image_dir, *args.others):
        target = image_dir / DATABASE / folder.name
        if not target.exists():
            shutil.copytree(folder, target)
    return image_dir


def attack(image_dir: Path, args: argparse.Namespace) -> None:
    """Alter the photos, as far as they are not yet."""
    chosen = {"seed": args.seed, "sample": args.sample, "num_workers": args.num_workers}
    make_attacks(AttackSettings(args.image_dir, image_dir / QUERIES, **chosen))


def features_of(model: str, image_dir: Path, args: argparse.Namespace) -> list[Path]:
    """Describe all photos by a model or a hash, as far as they are not yet; give the files."""
    outputs_dir: Path = args.work_dir / "netvlad"
    if model in SIMILARITIES:
        similarity = create_similarity(model, SimilarityOptions())
        run = SimilarityRun(image_dir, outputs_dir, similarity, _resources(args))
        with work_lock(outputs_dir):
            describe_photos(run, list_photos(image_dir, follow_links=False))
        return [run.features_dir]
    report = extract_features(
        ExtractSettings(image_dir=image_dir, outputs_dir=outputs_dir, model=model, num_workers=args.num_workers)
    )
    return [Path(path) for label, path in report.outputs.items() if label.startswith("features")]


def full_truth(image_dir: Path, args: argparse.Namespace) -> tuple[Path, set[str]]:
    """Write what the queries should find, and the copies for looking at; give the truth and the copies' names."""
    inside = f"{DATABASE}/{args.image_dir.name}/"
    photos = [file for file in find_photos([image_dir]) if file.name.startswith(f"{DATABASE}/")]
    originals = [file for file in photos if file.name.startswith(inside)]
    copies = find_same_pictures(originals, [file for file in photos if not file.name.startswith(inside)])
    lines = [(name, copy, f"{value:.4f}") for name, found in copies.items() for copy, value in found]
    write_text(args.work_dir / "copies.csv", csv_text(("original", "copy", "correlation"), lines))
    truth: Path = args.work_dir / "truth.csv"
    write_full_truth(truth, image_dir / QUERIES / MANIFEST_NAME, (f"{QUERIES}/", inside), copies)
    return truth, {copy for _, copy, _ in lines}


def searched(inputs: SearchInputs, reranker: Reranker | None = None) -> dict[str, Any]:
    """Search exactly, by the cosine or the differing bits; give the run with its counts."""
    settings = SearchSettings(repeats=1, warmup=0)
    metric = "hamming" if inputs.queries.is_binary else "cosine"
    run = run_as_json(next(iter(run_experiment(inputs, settings, [metric], reranker))))
    return {**run, "database": len(inputs.database.names), "judged": int(inputs.is_judged.sum())}


def open_comparisons(image_dir: Path, args: argparse.Namespace) -> LocalComparisons:
    """Open the local features of all photos, which all models share."""
    matcher = create_matcher(args.rerank, args.num_keypoints)
    return LocalComparisons({DATABASE: MatchRun(image_dir, args.work_dir / "netvlad", matcher, _resources(args))})


def judge(
    inputs: SearchInputs, copies: set[str], comparisons: LocalComparisons | None, num_rerank: int
) -> dict[str, dict[str, Any]]:
    """Search with the other copies of the originals, and without them; re-rank where ``comparisons`` are given."""
    judged = {}
    for way, given in ((RIGHT, inputs), (ABSENT, without_rows(inputs, copies))):
        reranker = None
        if comparisons is not None:
            reranker = Reranker(given, comparisons, dict.fromkeys(FOLDER_FLAGS, DATABASE), num_rerank)
        judged[way] = searched(given, reranker)
    return judged


def table(runs: dict[str, dict[str, Any]]) -> str:
    """Give recall@1 of each attack and model as Markdown."""
    groups = sorted({group for run in runs.values() for group in run["groups"]}, key=_by_parameter)
    lines = [f"| attack | {' | '.join(runs)} |", f"|---|{'---|' * len(runs)}"]
    for group in groups:
        cells = (run["groups"].get(group, {"recall": {"1": float("nan")}})["recall"]["1"] for run in runs.values())
        lines.append(f"| {group} | {' | '.join(f'{cell:.3f}' for cell in cells)} |")
    return "\n".join(lines)


def summary(judged: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Give recall@1 and recall@10 of each model over all attacks, both ways, as Markdown."""
    lines = [f"| descriptor | queries | photos searched | recall@1, {RIGHT} | recall@10 | photos searched | "]
    lines[0] += f"recall@1, {ABSENT} | recall@10 |"
    lines.append("|---|---|---|---|---|---|---|---|")
    for label, ways in judged.items():
        cells = [
            f"{run['database']} | {run['recall']['1']:.4f} | {run['recall']['10']:.4f}"
            for run in (ways[RIGHT], ways[ABSENT])
        ]
        lines.append(f"| {label} | {ways[RIGHT]['judged']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def rerank_times(judged: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Give what re-ranking takes a query, and how it changes recall@1, as Markdown; empty where nothing was re-ranked.

    Times are those of one core, the description of photos left out.
    """
    lines = [
        f"| {label} | {run['rerank']['before']['recall']['1']:.4f} | {run['recall']['1']:.4f} | "
        f"{run['ms_per_query']['median']:.2f} | {run['rerank']['ms_per_query']['mean']:.0f} |"
        for label, ways in judged.items()
        if (run := ways[RIGHT])["rerank"] is not None
    ]
    heading = (
        "| descriptor | recall@1 before | after | search, ms a query | re-ranking, ms a query |\n|---|---|---|---|---|"
    )
    return "\n".join([heading, *lines]) if lines else ""


def _resources(args: argparse.Namespace) -> Resources:
    return Resources(args.num_workers)


def _by_parameter(group: str) -> tuple[str, float]:
    family, _, parameter = group.rpartition(" ")
    return family, float(parameter)


def main() -> None:
    args = parse_args()
    image_dir = lay_out(args)
    models = {label or model: model for label, _, model in (text.rpartition("=") for text in args.models)}
    for model in models.values():
        features_of(model, image_dir, args)
    attack(image_dir, args)
    truth, copies = full_truth(image_dir, args)
    comparisons = open_comparisons(image_dir, args) if args.rerank else None
    reranked = set(args.reranked or models) if args.rerank else set()
    judged: dict[str, dict[str, dict[str, Any]]] = {}
    for label, model in models.items():
        inputs = gather_inputs(SearchSettings(database=tuple(features_of(model, image_dir, args)), truth=truth))
        judged[label] = judge(inputs, copies, None, 0)
        if label in reranked:
            with work_lock(args.work_dir / "netvlad"):
                judged[f"{label}, re-ranked"] = judge(inputs, copies, comparisons, args.num_rerank)
    print(header("Altered copies"))
    print(summary(judged))
    print(f"\n{rerank_times(judged)}")
    for way in (RIGHT, ABSENT):
        print(f"\nrecall@1 by attack, {way}:\n\n{table({label: ways[way] for label, ways in judged.items()})}")
    published = "; ".join(f"{name} {value:.3f}" for name, value in PUBLISHED.items())
    print(
        f"\nPublished recall@1: {published}. There 11,600 queries were searched among 500,500 photos, here "
        "fewer queries among far fewer photos, which is easier: the figures do not compete."
    )


if __name__ == "__main__":
    main()
