"""Measure how well a model finds the photos of the same building, and how long it takes on one core.

The model learns on the same photos, no label is used but for measuring. Photos whose label begins with ``single`` are
searched through, but never searched for.

Example: python benchmarks/bench_quality.py --image_dir ../shared/photos/buildings \\
             --labels ../shared/photos/buildings/labels.csv --model vlad
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import header  # noqa: E402
from hloc.extractors import MODELS, create_extractor  # noqa: E402
from hloc.extractors.base import Extractor, ExtractorOptions, LearntExtractor  # noqa: E402
from hloc.retrieval_measures import measure_retrieval  # noqa: E402
from storage.photos import load_photo  # noqa: E402

SINGLE = "single"


def read_photo_labels(path: Path, singles: list[str]) -> dict[str, str]:
    """Give the label of each photo of a CSV file of two columns; photos of ``singles`` get labels of their own."""
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))[1:]
    return {name: f"{SINGLE} {name}" if label in (SINGLE, *singles) else label for name, label in rows}


def find_photo(image_dir: Path, name: str) -> Path:
    """Give the path of a photo."""
    return image_dir / name


def describe(extractor: Extractor, photos: list[Path]) -> tuple[NDArray[np.float32], dict[str, float]]:
    """Describe all photos, one after the other; give the vectors and the seconds of decoding, learning, describing."""
    seconds = {"decode": 0.0, "learn": 0.0, "describe": 0.0}

    def timed(key: str, start: float) -> None:
        seconds[key] += time.process_time() - start

    kept, vectors = [], []
    for path in photos:
        start = time.process_time()
        photo = load_photo(path, extractor.max_side)
        timed("decode", start)
        start = time.process_time()
        if isinstance(extractor, LearntExtractor):
            kept.append(extractor.prepare_sample(photo))
        else:
            vectors.append(extractor.describe([extractor.prepare(photo)])[0])
        timed("describe", start)
    if isinstance(extractor, LearntExtractor):
        start = time.process_time()
        extractor.learn(kept[: extractor.sample_size])
        timed("learn", start)
    start = time.process_time()
    if isinstance(extractor, LearntExtractor):
        vectors = [extractor.describe([extractor.prepare_from_sample(item)])[0] for item in kept]
    timed("describe", start)
    return np.stack(vectors), seconds


def main(args: argparse.Namespace) -> int:
    labels = read_photo_labels(args.labels, args.singles)
    photos = [find_photo(args.image_dir, name) for name in labels]
    options = ExtractorOptions(weights=args.weights, device=args.device, resize_max=args.resize_max)
    print(header(f"quality on {args.image_dir.name}, {len(photos)} photos"))
    print("| model | D | mAP | precision@1 | true pairs in top 10 | decode, s/photo | describe, s/photo | learn, s |")
    print("|---|---|---|---|---|---|---|---|")
    for model in args.model:
        with threadpool_limits(1):
            vectors, seconds = describe(create_extractor(model, options), photos)
        found = measure_retrieval(vectors, np.array(list(labels.values())))
        print(
            f"| {model} | {vectors.shape[1]} | {found.mean_average_precision:.3f} | {found.precision_at_1:.3f} "
            f"| {found.recall_of_pairs:.3f} | {seconds['decode'] / len(photos):.3f} "
            f"| {seconds['describe'] / len(photos):.3f} | {seconds['learn']:.1f} |",
            flush=True,
        )
        if args.vectors is not None:
            np.save(args.vectors, vectors)
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image_dir", type=Path, required=True)
    parser.add_argument("--labels", type=Path, required=True, help="CSV file: photo, label")
    parser.add_argument("--singles", nargs="*", default=[], help="labels that are no single building")
    parser.add_argument("--model", nargs="+", choices=sorted(MODELS), default=["vlad"])
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--resize_max", type=int)
    parser.add_argument("--vectors", type=Path, help="save the descriptors here (NumPy)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(parse_args()))
