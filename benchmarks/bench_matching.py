"""Measure the verification of pairs: time on one core, and how many true pairs it is offered for which budget.

Prints two tables: processor time per photo and per pair; and, for several numbers of listed photos and of further
pairs, how many pairs are looked at and what share of the pairs of one building is among them, and found by them at a
probability of one half (by cross-validation over buildings).

``--outputs_dir`` holds the features of the photos: python extract_features.py --model vlad+street --outputs_dir DIR

Example: python benchmarks/bench_matching.py --labels ../shared/photos/buildings/labels.csv --outputs_dir DIR
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.labelled_search import LabelledPhotos, Result, Variant, search_parser  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from hloc.matching import create_matcher  # noqa: E402
from hloc.matching.verification import verify  # noqa: E402
from storage.formats.matches import SOURCES  # noqa: E402
from storage.photos import load_photo  # noqa: E402

NUM_TIMED_PHOTOS, NUM_TIMED_PAIRS = 20, 200
LISTED = (5, 10, 20, 30)
BUDGETS = (
    Variant(num_rounds=1, max_pairs=0),
    Variant(num_rounds=1),
    *(Variant(max_pairs=count) for count in (5, 10, 20)),
    Variant(num_rounds=3),
    Variant(num_to_match=5),
    Variant(num_to_match=20),
)
BUDGET_COLUMNS = (
    *("listed", "rounds", "further pairs", "pairs a photo", "of neighbours", "of places", "of times"),
    *("true pairs among them", "and found", "precision"),
)


def time_lines(photos: LabelledPhotos, num_keypoints: int) -> list[str]:
    """Time decoding, description and matching on one core."""
    matcher = create_matcher("rootsift", num_keypoints)
    names = photos.photos.names[:NUM_TIMED_PHOTOS]
    laps = [time.process_time()]
    loaded = [load_photo(photos.image_dir / name, matcher.max_side) for name in names]
    laps.append(time.process_time())
    stored = [matcher.describe(photo) for photo in loaded]
    laps.append(time.process_time())
    features = [matcher.load(each) for each in stored]
    laps.append(time.process_time())
    rows = np.random.default_rng(0).integers(0, len(names), (NUM_TIMED_PAIRS, 2))
    for first, second in rows:
        verify(matcher, features[first], features[second])
    laps.append(time.process_time())
    decode, describe, load, match = np.diff(laps) * 1000
    count = len(names)
    counts = f"{np.mean([len(each.keypoints) for each in stored]):.0f}"
    cells = [str(num_keypoints), counts, *(f"{value / count:.1f}" for value in (decode, describe, load))]
    return [f"| {' | '.join([*cells, f'{match / len(rows):.1f}'])} |"]


def listed_line(photos: LabelledPhotos, num_to_match: int) -> str:
    """Give what the descriptors alone list; nothing is verified."""
    pairs = photos.listed(num_to_match).scores
    num_same = sum(photos.buildings[one] == photos.buildings[other] for one, other in pairs)
    cells = [str(num_to_match), "0", "0", f"{len(pairs) / len(photos.buildings):.1f}", "0", "0", "0"]
    cells += [f"{num_same / photos.num_true_pairs:.3f}", "-", "-"]
    return f"| {' | '.join(cells)} |"


def budget_line(result: Result, num_true_pairs: int) -> str:
    """Give what a budget offers and finds."""
    variant, found = result.search.variant, result.found
    is_same = result.pairs.is_same
    called = found.probability >= 0.5
    by_source = {name: int((found.source == number).sum()) for number, name in enumerate(SOURCES)}
    cells = [str(variant.num_to_match), str(variant.num_rounds), str(variant.max_pairs)]
    cells += [f"{len(is_same) / len(result.truth):.1f}"]
    cells += [str(by_source[name]) for name in ("neighbours", "position", "time")]
    cells += [f"{is_same.sum() / num_true_pairs:.3f}", f"{(is_same & called).sum() / num_true_pairs:.3f}"]
    return f"| {' | '.join([*cells, f'{is_same[called].mean():.3f}'])} |"


def main(args: argparse.Namespace) -> int:
    """Print the tables."""
    photos = LabelledPhotos(args.labels, args.outputs_dir, args.model.split("+"), args.street_dir)
    print(header(f"verification on {args.labels.parent.name}, {len(photos.photos.names)} photos, one core"))
    print("| keypoints, at most | in the mean | decode, ms/photo | describe, ms/photo | load, ms/photo | ms/pair |")
    print("|---|---|---|---|---|---|")
    for num_keypoints in args.num_keypoints:
        with threadpool_limits(1):
            print("\n".join(time_lines(photos, num_keypoints)), flush=True)
    print(f"\n### candidates of {args.model} against budget\n")
    print(f"| {' | '.join(BUDGET_COLUMNS)} |\n|{'---|' * len(BUDGET_COLUMNS)}")
    for num_to_match in LISTED:
        print(listed_line(photos, num_to_match), flush=True)
    for variant in BUDGETS[: args.num_budgets]:
        print(budget_line(photos.find(variant), photos.num_true_pairs), flush=True)
    return 0


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = search_parser(__doc__)
    parser.add_argument("--num_keypoints", type=int, nargs="+", default=[1000, 2000, 4000])
    parser.add_argument("--num_budgets", type=int, default=len(BUDGETS), help="verified lines of the second table")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(parse_args()))
