"""Measure how well models find the photos of the same building and group them, and how long they take on one core.

Models learn on the same photos; no label is used but for measuring. ``A+B`` joins two models. Photos labelled
``single`` are searched through, but never searched for. Clusters are those of the registered thresholds, without
positions.

Example: python benchmarks/bench_quality.py --labels PHOTOS/buildings/labels.csv --model vlad vlad+street
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.grouping import Labelled  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from hloc.extractors import JOINT, choose_models, create_extractor, default_thresholds  # noqa: E402
from hloc.extractors.base import Extractor, ExtractorOptions, LearntExtractor  # noqa: E402
from hloc.joining import join_descriptors  # noqa: E402
from hloc.retrieval_measures import measure_retrieval  # noqa: E402
from storage.formats.labels import SINGLE_LABEL, read_labels  # noqa: E402
from storage.photos import load_photo  # noqa: E402

COLUMNS = (
    "model",
    "D",
    "decode, s/photo",
    "describe, s/photo",
    "learn, s",
    "mAP",
    "precision@1",
    "true pairs in top 10",
)
CLUSTER_COLUMNS = ("pairwise P", "R", "F1", "B-cubed F1")


@dataclass
class Described:
    """Descriptors (N, D) of one model and the processor seconds that they took."""

    vectors: NDArray[np.floating]
    seconds: dict[str, float]


class Clock:
    """Adds up processor seconds by what they went into."""

    def __init__(self) -> None:
        self.seconds = {"decode": 0.0, "learn": 0.0, "describe": 0.0}
        self.last = time.process_time()

    def book(self, key: str) -> None:
        """Book the time since the last booking."""
        now = time.process_time()
        self.seconds[key] += now - self.last
        self.last = now


def sample_rows(photos: Sequence[Path], size: int) -> list[int]:
    """Give the rows of the photos that are learnt from, in order: those that ``extract_features.py`` would choose."""
    by_hash = sorted(range(len(photos)), key=lambda row: hashlib.sha256(photos[row].name.encode("utf-8")).digest())
    return sorted(by_hash[:size])


def describe(extractor: Extractor, photos: list[Path]) -> Described:
    """Describe all photos, one after the other."""
    clock = Clock()
    prepared: list[Any] = []
    prepare = extractor.prepare_sample if isinstance(extractor, LearntExtractor) else extractor.prepare
    for path in photos:
        photo = load_photo(path, extractor.max_side)
        clock.book("decode")
        prepared.append(prepare(photo))
        clock.book("describe")
    if isinstance(extractor, LearntExtractor):
        extractor.learn([prepared[row] for row in sample_rows(photos, extractor.sample_size)])
        clock.book("learn")
        prepared = [extractor.prepare_from_sample(item) for item in prepared]
    vectors = [extractor.describe([item])[0] for item in prepared]
    clock.book("describe")
    return Described(np.stack(vectors), clock.seconds)


def row_of(model: str, described: dict[str, Described], labels: list[str], num_to_match: int) -> list[str]:
    """Give the cells of one model, or of joined ones."""
    parts = [described[part] for part in model.split(JOINT)]
    vectors, _ = join_descriptors([part.vectors for part in parts])  # a shift changes no order
    names = [f"{label} {number}" if label == SINGLE_LABEL else label for number, label in enumerate(labels)]
    found = measure_retrieval(vectors, np.array(names))
    seconds = {key: sum(part.seconds[key] for part in parts) for key in parts[0].seconds}
    cells = [model, str(vectors.shape[1])]
    cells += [f"{seconds[key] / len(labels):.3f}" for key in ("decode", "describe")] + [f"{seconds['learn']:.1f}"]
    cells += [f"{found.mean_average_precision:.3f}", f"{found.precision_at_1:.3f}", f"{found.recall_of_pairs:.3f}"]
    thresholds = default_thresholds(model)
    if thresholds is None:
        return cells
    clusters = Labelled([part.vectors for part in parts], labels, num_to_match).evaluate(*thresholds)
    measures = (clusters.pairwise_precision, clusters.pairwise_recall, clusters.pairwise_f1, clusters.bcubed_f1)
    return cells + [f"{value:.3f}" for value in measures]


def main(args: argparse.Namespace) -> int:
    """Print the table."""
    label_of = read_labels(args.labels)
    photos = [args.labels.parent / name for name in label_of]
    options = ExtractorOptions(weights=args.weights, device=args.device, resize_max=args.resize_max)
    models = [JOINT.join(choose_models(model, options)) for model in args.model]
    print(header(f"quality on {args.labels.parent.name}, {len(photos)} photos"))
    print(f"| {' | '.join(COLUMNS + CLUSTER_COLUMNS)} |\n|{'---|' * len(COLUMNS + CLUSTER_COLUMNS)}")
    described: dict[str, Described] = {}
    for model in models:
        for part in model.split(JOINT):
            if part not in described:
                with threadpool_limits(1):
                    described[part] = describe(create_extractor(part, options), photos)
        print(f"| {' | '.join(row_of(model, described, list(label_of.values()), args.num_to_match))} |", flush=True)
    return 0


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, required=True, help="CSV file path,building; the photos beside it")
    parser.add_argument("--model", nargs="+", default=["vlad", "street", "vlad+street"])
    parser.add_argument("--num_to_match", type=int, default=10)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--resize_max", type=int)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(parse_args()))
