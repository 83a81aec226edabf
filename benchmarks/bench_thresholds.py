"""Fix a model's default thresholds on half of the labelled buildings; check them on the other half.

Buildings (and single photos) are split by the hash of their name. On the first half and on a drawn street, strong and
weak thresholds are searched on a grid for the best mean B-cubed F1 among those with a pairwise precision of at least
--min_precision on both: a wrong join costs a user more than a missing one. The table shows the measures on the street
and on both halves, for the chosen thresholds and for those registered now. Pairs are made within each half, as they
would be if it were a collection of its own; the descriptors come from features files, whose model saw no labels.
Several features files are joined.

Example: python benchmarks/bench_thresholds.py --features work/buildings/netvlad/global-feats-vlad.h5 \\
             --labels PHOTOS/buildings/labels.csv --street_features street/out/global-feats-vlad.h5 \\
             --street_labels street/labels.csv
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.grouping import Labelled  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from clustering.evaluation import Evaluation  # noqa: E402
from hloc.extractors import JOINT, default_thresholds  # noqa: E402
from stages.evaluate import match_labels  # noqa: E402
from storage.formats.features import read_features  # noqa: E402
from storage.formats.labels import SINGLE_LABEL, read_labels  # noqa: E402

STEP = 0.01


def is_first_half(label: str) -> bool:
    """Say to which half a building belongs."""
    return hashlib.sha256(label.encode()).digest()[0] < 128


def main(args: argparse.Namespace) -> int:
    """Search the grid and print the table."""
    model, collections = read_halves(args.features, args.labels, args.num_to_match)
    collections["street"] = read_whole(args.street_features, args.street_labels, args.num_to_match)
    grid = np.round(np.arange(args.lowest, args.highest + STEP / 2, STEP, dtype=np.float64), 4)
    rows = {"chosen": search([collections["first half"], collections["street"]], grid, args.min_precision)}
    registered = default_thresholds(model)
    if registered is not None:
        rows["registered"] = registered
    print(header(f"thresholds of {model}, {args.num_to_match} pairs a photo"))
    print("| thresholds | strong | weak | photos | pairwise P | R | F1 | B-cubed P | R | F1 |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for label, (strong, weak) in rows.items():
        for name, collection in collections.items():
            cells = " | ".join(f"{value:.3f}" for value in measures(collection.evaluate(strong, weak)))
            print(f"| {label} | {strong:g} | {weak:g} | {name}, {len(collection.labels)} photos | {cells} |")
    return 0


def search(collections: Sequence[Labelled], grid: NDArray[np.floating], min_precision: float) -> tuple[float, float]:
    """Give the thresholds with the best mean B-cubed F1 among those that are precise enough on all collections."""
    best = (-1.0, 0.0, 0.0)
    for strong, weak in product(grid, grid):
        if weak > strong:
            continue
        found = [collection.evaluate(strong, weak) for collection in collections]
        if min(evaluation.pairwise_precision for evaluation in found) >= min_precision:
            best = max(best, (float(np.mean([evaluation.bcubed_f1 for evaluation in found])), strong, weak))
    return best[1], best[2]


def measures(found: Evaluation) -> list[float]:
    """Give the columns of the table."""
    pairwise = [found.pairwise_precision, found.pairwise_recall, found.pairwise_f1]
    return [*pairwise, found.bcubed_precision, found.bcubed_recall, found.bcubed_f1]


def read_halves(features_files: list[Path], labels_file: Path, num_to_match: int) -> tuple[str, dict[str, Labelled]]:
    """Read labelled photos and split them by building; give the model's name and the halves."""
    parts = [read_features(path) for path in features_files]
    label_of, _ = match_labels(parts[0].names, read_labels(labels_file))
    ordered = {name: label_of[name] for name in parts[0].names}
    return JOINT.join(part.model for part in parts), halves_of(
        [part.descriptors for part in parts], ordered, num_to_match
    )


def halves_of(
    parts: Sequence[NDArray[np.floating]], label_of: Mapping[str, str], num_to_match: int
) -> dict[str, Labelled]:
    """Split labelled photos by building; ``label_of`` names them in the order of the descriptors."""
    halves = {}
    for title, wanted in (("first half", True), ("other half", False)):
        rows = [row for row, name in enumerate(label_of) if is_first_half(label_key(label_of, name)) == wanted]
        labels = list(label_of.values())
        halves[title] = Labelled([part[rows] for part in parts], [labels[row] for row in rows], num_to_match)
    return halves


def read_whole(features_files: list[Path], labels_file: Path, num_to_match: int) -> Labelled:
    """Read labelled photos."""
    parts = [read_features(path) for path in features_files]
    label_of, _ = match_labels(parts[0].names, read_labels(labels_file))
    return Labelled([part.descriptors for part in parts], [label_of[name] for name in parts[0].names], num_to_match)


def label_key(label_of: Mapping[str, str], name: str) -> str:
    """Give what decides the half: the building, or for a single photo its name."""
    label = label_of[name]
    return name.rsplit("/", 1)[-1] if label == SINGLE_LABEL else label


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, nargs="+", required=True)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--street_features", type=Path, nargs="+", required=True)
    parser.add_argument("--street_labels", type=Path, required=True)
    parser.add_argument("--min_precision", type=float, default=0.85)
    parser.add_argument("--num_to_match", type=int, default=10)
    parser.add_argument("--lowest", type=float, default=0.1)
    parser.add_argument("--highest", type=float, default=0.6)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(parse_args()))
