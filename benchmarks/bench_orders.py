"""Measure how much the order in which ``vlad`` learns decides: k-means starts from other descriptors in every order.

The photos are described once; codebooks and whitening are learnt in the order of the labels and in drawn ones, and
``vlad`` and ``vlad+street`` are judged after each. Says within what figures of one order are chance.

Example: python benchmarks/bench_orders.py --labels PHOTOS/buildings/labels.csv --num_orders 8
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_quality import describe  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from hloc.extractors import create_extractor  # noqa: E402
from hloc.extractors.base import ExtractorOptions, LearntExtractor  # noqa: E402
from hloc.joining import join_descriptors  # noqa: E402
from hloc.retrieval_measures import measure_retrieval  # noqa: E402
from storage.formats.labels import SINGLE_LABEL, read_labels  # noqa: E402
from storage.photos import load_photo  # noqa: E402

COLUMNS = ("order", "vlad: mAP", "precision@1", "in top 10", "vlad+street: mAP", "precision@1", "in top 10")


def order_of(number: int, count: int) -> NDArray[np.intp]:
    """Give the order in which photos are learnt from: 0 is the one they have, every other number a drawn one."""
    return np.random.default_rng(number).permutation(count) if number else np.arange(count)


def learnt_in(order: NDArray[np.intp], samples: Sequence[dict[str, NDArray[Any]]]) -> NDArray[np.floating]:
    """Give the descriptors (N, D) of ``vlad`` that learns from all samples in an order."""
    extractor = create_extractor("vlad", ExtractorOptions(device="cpu"))
    assert isinstance(extractor, LearntExtractor)
    extractor.learn([samples[row] for row in order])
    return extractor.describe([extractor.prepare_from_sample(sample) for sample in samples])


def measures(vectors: NDArray[np.floating], labels: Sequence[str]) -> list[float]:
    """Give mAP, precision@1 and the share of true pairs among the ten nearest."""
    names = [f"{label} {number}" if label == SINGLE_LABEL else label for number, label in enumerate(labels)]
    found = measure_retrieval(vectors, np.array(names))
    return [found.mean_average_precision, found.precision_at_1, found.recall_of_pairs]


def main(args: argparse.Namespace) -> int:
    """Print the table, mean and standard deviation last."""
    label_of = read_labels(args.labels)
    photos, labels = [args.labels.parent / name for name in label_of], list(label_of.values())
    vlad = create_extractor("vlad", ExtractorOptions(device="cpu"))
    assert isinstance(vlad, LearntExtractor)
    rows = []
    with threadpool_limits(1):
        samples = [vlad.prepare_sample(load_photo(path, vlad.max_side)) for path in photos]
        street = describe(create_extractor("street", ExtractorOptions(weights=args.street_weights)), photos).vectors
        print(header(f"orders of learning, {len(photos)} photos of {args.labels.parent.name}"))
        print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
        for number in range(args.num_orders):
            vectors = learnt_in(order_of(number, len(samples)), samples)
            joined, _ = join_descriptors([vectors, street])
            rows.append([*measures(vectors, labels), *measures(joined, labels)])
            print(f"| {number} | {' | '.join(f'{value:.4f}' for value in rows[-1])} |", flush=True)
    for name, values in (("mean", np.mean(rows, axis=0)), ("standard deviation", np.std(rows, axis=0))):
        print(f"| {name} | {' | '.join(f'{value:.4f}' for value in values)} |")
    return 0


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, required=True, help="CSV file path,building; the photos beside it")
    parser.add_argument("--num_orders", type=int, default=8)
    parser.add_argument("--street_weights", type=Path, help="another street.onnx, which saw none of these buildings")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(parse_args()))
