"""Measure what models are worth that learn on a sample when the collection is larger than that sample.

``vlad`` gives a collection that is whole in its sample anchors, a larger one whitening (``hloc/extractors/vlad.py``).
With ``--sample_size`` below the number of photos a small labelled collection is described
as a large one would be; the sample is chosen as ``extract_features.py`` chooses it. Two tables: retrieval and clusters
of the registered thresholds; and beside them the thresholds that the rule of ``bench_thresholds.py`` would choose on
half of the buildings, checked on the other half.

Example: python benchmarks/bench_sample.py --labels PHOTOS/buildings/labels.csv --sample_size 100
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_quality import CLUSTER_COLUMNS, COLUMNS, Described, describe, row_of  # noqa: E402
from benchmarks.bench_thresholds import STEP, halves_of, measures, search  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from hloc.extractors import JOINT, create_extractor, default_thresholds  # noqa: E402
from hloc.extractors.base import ExtractorOptions, LearntExtractor  # noqa: E402
from storage.formats.labels import read_labels  # noqa: E402

LOWEST, HIGHEST, MIN_PRECISION = 0.05, 0.6, 0.85


def describe_part(part: str, photos: list[Path], args: argparse.Namespace) -> Described:
    """Describe all photos with one model, learnt on ``--sample_size`` of them where it learns."""
    weights = args.street_weights if part == "street" else None
    extractor = create_extractor(part, ExtractorOptions(weights=weights, device="cpu"))
    if isinstance(extractor, LearntExtractor):
        extractor.sample_size = args.sample_size
    with threadpool_limits(1):
        return describe(extractor, photos)


def threshold_rows(model: str, parts: list[NDArray[np.floating]], label_of: dict[str, str]) -> list[str]:
    """Give the rows of the table of thresholds: those that the rule would choose, and the registered ones."""
    halves = halves_of(parts, label_of, num_to_match=10)
    grid = np.round(np.arange(LOWEST, HIGHEST + STEP / 2, STEP), 4)
    chosen = {"chosen": search([halves["first half"]], grid, MIN_PRECISION)}
    registered = default_thresholds(model)
    rows = []
    for title, (strong, weak) in (chosen | ({"registered": registered} if registered else {})).items():
        for name, half in halves.items():
            cells = " | ".join(f"{value:.3f}" for value in measures(half.evaluate(strong, weak)))
            rows.append(f"| {model} | {title} | {strong:g} | {weak:g} | {name}, {len(half.labels)} photos | {cells} |")
    return rows


def main(args: argparse.Namespace) -> int:
    """Print both tables."""
    label_of = read_labels(args.labels)
    photos = [args.labels.parent / name for name in label_of]
    described: dict[str, Described] = {}
    print(header(f"learnt on {args.sample_size} of {len(photos)} photos of {args.labels.parent.name}"))
    print(f"| {' | '.join(COLUMNS + CLUSTER_COLUMNS)} |\n|{'---|' * len(COLUMNS + CLUSTER_COLUMNS)}")
    rows = []
    for model in args.model:
        for part in model.split(JOINT):
            described[part] = described.get(part) or describe_part(part, photos, args)
        print(f"| {' | '.join(row_of(model, described, list(label_of.values()), 10))} |", flush=True)
        rows += threshold_rows(model, [described[part].vectors for part in model.split(JOINT)], label_of)
    print("\n| model | thresholds | strong | weak | photos | pairwise P | R | F1 | B-cubed P | R | F1 |")
    print("\n".join([f"|{'---|' * 11}", *rows]))
    return 0


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, required=True, help="CSV file path,building; the photos beside it")
    parser.add_argument("--model", nargs="+", default=["vlad", "vlad+street"])
    parser.add_argument("--sample_size", type=int, required=True, help="photos that models learn on")
    parser.add_argument("--street_weights", type=Path, help="a street network that saw none of these photos")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(parse_args()))
