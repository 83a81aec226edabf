"""Every similarity and every clusterer of descriptors, from photos to clusters: how right, and how long.

Reads   photos with labels (--image_dir, --labels), if given; 200 digits are drawn
Writes  a work folder for each collection in --work_dir, kept; prints a table

All settings are the defaults. Similarities: tools.compare_images, then create_clusters.py. Clusterers: one
extract_features.py, then tools.cluster_features. Seconds are those of the whole process tree by the clock, from photos
or from descriptors on.

Example: python -m benchmarks.bench_methods --work_dir /tmp/methods --image_dir PHOTOS/buildings
             --labels PHOTOS/buildings/labels.csv
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks.machine import header
from clustering.features.clusterers import FEATURE_CLUSTERERS
from hloc.similarities import SIMILARITIES
from stages.cluster import create_clusters
from stages.cluster_features import cluster_features
from stages.compare import compare_images
from stages.evaluate import compare_with_labels
from stages.extract import extract_features
from stages.settings.cluster_features import PRESETS, FeatureClusterSettings
from stages.settings.compare import CompareSettings
from stages.settings.pipeline import ClusterSettings, ExtractSettings
from storage.formats.clusters import CLUSTERS_NAME, read_clusters
from storage.formats.features import features_path
from storage.formats.pairs import pairs_path
from storage.listing import list_photos
from tests.drawn_digits import save_digits

NUM_DIGITS = 200
MODEL = "vlad+street"


@dataclass(frozen=True)
class Collection:
    """Photos, their truth, and the folder that results go to."""

    name: str
    image_dir: Path
    labels: Path
    work_dir: Path


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work_dir", type=Path, required=True)
    parser.add_argument("--image_dir", type=Path)
    parser.add_argument("--labels", type=Path)
    return parser.parse_args(argv)


def drawn_digits(work_dir: Path) -> Collection:
    """Draw the digits and write their labels."""
    image_dir, labels = work_dir / "digits", work_dir / "digits.csv"
    truth = save_digits(image_dir, NUM_DIGITS)
    labels.write_text(
        "path,building\n" + "".join(f"{name},{digit}\n" for name, digit in truth.items()), encoding="utf-8"
    )
    return Collection(f"{NUM_DIGITS} digits", image_dir, labels, work_dir / "of_digits")


def by_similarity(method: str, collection: Collection, results_dir: Path) -> None:
    """Cluster photos by a similarity."""
    outputs_dir = collection.work_dir / "similarities"
    compare_images(CompareSettings(method=method, image_dir=collection.image_dir, outputs_dir=outputs_dir))
    pairs_file = pairs_path(outputs_dir, method)
    create_clusters(ClusterSettings(pairs_file=pairs_file, image_dir=collection.image_dir, results_dir=results_dir))


def by_descriptors(settings: FeatureClusterSettings, collection: Collection, results_dir: Path) -> None:
    """Cluster photos by their descriptors."""
    features = tuple(features_path(collection.work_dir / "descriptors", part) for part in MODEL.split("+"))
    places = FeatureClusterSettings(features=features, image_dir=collection.image_dir, results_dir=results_dir)
    cluster_features(replace(places, algorithm=settings.algorithm, preset=settings.preset))


def measure(name: str, collection: Collection, run: Callable[[Collection, Path], None]) -> str:
    """Run one way from photos to clusters; give its row of the table."""
    results_dir = collection.work_dir / "results" / name
    started = time.perf_counter()
    run(collection, results_dir)
    seconds = time.perf_counter() - started
    clusters = read_clusters(results_dir / CLUSTERS_NAME)
    grouped = [photo for photos in clusters.values() for photo in photos]
    if sorted(grouped) != sorted(list_photos(collection.image_dir, follow_links=False)):
        raise SystemExit(f"{name}: not every photo of {collection.image_dir} is in exactly one group")
    measures = compare_with_labels(results_dir / CLUSTERS_NAME, collection.labels).evaluation.as_dict()
    keys = ("bcubed_precision", "bcubed_recall", "bcubed_f1", "pairwise_f1")
    told = " | ".join(f"{measures[key]:.3f}" for key in keys)
    return f"| {name} | {told} | {seconds:.1f} |"


def print_table(collection: Collection) -> None:
    """Print the table of one collection."""
    print(header(f"Methods on {collection.name}"))
    print("| method | B-cubed P | R | F1 | pairwise F1 | s |\n|---|---|---|---|---|---|")
    for method in SIMILARITIES:
        print(measure(method, collection, partial(by_similarity, method)), flush=True)
    outputs_dir = collection.work_dir / "descriptors"
    extract_features(ExtractSettings(image_dir=collection.image_dir, outputs_dir=outputs_dir, model=MODEL))
    ways = {name: FeatureClusterSettings(algorithm=name) for name in (*FEATURE_CLUSTERERS, "auto")}
    ways |= {name: FeatureClusterSettings(preset=name) for name in PRESETS}
    for name, settings in ways.items():
        print(measure(name, collection, partial(by_descriptors, settings)), flush=True)
    print()


def main(args: argparse.Namespace) -> int:
    """Print the tables."""
    print_table(drawn_digits(args.work_dir))
    if args.image_dir is not None:
        name = f"{args.image_dir.name}, {len(list_photos(args.image_dir, follow_links=False))} photos"
        print_table(Collection(name, args.image_dir, args.labels, args.work_dir / f"of_{args.image_dir.name}"))
    return 0


if __name__ == "__main__":
    sys.exit(main(parse_args()))
