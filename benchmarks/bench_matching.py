"""Measure the verification of pairs: time on one core, and how many true pairs it is offered for which budget.

Prints three tables: processor time per photo; per pair, by each way to multiply local features, in turns; and, for
several numbers of listed photos and of further pairs, how many pairs are looked at and what share of the pairs of one
building is among them, and found by them at a probability of one half (by cross-validation over buildings).

``--outputs_dir`` holds the features of the photos: python extract_features.py --model vlad+street --outputs_dir DIR

Example: python benchmarks/bench_matching.py --labels PHOTOS/buildings/labels.csv --outputs_dir DIR
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.labelled_search import LabelledPhotos, Result, Variant, search_parser  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from hloc.matching import create_matcher, products  # noqa: E402
from hloc.matching.verification import verify  # noqa: E402
from storage.formats.matches import SOURCES  # noqa: E402
from storage.photos import load_photo  # noqa: E402

NUM_TIMED_PHOTOS, NUM_TIMED_PAIRS = 20, 300
PAIRS_PER_TURN = 20  # a run takes one way throughout, so its numbers stay in the processor's cache
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


def photo_line(photos: LabelledPhotos, num_keypoints: int) -> str:
    """Time decoding, description and loading on one core."""
    matcher = create_matcher("rootsift", num_keypoints)
    names = photos.photos.names[:NUM_TIMED_PHOTOS]
    laps = [time.process_time()]
    loaded = [load_photo(photos.image_dir / name, matcher.max_side) for name in names]
    laps.append(time.process_time())
    stored = [matcher.describe(photo) for photo in loaded]
    laps.append(time.process_time())
    for each in stored:
        matcher.load(each)
    laps.append(time.process_time())
    counts = f"{np.mean([len(each.keypoints) for each in stored]):.0f}"
    times = [f"{value / len(names):.1f}" for value in np.diff(laps) * 1000]
    return f"| {' | '.join([str(num_keypoints), counts, *times])} |"


def way_lines(photos: LabelledPhotos) -> list[str]:
    """Time whole pairs, drawn from what the descriptor lists, by each way to multiply, in turns of several pairs."""
    run, listed = photos.run, np.array(sorted(photos.listed(LISTED[1]).scores))
    pairs = np.random.default_rng(0).permutation(listed)[:NUM_TIMED_PAIRS].tolist()
    store = run.open_store()
    features = {row: run.matcher.load(store.read(photos.photos.names[row])) for row in set(sum(pairs, []))}
    ways = [*map(products.opened, products.GRAPHS), products.FLOAT32]
    seconds = np.empty((len(ways), len(pairs)))
    for start in range(0, len(pairs), PAIRS_PER_TURN):
        for row, way in enumerate(ways):
            with patch.object(products, "chosen_way", return_value=way):
                for number in range(start, min(start + PAIRS_PER_TURN, len(pairs))):
                    first, second = (features[photo] for photo in pairs[number])
                    began = time.process_time()
                    verify(run.matcher, first, second)
                    seconds[row, number] = time.process_time() - began
    ratios = np.median(seconds / seconds[-1], axis=1)
    quarters = np.percentile(seconds, 25, axis=1)
    return [
        f"| uint8 x {way.dtype} | {products.is_exact(way)} | {1000 * mean:.1f} | {1000 * quarter:.1f} | {ratio:.2f} |"
        for way, mean, quarter, ratio in zip(ways, seconds.mean(axis=1), quarters, ratios, strict=True)
    ]


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
    print("| keypoints, at most | in the mean | decode, ms/photo | describe, ms/photo | load, ms/photo |")
    print("|---|---|---|---|---|")
    with threadpool_limits(1):
        for num_keypoints in args.num_keypoints:
            print(photo_line(photos, num_keypoints), flush=True)
        print(
            f"\n| products of {NUM_TIMED_PAIRS} pairs | exact here | ms/pair, mean | a quarter below | median ratio |"
        )
        print("|---|---|---|---|---|", *way_lines(photos), sep="\n", flush=True)
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
