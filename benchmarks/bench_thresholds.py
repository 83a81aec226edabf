"""Fix a model's default thresholds on half of the labelled buildings; check them on the other half.

Buildings (and single photos) are split by the hash of their name. On the first half and on a drawn street, strong and
weak thresholds are searched on a grid for the best mean B-cubed F1 among those with a pairwise precision of at least
--min_precision on both: a wrong join costs a user more than a missing one. The table shows the measures on the street
and on both halves, for the chosen thresholds and for those registered now. Pairs are made within each half, as they
would be if it were a collection of its own; the descriptors come from features files, whose model saw no labels.

Example: python benchmarks/bench_thresholds.py --features work/buildings/netvlad/global-feats-vlad.h5 \\
             --labels ../shared/photos/buildings/labels.csv --street_features street/out/global-feats-vlad.h5 \\
             --street_labels street/labels.csv
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import header  # noqa: E402
from clustering.evaluation import SINGLE, Evaluation, evaluate  # noqa: E402
from clustering.graph import ScoredPairs  # noqa: E402
from clustering.specified import SpecifiedSettings, cluster_specified  # noqa: E402
from hloc.extractors import MODELS  # noqa: E402
from hloc.retrieval import top_k  # noqa: E402
from stages.evaluate import match_labels  # noqa: E402
from storage.formats.features import read_features  # noqa: E402
from storage.formats.labels import SINGLE_LABEL, read_labels  # noqa: E402

STEP = 0.01


class Labelled:
    """Photos with labels, and their pairs."""

    def __init__(self, vectors: NDArray[np.floating], labels: list[str], num_to_match: int) -> None:
        numbers: dict[str, int] = {}
        self.labels = [SINGLE if label == SINGLE_LABEL else numbers.setdefault(label, len(numbers)) for label in labels]
        rows = [(row, others, scores) for row, others, scores in top_k(vectors, num_to_match)]
        first = np.concatenate([np.full(len(others), row) for row, others, _ in rows])
        self.pairs = ScoredPairs.from_arrays(
            len(labels),
            first,
            np.concatenate([others for _, others, _ in rows]),
            np.concatenate([scores for *_, scores in rows]),
        )

    def evaluate(self, strong: float, weak: float) -> Evaluation:
        """Cluster with these thresholds and compare with the labels."""
        grouping = cluster_specified(self.pairs, SpecifiedSettings(strong, weak))
        predicted = np.full(len(self.labels), SINGLE)
        for number, members in grouping.clusters.items():
            predicted[members] = number
        return evaluate(self.labels, predicted)


def is_first_half(label: str) -> bool:
    """Say to which half a building belongs."""
    return hashlib.sha256(label.encode()).digest()[0] < 128


def main(args: argparse.Namespace) -> int:
    """Search the grid and print the table."""
    collections = read_halves(args.features, args.labels, args.num_to_match)
    collections["street"] = read_whole(args.street_features, args.street_labels, args.num_to_match)
    model = read_features(args.features).model
    strong, weak = search(collections["first half"], collections["street"], args)
    print(header(f"thresholds of {model}, {args.num_to_match} pairs a photo"))
    print("| thresholds | strong | weak | photos | pairwise P | R | F1 | B-cubed P | R | F1 |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    registered = MODELS[model]
    for label, pair in [
        ("chosen", (strong, weak)),
        ("registered", (registered.strong_threshold, registered.weak_threshold)),
    ]:
        for name, collection in collections.items():
            cells = " | ".join(f"{value:.3f}" for value in measures(collection.evaluate(*pair)))
            print(f"| {label} | {pair[0]:g} | {pair[1]:g} | {name}, {len(collection.labels)} photos | {cells} |")
    return 0


def search(half: Labelled, street: Labelled, args: argparse.Namespace) -> tuple[float, float]:
    """Give the thresholds with the best mean B-cubed F1 among those that are precise enough on both."""
    grid = np.round(np.arange(args.lowest, args.highest + STEP / 2, STEP), 4)
    best = (-1.0, 0.0, 0.0)
    for strong, weak in product(grid, grid):
        if weak > strong:
            continue
        found = [collection.evaluate(strong, weak) for collection in (half, street)]
        if min(evaluation.pairwise_precision for evaluation in found) >= args.min_precision:
            best = max(best, (float(np.mean([evaluation.bcubed_f1 for evaluation in found])), strong, weak))
    return best[1], best[2]


def measures(found: Evaluation) -> list[float]:
    """Give the columns of the table."""
    pairwise = [found.pairwise_precision, found.pairwise_recall, found.pairwise_f1]
    return [*pairwise, found.bcubed_precision, found.bcubed_recall, found.bcubed_f1]


def read_halves(features_file: Path, labels_file: Path, num_to_match: int) -> dict[str, Labelled]:
    """Read labelled photos and split them by building."""
    features = read_features(features_file)
    label_of, _ = match_labels(features.names, read_labels(labels_file))
    halves = {}
    for title, wanted in (("first half", True), ("other half", False)):
        rows = [row for row, name in enumerate(features.names) if is_first_half(label_key(label_of, name)) == wanted]
        labels = [label_of[features.names[row]] for row in rows]
        halves[title] = Labelled(features.descriptors[rows], labels, num_to_match)
    return halves


def read_whole(features_file: Path, labels_file: Path, num_to_match: int) -> Labelled:
    """Read labelled photos."""
    features = read_features(features_file)
    label_of, _ = match_labels(features.names, read_labels(labels_file))
    return Labelled(features.descriptors, [label_of[name] for name in features.names], num_to_match)


def label_key(label_of: dict[str, str], name: str) -> str:
    """Give what decides the half: the building, or for a single photo its name."""
    label = label_of[name]
    return name.rsplit("/", 1)[-1] if label == SINGLE_LABEL else label


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--street_features", type=Path, required=True)
    parser.add_argument("--street_labels", type=Path, required=True)
    parser.add_argument("--min_precision", type=float, default=0.85)
    parser.add_argument("--num_to_match", type=int, default=10)
    parser.add_argument("--lowest", type=float, default=0.1)
    parser.add_argument("--highest", type=float, default=0.6)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(parse_args()))
