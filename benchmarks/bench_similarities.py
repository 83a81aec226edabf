"""Seconds of the similarities: describing a photo, scoring pairs; SSIM and ORB against the libraries, pair by pair.

All of it on one thread, in processor seconds, so that other work on the machine counts little. Photos are those of a
folder, decoded at full size before; their features are repeated where a block needs more of them. Ours and the
library's take turns on the same pairs. The line of 10,000 hashes compares all of drawn features.

Example: OMP_NUM_THREADS=1 python benchmarks/bench_similarities.py --image_dir PHOTOS/buildings
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import header  # noqa: E402
from hloc.similarities import SIMILARITIES, create_similarity  # noqa: E402
from hloc.similarities.base import Scorer, SimilarityOptions  # noqa: E402
from hloc.similarities.orb import match_distances, signs  # noqa: E402
from storage.listing import list_photos  # noqa: E402
from storage.photos import load_photo  # noqa: E402

SMALLEST_BLOCK, LARGEST_BLOCK = 16, 512
LONG_ENOUGH_S = 1.0
TILE = 1000
PAIRS_A_TURN = 12
Features = list[NDArray[Any]]
Way = Callable[[list[tuple[int, int]]], list[Any]]


def seconds(function: Callable[[], object]) -> float:
    """Give the processor seconds of a call."""
    start = time.process_time()
    function()
    return time.process_time() - start


def pairs_per_second(scorer: Scorer) -> tuple[float, int]:
    """Score blocks of twice the side until one takes long enough; give pairs per second, and the side."""
    side = SMALLEST_BLOCK
    while True:
        first, second = np.arange(side), np.arange(side, 2 * side)
        taken = min(seconds(lambda: scorer.block(first, second)) for _ in range(2))  # noqa: B023
        if taken > LONG_ENOUGH_S or side == LARGEST_BLOCK:
            return side**2 / taken, side
        side *= 2


def print_similarities(photos: list[NDArray[np.uint8]]) -> dict[str, Features]:
    """Print a line for each similarity; give the features of all."""
    print("| similarity | ms a photo | pairs a second | microseconds a pair | block |\n|---|---|---|---|---|")
    features: dict[str, Features] = {}
    for name in SIMILARITIES:
        similarity = create_similarity(name, SimilarityOptions())
        similarity.describe(photos[0])
        found: Features = []
        taken = seconds(lambda: found.extend(map(similarity.describe, photos)))  # noqa: B023
        features[name] = found
        repeated = [found[row % len(found)] for row in range(2 * LARGEST_BLOCK)]
        rate, side = pairs_per_second(similarity.scorer(repeated))
        block = f"{side} x {side}"
        print(f"| {name} | {taken / len(photos) * 1e3:.1f} | {rate:,.0f} | {1e6 / rate:,.3f} | {block} |", flush=True)
    return features


def ssim_ways(features: Features) -> dict[str, Way]:
    """Give our way and scikit-image's to score pairs of photos."""
    scorer = create_similarity("ssim", SimilarityOptions()).scorer(features)
    return {
        "ours": lambda rows: list(scorer.pairs(*np.array(rows).T)),
        "library": lambda rows: [structural_similarity(features[row], features[other]) for row, other in rows],
    }


def orb_ways(features: Features) -> dict[str, Way]:
    """Give our way and OpenCV's to match pairs of photos; the answer is the sorted distances of the matches."""
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
    numbers = [signs(feature) for feature in features]
    return {
        "ours": lambda rows: [np.sort(match_distances(numbers[row], numbers[other])) for row, other in rows],
        "library": lambda rows: [
            np.sort([match.distance for match in matcher.match(features[row], features[other])]) for row, other in rows
        ],
    }


def print_comparison(what: str, ways: dict[str, Way], num_photos: int, rounds: int) -> None:
    """Print the median seconds of both ways, which take turns, and how far their answers lie apart."""
    taken: dict[str, list[float]] = {way: [] for way in ways}
    largest = 0.0
    for turn in range(rounds):
        rows = [(turn % num_photos, (turn + step) % num_photos) for step in range(1, PAIRS_A_TURN + 1)]
        found: dict[str, list[Any]] = {}
        for way, function in ways.items():
            start = time.process_time()
            found[way] = function(rows)
            taken[way].append((time.process_time() - start) / len(rows))
        largest = max(largest, *(np.abs(np.subtract(*pair)).max() for pair in zip(*found.values(), strict=True)))
    ours, library = (float(np.median(of_way)) for of_way in taken.values())
    print(f"| {what} | {ours * 1e3:.2f} | {library * 1e3:.2f} | {library / ours:.1f} | {largest:.1e} |", flush=True)


def print_all_pairs(name: str, features: Features) -> None:
    """Print the seconds of all pairs of photos."""
    taken = seconds(lambda: score_all(name, features))
    count = len(features)
    print(f"| {name} | {count:,} | {count * (count - 1) // 2:,} | {taken:.1f} |", flush=True)


def score_all(name: str, features: Features) -> int:
    """Score the pairs of all photos tile by tile; give how many of them reach the default threshold."""
    scorer = create_similarity(name, SimilarityOptions()).scorer(features)
    starts = range(0, len(features), TILE)
    found = 0
    for start in starts:
        first = np.arange(start, min(start + TILE, len(features)))
        for other in range(start, len(features), TILE):
            second = np.arange(other, min(other + TILE, len(features)))
            found += int(np.count_nonzero(scorer.block(first, second) >= SIMILARITIES[name].strong_threshold))
    return found


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image_dir", type=Path, required=True)
    parser.add_argument("--num_photos", type=int, default=60, help="that are described")
    parser.add_argument("--rounds", type=int, default=12, help="in which ours and the library take turns")
    parser.add_argument("--num_hashes", type=int, default=10_000)
    parser.add_argument(
        "--num_compared", type=int, default=0, help="photos of which SSIM compares all; 1000 takes long"
    )
    return parser.parse_args()


def main(args: argparse.Namespace) -> int:
    """Print the tables."""
    cv2.setNumThreads(1)
    photos = [load_photo(args.image_dir / name) for name in list_photos(args.image_dir)[: args.num_photos]]
    megapixels = np.mean([photo.shape[0] * photo.shape[1] for photo in photos]) / 1e6
    print(header("similarities: describing photos, scoring pairs"))
    print(f"{len(photos)} photos of {megapixels:.2f} megapixels on average, decoded before. One thread, CPU seconds.\n")
    with threadpool_limits(1):
        features = print_similarities(photos)
        print("\n| what | ours, ms a pair | library, ms a pair | ratio | largest difference |\n|---|---|---|---|---|")
        ssim, orb = features["ssim"], [feature for feature in features["orb"] if len(feature)]
        print_comparison("SSIM, scikit-image", ssim_ways(ssim), len(ssim), args.rounds)
        print_comparison("ORB, OpenCV's matcher", orb_ways(orb), len(orb), args.rounds)
        print("\n| all pairs by | photos | pairs | s |\n|---|---|---|---|")
        print_all_pairs("phash", list(np.random.default_rng(0).integers(0, 256, (args.num_hashes, 8), dtype=np.uint8)))
        if args.num_compared:
            print_all_pairs("ssim", [ssim[row % len(ssim)] for row in range(args.num_compared)])
    return 0


if __name__ == "__main__":
    sys.exit(main(parse_args()))
