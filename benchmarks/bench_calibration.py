"""Measure how far the probability of a pair can be believed, on labelled photos, by cross-validation over buildings.

Prints predicted against observed, range by range; Brier score and log loss beside those of a constant; clusters from
these probabilities for several deals of the folds. ``--curve`` draws predicted against observed. With ``--output`` it
fits on all labelled pairs and writes the calibration: that is how ``hloc/calibration.json`` was made.

``--outputs_dir`` holds the features of the photos: python extract_features.py --model vlad+street --outputs_dir DIR

Example: python benchmarks/bench_calibration.py --labels PHOTOS/buildings/labels.csv --outputs_dir DIR
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, log_loss

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.labelled_search import LabelledPhotos, Result, Variant, by_components, by_evidence, search_parser  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from stages.calibrate import ReliabilityRow, calibrate, calibration_error, reliability  # noqa: E402
from storage.formats.calibration import write_calibration  # noqa: E402

CLUSTER_COLUMNS = ("folds", "method", "pairwise P", "R", "F1", "B-cubed F1", "Brier", "log loss")
SIDE, MARGIN = 480, 40  # of the drawn curve, in pixels


def reliability_lines(rows: Sequence[ReliabilityRow]) -> list[str]:
    """Give predicted against observed as a table."""
    lines = ["| probability | pairs | predicted | observed |", "|---|---|---|---|"]
    return lines + [
        f"| {row.low:.2f} to {row.high:.2f} | {row.count} | {row.predicted:.3f} | {row.observed:.3f} |" for row in rows
    ]


def cluster_lines(results: Sequence[Result]) -> list[str]:
    """Give clusters and losses for each deal of the folds."""
    lines = [f"| {' | '.join(CLUSTER_COLUMNS)} |", f"|{'---|' * len(CLUSTER_COLUMNS)}"]
    for result in results:
        is_same, probability = result.pairs.is_same, result.found.probability
        losses = brier_score_loss(is_same, probability), log_loss(is_same, probability)
        for name, group in (("evidence", by_evidence), ("connected components", by_components)):
            found = result.judge(group)
            values = (found.pairwise_precision, found.pairwise_recall, found.pairwise_f1, found.bcubed_f1, *losses)
            cells = [str(result.search.variant.seed), name, *(f"{value:.3f}" for value in values)]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def draw_curve(rows: Sequence[ReliabilityRow]) -> NDArray[np.uint8]:
    """Draw observed over predicted; the area of a disc grows with the number of pairs."""
    canvas = np.full((SIDE + 2 * MARGIN, SIDE + 2 * MARGIN, 3), 255, np.uint8)

    def place(predicted: float, observed: float) -> tuple[int, int]:
        return round(MARGIN + predicted * SIDE), round(MARGIN + (1 - observed) * SIDE)

    cv2.rectangle(canvas, place(0, 0), place(1, 1), (0, 0, 0), 1)
    cv2.line(canvas, place(0, 0), place(1, 1), (180, 180, 180), 1, cv2.LINE_AA)
    points = [place(row.predicted, row.observed) for row in rows]
    cv2.polylines(canvas, [np.array(points, np.int32)], False, (170, 60, 20), 2, cv2.LINE_AA)
    for point, row in zip(points, rows, strict=True):
        cv2.circle(canvas, point, round(3 + np.log2(row.count)), (170, 60, 20), -1, cv2.LINE_AA)
    cv2.putText(canvas, "predicted", place(0.42, -0.06), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.putText(canvas, "observed", place(-0.07, 1.02), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return canvas


def main(args: argparse.Namespace) -> int:
    """Print the tables; draw and write what is asked for."""
    photos = LabelledPhotos(args.labels, args.outputs_dir, args.model.split("+"), args.street_dir)
    results = [photos.find(Variant(seed=seed)) for seed in range(args.num_deals)]
    first = results[0]
    pairs, probability = first.pairs, first.found.probability
    rows = reliability(probability, pairs.is_same)
    share = float(pairs.is_same.mean())
    print(header(f"calibration on {args.labels.parent.name}, {len(pairs.names)} photos, {args.model}"))
    print(f"{len(probability)} pairs, {int(pairs.is_same.sum())} of one building ({photos.num_true_pairs} in all).\n")
    print("\n".join(reliability_lines(rows)))
    print(
        f"\nBrier score {brier_score_loss(pairs.is_same, probability):.4f} (a constant: {share * (1 - share):.4f}), "
        f"log loss {log_loss(pairs.is_same, probability):.4f} (a constant: "
        f"{log_loss(pairs.is_same, np.full(len(probability), share)):.4f}), mean difference "
        f"{calibration_error(rows):.4f}.\n"
    )
    print("\n".join(cluster_lines(results)))
    fitted = calibrate(first.search.fitted_on(first.found))
    print("\n| evidence | mean | scale | coefficient |\n|---|---|---|---|")
    for parts in zip(fitted.names, fitted.means, fitted.scales, fitted.coefficients, strict=True):
        print(f"| {parts[0]} | {parts[1]:.3f} | {parts[2]:.3f} | {parts[3]:.3f} |")
    if args.curve:
        cv2.imwrite(str(args.curve), draw_curve(rows))
    if args.output:
        write_calibration(args.output, fitted)
    return 0


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = search_parser(__doc__)
    parser.add_argument("--num_deals", type=int, default=3, help="deals of the buildings into folds")
    parser.add_argument("--curve", type=Path, help="PNG file to draw the curve into")
    parser.add_argument("--output", type=Path, help="calibration file to write, fitted on all")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(parse_args()))
