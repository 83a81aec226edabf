"""Compare ways to group labelled photos, and what each part of the verification is worth when it is taken away.

All on the same photos. Probabilities and the threshold of phash come by cross-validation over buildings; the other
thresholds are the committed ones. Prints one table.

``--outputs_dir`` holds the features of the photos: python extract_features.py --model vlad+street --outputs_dir DIR

Example: python benchmarks/bench_verified.py --labels PHOTOS/buildings/labels.csv --outputs_dir DIR
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.grouping import Labelled  # noqa: E402
from benchmarks.labelled_search import (  # noqa: E402
    LabelledPhotos,
    Result,
    Variant,
    by_components,
    by_evidence,
    by_specification,
    judge,
    search_parser,
)
from benchmarks.machine import header  # noqa: E402
from clustering.evaluation import Evaluation  # noqa: E402
from clustering.graph import ScoredPairs  # noqa: E402
from clustering.grouping import Grouping  # noqa: E402
from hloc.extractors import default_thresholds  # noqa: E402
from storage.formats.features import read_features  # noqa: E402
from storage.formats.labels import read_labels  # noqa: E402
from storage.photos import load_photo  # noqa: E402

COLUMNS = ("method", "pairwise P", "R", "F1", "B-cubed F1", "clusters with two buildings")
LIMITS = range(0, 20, 2)  # of 64 bits


def by_phash(photos: LabelledPhotos, result: Result) -> Evaluation:
    """Join photos by their perceptual hashes; the distance is the best one on the buildings of the other folds."""
    import imagehash

    hashes = [
        imagehash.phash(Image.fromarray(load_photo(photos.image_dir / name, 640))) for name in photos.photos.names
    ]
    bits = np.array([each.hash.ravel() for each in hashes])
    first, second = np.triu_indices(len(bits), 1)
    distances = (bits[first] != bits[second]).sum(axis=1)
    folds, truth = result.pairs.folds(), result.truth
    is_joined = np.zeros(len(first), bool)
    for one, other in combinations_with_replacement(range(int(folds.max()) + 1), 2):
        is_fitted = ~(np.isin(folds[first], (one, other)) | np.isin(folds[second], (one, other)))
        limit = max(LIMITS, key=lambda limit: _f1(_components(first, second, is_fitted & (distances <= limit)), truth))
        is_here = (np.minimum(folds[first], folds[second]) == one) & (np.maximum(folds[first], folds[second]) == other)
        is_joined |= is_here & (distances <= limit)
    return judge(truth, _components(first, second, is_joined))


def _components(first: NDArray[np.intp], second: NDArray[np.intp], is_joined: NDArray[np.bool_]) -> Grouping:
    ends = first[is_joined].astype(np.int64), second[is_joined].astype(np.int64)
    num_photos = int(second.max()) + 1
    return by_components(ScoredPairs.from_arrays(num_photos, *ends, np.ones(len(ends[0]))))


def _f1(grouping: Grouping, truth: NDArray[np.int64]) -> float:
    """What is not joined to photos of the folds left out lowers the recall of all limits alike."""
    return judge(truth, grouping).pairwise_f1


def by_descriptors(photos: LabelledPhotos, model: str, labels: dict[str, str]) -> Evaluation:
    """Group by the descriptors of a model alone, at its registered thresholds."""
    parts = [read_features(photos.outputs_dir / f"global-feats-{part}.h5") for part in model.split("+")]
    thresholds = default_thresholds(model)
    assert thresholds is not None
    names = parts[0].names
    return Labelled([part.descriptors for part in parts], [labels[name] for name in names], 10).evaluate(*thresholds)


def rows_of(photos: LabelledPhotos, model: str, labels: dict[str, str]) -> Iterator[tuple[str, Evaluation]]:
    """Give all lines of the table."""
    whole = photos.find()
    yield "phash, distance by cross-validation, connected components", by_phash(photos, whole)
    for alone in dict.fromkeys([*model.split("+"), model]):
        yield f"`{alone}` alone, registered thresholds", by_descriptors(photos, alone, labels)
    yield f"`{model}` verified, `--method specified`", whole.judge(by_specification)
    yield f"**`{model}` verified, `--method evidence`**", whole.judge(by_evidence)
    yield "... without the evidence rule: connected components", whole.judge(by_components)
    for what, variant in VARIANTS.items():
        result = photos.find(variant)
        yield f"... without {what}", result.judge(by_evidence)
        if not variant.overlay_guard:
            yield f"... without {what}, connected components", result.judge(by_components)


VARIANTS = {
    "the overlay guard": Variant(overlay_guard=False),
    "guided matching": Variant(without=("guided_excess",)),
    "the second round": Variant(num_rounds=1),
    "the descriptor's ranks": Variant(without=("best_rank", "worst_rank")),
    "damped hubs": Variant(without=("match_excess",)),
    "ratios of distances": Variant(without=("distinctiveness",)),
    "coverage": Variant(without=("coverage",)),
}


def main(args: argparse.Namespace) -> int:
    """Print the table."""
    labels = read_labels(args.labels)
    photos = LabelledPhotos(args.labels, args.outputs_dir, args.model.split("+"), args.street_dir)
    print(header(f"verified pairs on {args.labels.parent.name}, {len(photos.photos.names)} photos"))
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for name, found in rows_of(photos, args.model, labels):
        values = (found.pairwise_precision, found.pairwise_recall, found.pairwise_f1, found.bcubed_f1)
        cells = [name, *(f"{value:.3f}" for value in values), str(found.num_merging)]
        print(f"| {' | '.join(cells)} |", flush=True)
    return 0


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    return search_parser(__doc__).parse_args()


if __name__ == "__main__":
    sys.exit(main(parse_args()))
