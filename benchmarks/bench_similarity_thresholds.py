"""Fix the default thresholds of the similarities on half of the near-duplicates; check them on the other half.

Each photo of a folder gets four copies: scaled to half, recompressed (JPEG, quality 50), cropped by 5 % of each side,
brightened by a fifth. These five are a group. Photos of buildings lie among them; two of one building are neither right
nor wrong together, all other pairs are wrong. A file that is in both folders lies among the first only. Groups and
buildings are split by the hash of their name, never within.

On the first half: strong is the score with the largest F0.5 of pairs (which weighs precision twice) among those with a
precision of at least 0.99; weak, at or below it, gives the groups with the largest F0.5; of equal ones the highest.
Both are multiples of 0.01. The table shows, on both halves, precision and recall of the pairs at or above the strong
threshold, and of those in one group. Groups are what `create_clusters.py --method specified` makes with both.

Example: OMP_NUM_THREADS=1 python benchmarks/bench_similarity_thresholds.py --photos PHOTOS/nearduplicates
             --distractors PHOTOS/buildings --labels PHOTOS/buildings/labels.csv
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_thresholds import is_first_half  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from clustering.graph import ScoredPairs  # noqa: E402
from clustering.specified import SpecifiedSettings, cluster_specified  # noqa: E402
from hloc.similarities import SIMILARITIES, create_similarity  # noqa: E402
from hloc.similarities.base import Similarity, SimilarityOptions  # noqa: E402
from storage.formats.labels import SINGLE_LABEL, read_labels  # noqa: E402
from storage.listing import list_photos  # noqa: E402
from storage.photos import load_photo  # noqa: E402

STEP = 0.01
BETA = 0.5
MIN_PRECISION = 0.99
WEAK_REACH = 0.3
LONGEST_DISTRACTOR = 640
HALVES = ("first half", "other half")
Photo = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def attacked(photo: Photo) -> list[Photo]:
    """Give a photo and its four attacked copies."""
    image = Image.fromarray(photo)
    width, height = image.size
    file = io.BytesIO()
    image.save(file, "JPEG", quality=50)
    left, top = round(0.025 * width), round(0.025 * height)
    copies = [
        image.resize((width // 2, height // 2), Image.Resampling.LANCZOS),
        Image.open(file).convert("RGB"),
        image.crop((left, top, width - left, height - top)),
        image.point([min(255, round(1.2 * level)) for level in range(256)] * 3),
    ]
    return [photo, *(np.asarray(copy) for copy in copies)]


@dataclass(frozen=True, eq=False)
class Half:
    """Photos of one half, and which pairs of them are right together, and which are counted at all."""

    photos: list[Photo]
    is_right: Mask
    is_counted: Mask

    @classmethod
    def of(cls, groups: list[tuple[str, Photo]], distractors: list[tuple[str, Photo]]) -> Half:
        """Take near-duplicates and distractors, each with the name of its group or building."""
        names = np.array([name for name, _ in groups + distractors])
        is_same = names[:, None] == names[None, :]
        is_group = np.arange(len(names)) < len(groups)
        upper = np.triu(np.ones_like(is_same), 1)
        return cls(
            [photo for _, photo in groups + distractors],
            is_same & is_group[:, None] & upper,
            upper & ~(is_same & ~is_group[:, None]),
        )

    def scores(self, similarity: Similarity) -> NDArray[np.float64]:
        """Score each photo with each."""
        everyone = np.arange(len(self.photos))
        return similarity.scorer([similarity.describe(photo) for photo in self.photos]).block(everyone, everyone)

    def measure(self, is_together: Mask) -> tuple[float, float]:
        """Give the precision and the recall of pairs."""
        together = np.count_nonzero(is_together & self.is_counted)
        right = np.count_nonzero(is_together & self.is_right)
        return right / together if together else 1.0, right / np.count_nonzero(self.is_right)

    def grouped(self, scores: NDArray[np.float64], strong: float, weak: float) -> Mask:
        """Say of each two photos whether clusters of these thresholds hold both."""
        first, second = np.nonzero(np.triu(scores >= weak, 1))
        pairs = ScoredPairs.from_arrays(len(scores), first, second, scores[first, second])
        cluster = np.full(len(scores), -1)
        for number, members in enumerate(cluster_specified(pairs, SpecifiedSettings(strong, weak)).clusters.values()):
            cluster[members] = number
        return (cluster[:, None] == cluster[None, :]) & (cluster[:, None] >= 0)


def choose(half: Half, scores: NDArray[np.float64]) -> tuple[float, float]:
    """Give the strong and the weak threshold."""
    steps = np.unique(np.floor(scores[half.is_right & np.isfinite(scores)] / STEP + 1e-6))[::-1]
    grid = [round(float(step) * STEP, 2) for step in steps]
    precise = [threshold for threshold in grid if half.measure(scores >= threshold)[0] >= MIN_PRECISION]
    strong = max(precise or grid, key=lambda threshold: weighed(*half.measure(scores >= threshold)))
    reach = [threshold for threshold in grid if strong - WEAK_REACH <= threshold <= strong]
    return strong, max(reach, key=lambda weak: weighed(*half.measure(half.grouped(scores, strong, weak))))


def weighed(precision: float, recall: float) -> float:
    """Give F0.5, rounded so that equal ones are equal."""
    both = BETA**2 * precision + recall
    return round((1 + BETA**2) * precision * recall / both, 6) if both else 0.0


def read_halves(args: argparse.Namespace) -> dict[str, Half]:
    """Read and attack the photos; split them."""
    labels = read_labels(args.labels)
    parts: dict[bool, tuple[list[tuple[str, Photo]], list[tuple[str, Photo]]]] = {True: ([], []), False: ([], [])}
    for name in list_photos(args.photos):
        parts[is_first_half(name)][0].extend(
            (f"photo {name}", copy) for copy in attacked(load_photo(args.photos / name))
        )
    known = {content_hash(args.photos / name) for name in list_photos(args.photos)}
    for name in list_photos(args.distractors):
        if content_hash(args.distractors / name) in known:
            continue
        label = labels.get(name, SINGLE_LABEL)
        building = name if label == SINGLE_LABEL else label
        photo = load_photo(args.distractors / name, LONGEST_DISTRACTOR)
        parts[is_first_half(building)][1].append((f"building {building}", photo))
    return {which: Half.of(*parts[which == HALVES[0]]) for which in HALVES}


def content_hash(path: Path) -> str:
    """Give what identifies a file by its content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def print_similarity(name: str, halves: dict[str, Half]) -> None:
    """Print the lines of a similarity: thresholds that the first half asks for, and those registered."""
    scores = {which: half.scores(create_similarity(name, SimilarityOptions())) for which, half in halves.items()}
    rows = {choose(halves[HALVES[0]], scores[HALVES[0]]): "chosen"}
    registered = SIMILARITIES[name].thresholds
    rows[registered] = "chosen and registered" if registered in rows else "registered"
    for (strong, weak), label in rows.items():
        for which, half in halves.items():
            of_pairs = half.measure(scores[which] >= strong)
            of_groups = half.measure(half.grouped(scores[which], strong, weak))
            cells = " | ".join(f"{value:.3f}" for value in (*of_pairs, *of_groups))
            print(f"| {name} | {label} | {strong:g} | {weak:g} | {which} | {cells} |", flush=True)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, required=True, help="folder of photos that get attacked copies")
    parser.add_argument("--distractors", type=Path, required=True, help="folder of photos of buildings")
    parser.add_argument("--labels", type=Path, required=True, help="CSV of path,building for the distractors")
    parser.add_argument("--methods", nargs="+", choices=SIMILARITIES, default=list(SIMILARITIES))
    return parser.parse_args()


def main(args: argparse.Namespace) -> int:
    """Print the table."""
    halves = read_halves(args)
    print(header("thresholds of the similarities, on near-duplicates among other photos"))
    for which, half in halves.items():
        print(f"{which}: {len(half.photos)} photos, {np.count_nonzero(half.is_right):,} right pairs of", end=" ")
        print(f"{np.count_nonzero(half.is_counted):,}.")
    print("\n| similarity | thresholds | strong | weak | photos | pairs: P | R | groups: P | R |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in args.methods:
        print_similarity(name, halves)
    return 0


if __name__ == "__main__":
    sys.exit(main(parse_args()))
