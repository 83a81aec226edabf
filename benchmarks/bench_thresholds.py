"""Fix a model's default thresholds on half of the labelled buildings; check them on the other half.

Buildings (and single photos) are split by the hash of their name. On the first half, strong and weak thresholds are
searched on a grid for the best B-cubed F1; the table shows the measures on both halves, for the chosen thresholds and
for those registered now. Pairs are made within each half, as they would be if it were a collection of its own; the
descriptors come from the features file, whose model saw no labels.

Example: python benchmarks/bench_thresholds.py --features work/buildings/netvlad/global-feats-vlad.h5 \\
             --labels ../shared/photos/buildings/labels.csv
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


class Half:
    """The photos of one half of the buildings, their labels and their pairs."""

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
    features = read_features(args.features)
    label_of, _ = match_labels(features.names, read_labels(args.labels))
    halves = []
    for wanted in (True, False):
        rows = [row for row, name in enumerate(features.names) if is_first_half(label_key(label_of, name)) == wanted]
        names = [features.names[row] for row in rows]
        halves.append(Half(features.descriptors[rows], [label_of[name] for name in names], args.num_to_match))
    grid = np.round(np.arange(args.lowest, args.highest + STEP / 2, STEP), 4)
    scored = [
        (halves[0].evaluate(strong, weak), strong, weak) for strong, weak in product(grid, grid) if weak <= strong
    ]
    _, strong, weak = max(scored, key=lambda row: (row[0].bcubed_f1, row[1], row[2]))
    print(header(f"thresholds of {features.model}, {args.num_to_match} pairs a photo"))
    print("| thresholds | strong | weak | half | pairwise P | R | F1 | B-cubed P | R | F1 |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    registered = MODELS[features.model]
    for label, pair in [
        ("chosen on the first half", (strong, weak)),
        ("registered", (registered.strong_threshold, registered.weak_threshold)),
    ]:
        for half, name in zip(halves, ("first", "other"), strict=True):
            found = half.evaluate(*pair)
            measures = [
                found.pairwise_precision,
                found.pairwise_recall,
                found.pairwise_f1,
                found.bcubed_precision,
                found.bcubed_recall,
                found.bcubed_f1,
            ]
            cells = " | ".join(f"{value:.3f}" for value in measures)
            print(f"| {label} | {pair[0]:g} | {pair[1]:g} | {name}, {len(half.labels)} photos | {cells} |")
    return 0


def label_key(label_of: dict[str, str], name: str) -> str:
    """Give what decides the half: the building, or for a single photo its name."""
    label = label_of[name]
    return name.rsplit("/", 1)[-1] if label == SINGLE_LABEL else label


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--num_to_match", type=int, default=10)
    parser.add_argument("--lowest", type=float, default=0.02)
    parser.add_argument("--highest", type=float, default=0.6)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(parse_args()))
