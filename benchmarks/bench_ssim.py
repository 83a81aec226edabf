"""SSIM of all pairs of 1,000 photos, and of a sample of them by scikit-image: processor seconds, largest difference.

One thread. Photos are read at a reduced scale, as only 256 x 256 grey pixels of each are compared. A line on standard
error tells how far it is.

Example: OMP_NUM_THREADS=1 python -m benchmarks.bench_ssim --image_dir PHOTOS/unlabelled
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.metrics import structural_similarity
from threadpoolctl import threadpool_limits

from benchmarks.machine import header
from clustering.comparisons import NONE, Comparison, compare
from hloc.similarities import create_similarity
from hloc.similarities.base import Scorer, Similarity, SimilarityOptions
from storage.listing import list_photos

READ_AT = (512, 512)  # at least, of a JPEG's reduced scales
Rows = NDArray[np.int64]


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image_dir", type=Path, required=True)
    parser.add_argument("--num_photos", type=int, default=1000)
    parser.add_argument("--num_sampled", type=int, default=2000, help="pairs that scikit-image scores, too")
    return parser.parse_args(argv)


def describe_all(similarity: Similarity, paths: Sequence[Path]) -> list[NDArray[np.uint8]]:
    """Give the feature of each photo, (256, 256) grey."""
    features = []
    for path in paths:
        with Image.open(path) as photo:
            photo.draft("RGB", READ_AT)
            features.append(similarity.describe(np.asarray(photo.convert("RGB"))))
    return features


def compare_all(scorer: Scorer, num_photos: int, lowest: float) -> tuple[int, float]:
    """Score every pair once, as ``tools.compare_images --skip none`` does; give their number and processor seconds."""
    started, count, told = time.process_time(), 0, 0
    for step in compare(Comparison(scorer, num_photos, lowest, NONE)):
        count += step.num_compared
        if count - told >= 50_000:
            told = count
            print(f"{count:,} pairs in {time.process_time() - started:.0f} s", file=sys.stderr, flush=True)
    return count, time.process_time() - started


def sample_pairs(num_photos: int, count: int) -> tuple[Rows, Rows]:
    """Draw pairs of two photos each."""
    random = np.random.default_rng(0)
    first = random.integers(0, num_photos, count)
    return first, (first + random.integers(1, num_photos, count)) % num_photos


def main(args: argparse.Namespace) -> int:
    """Print the table."""
    cv2.setNumThreads(1)
    similarity = create_similarity("ssim", SimilarityOptions())
    paths = [args.image_dir / name for name in list_photos(args.image_dir)[: args.num_photos]]
    with threadpool_limits(1):
        features = describe_all(similarity, paths)
        scorer = similarity.scorer(features)
        first, second = sample_pairs(len(features), args.num_sampled)
        start = time.process_time()
        expected = [
            structural_similarity(features[one], features[other]) for one, other in zip(first, second, strict=True)
        ]
        library = (time.process_time() - start) / args.num_sampled
        largest = float(np.abs(scorer.pairs(first, second) - expected).max())
        count, taken = compare_all(scorer, len(features), similarity.highest)
    print(header("SSIM of all pairs"))
    print("| photos | pairs | CPU s | ms a pair | scikit-image, ms a pair | all by it, CPU s | ratio | difference |")
    print("|---|---|---|---|---|---|---|---|")
    print(
        f"| {len(features):,} | {count:,} | {taken:.0f} | {taken / count * 1e3:.2f} | {library * 1e3:.2f} | "
        f"{library * count:,.0f} | {library * count / taken:.1f} | {largest:.1e} |"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(parse_args()))
