"""Measure how well the clusters agree with labels that a person gave.

Reads   results/clusters.json and a CSV file with the columns path,building (further columns are allowed). A path is an
        image name, or its end when it fits only one photo. The building "single" means: the only photo of its building.
Writes  nothing; prints a table, or JSON with --json. Photos without a label are left out, and so are labels without a
        photo; both are counted.

Example: python -m tools.evaluate_clusters --clusters results/clusters.json --labels labels.csv
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stages.command_line import ScriptParser, exit_codes

if TYPE_CHECKING:
    from stages.evaluate import LabelComparison

MAX_NAMED = 5
ROWS = (
    ("num_photos", "photos compared"),
    ("num_true_groups", "buildings of 2 photos or more"),
    ("num_predicted_groups", "clusters of 2 photos or more"),
    ("pairwise_precision", "pairwise precision"),
    ("pairwise_recall", "pairwise recall"),
    ("pairwise_f1", "pairwise F1"),
    ("bcubed_precision", "B-cubed precision"),
    ("bcubed_recall", "B-cubed recall"),
    ("bcubed_f1", "B-cubed F1"),
    ("adjusted_rand_index", "adjusted Rand index"),
    ("normalised_mutual_information", "normalised mutual information"),
    ("num_split", "buildings split over clusters"),
    ("num_merging", "clusters that mix buildings"),
    ("num_moves", "fewest single-photo moves to mend"),
)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    parser.add_argument("--clusters", type=Path, default=Path("results/clusters.json"), help="the clusters")
    parser.add_argument("--labels", type=Path, required=True, help="CSV file with the columns path,building")
    parser.add_argument(
        "--image_dir", type=Path, help="image folder; only for clusters of the earlier program, whose names hold it"
    )
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Compare the two files and print the measures."""
    from stages.evaluate import compare_with_labels

    comparison = compare_with_labels(args.clusters, args.labels, args.image_dir)
    if args.json:
        print(json.dumps(comparison.as_dict(), indent=1))
    else:
        print(table(comparison))
    return 0


def table(comparison: LabelComparison) -> str:
    """Give the measures, one a line, aligned, and what was left out."""
    measures = comparison.evaluation.as_dict()
    width = max(len(title) for _, title in ROWS)
    lines = [f"{title:<{width}}  {_shown(measures[name]):>9}" for name, title in ROWS]
    lines += _left_out(comparison.missing, "left out, labelled but not in the clusters")
    lines += _left_out(comparison.unlabelled, "left out, in the clusters but not labelled")
    return "\n".join(lines)


def _shown(value: int | float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _left_out(names: Sequence[str], what: str) -> list[str]:
    if not names:
        return []
    more = ", ..." if len(names) > MAX_NAMED else ""
    return [f"{what}: {len(names):,} ({', '.join(map(repr, names[:MAX_NAMED]))}{more})"]


if __name__ == "__main__":
    sys.exit(main(parse_args()))
