"""Compare ways to group photos by the probabilities of their pairs, on drawn collections; choose their thresholds.

Each way has one threshold. It is chosen on one set of drawn collections and judged on another: of the thresholds whose
pairwise precision is at least --min_precision in the mean of all collections, the one with the best mean B-cubed F1;
where there is none, the most precise that joins anything. No real photo has a part in it.

  components       connected components of the pairs at the threshold
  average linkage  mean probability over all pairs of photos of two clusters, 0 for those that are no candidates
  log-odds         sum of the log-odds of the candidates between two clusters (greedy additive edge contraction,
                   Keuper et al. 2015, "Efficient decomposition of image and mesh graphs by lifted multicuts")
  evidence         ``clustering.evidence`` by its agreement threshold

Prints Markdown tables: every threshold on the first set, the chosen ones on the second.

Example: python benchmarks/bench_evidence.py > benchmarks/evidence.md
"""

from __future__ import annotations

import argparse
import heapq
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.drawn_pairs import KINDS, Collection, draw_collection  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from clustering.evaluation import evaluate  # noqa: E402
from clustering.evidence import EvidenceSettings, cluster_evidence  # noqa: E402
from clustering.graph import ScoredPairs, find_edges  # noqa: E402

SURE = 0.99  # log-odds beyond this say more than a fit can know
Groups = NDArray[np.int64]


def by_components(pairs: ScoredPairs, threshold: float) -> Groups:
    """Group what pairs at or above the threshold connect."""
    edges = find_edges(pairs, threshold)
    graph = sparse.coo_array((np.ones(len(edges)), (edges.first, edges.second)), shape=(pairs.num_photos,) * 2)
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def by_average_linkage(pairs: ScoredPairs, threshold: float) -> Groups:
    """Group by average linkage of 1 - probability, unlisted pairs at 1, cut at 1 - threshold."""
    edges = find_edges(pairs, 0.0)
    distance = np.ones((pairs.num_photos, pairs.num_photos))
    distance[edges.first, edges.second] = distance[edges.second, edges.first] = 1 - edges.score
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average")
    return np.asarray(fcluster(tree, 1 - threshold, "distance"), dtype=np.int64)


def by_log_odds(pairs: ScoredPairs, threshold: float) -> Groups:
    """Join the two groups with the greatest sum of log-odds between them while it is at or above the threshold."""
    edges = find_edges(pairs, 0.0)
    probability = np.clip(edges.score, 1 - SURE, SURE)
    weight = np.log(probability / (1 - probability))
    between: dict[int, dict[int, float]] = {photo: {} for photo in range(pairs.num_photos)}
    for one, two, value in zip(edges.first.tolist(), edges.second.tolist(), weight.tolist(), strict=True):
        between[one][two] = between[two][one] = value
    group = np.arange(pairs.num_photos)
    waiting = [(-value, one, two) for one in between for two, value in between[one].items() if one < two]
    heapq.heapify(waiting)
    while waiting:
        value, one, two = heapq.heappop(waiting)
        if -value < threshold:
            break
        if two not in between.get(one, {}) or between[one][two] != -value:
            continue  # one of them was joined since
        group[group == two] = one
        for other, more in between.pop(two).items():
            del between[other][two]
            if other != one:
                total = between[one].get(other, 0.0) + more
                between[one][other] = between[other][one] = total
                heapq.heappush(waiting, (-total, min(one, other), max(one, other)))
    return group


def by_evidence(pairs: ScoredPairs, threshold: float) -> Groups:
    """Group by the evidence clusterer with the threshold as the agreement that is asked."""
    group = -1 - np.arange(pairs.num_photos)
    for number, members in cluster_evidence(pairs, EvidenceSettings(agreement_thresh=threshold)).clusters.items():
        group[members] = number
    return group


@dataclass(frozen=True)
class Way:
    """One way to group, and the thresholds to try."""

    group: Callable[[ScoredPairs, float], Groups]
    thresholds: Sequence[float]


WAYS = {
    "components": Way(by_components, (0.5, 0.7, 0.8, 0.9, 0.95, 0.98)),
    "average linkage": Way(by_average_linkage, (0.1, 0.15, 0.2, 0.3, 0.4, 0.5)),
    "log-odds": Way(by_log_odds, (0.0, 1.0, 2.0, 3.0, 4.0, 6.0)),
    "evidence": Way(by_evidence, (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)),
}
MEASURES = ("pairwise_precision", "pairwise_recall", "pairwise_f1", "bcubed_f1")
Measured = dict[str, NDArray[np.float64]]  # kind of collection -> means of the measures


def measure(way: Way, threshold: float, collections: dict[str, list[Collection]]) -> Measured:
    """Give the mean of each measure over the collections of each kind."""
    found: Measured = {}
    for kind, drawn in collections.items():
        results = [evaluate(each.labels, way.group(each.pairs, threshold)) for each in drawn]
        found[kind] = np.mean([[getattr(result, name) for name in MEASURES] for result in results], axis=0)
    return found


def choose(measured: dict[float, Measured], min_precision: float) -> float:
    """Choose a threshold by the rule that stands at the top."""

    def merit(threshold: float) -> tuple[bool, float]:
        precision, recall, _, bcubed_f1 = np.mean(list(measured[threshold].values()), axis=0)
        if not recall:
            return (False, 0.0)
        return (True, float(bcubed_f1)) if precision >= min_precision else (False, float(precision))

    return max(measured, key=merit)


def draw(seeds: range) -> dict[str, list[Collection]]:
    """Draw collections of each kind."""
    return {name: [draw_collection(kind, seed) for seed in seeds] for name, kind in KINDS.items()}


def row(name: str, threshold: float, measured: Measured, mark: str = "") -> str:
    """Give one line of a table: precision and B-cubed F1 of each kind, then the mean of all measures."""
    values = np.array(list(measured.values()))
    cells = [f"{kind[0]:.3f} / {kind[3]:.3f}" for kind in values] + [f"{value:.3f}" for value in values.mean(axis=0)]
    return f"| {name} | {threshold:g}{mark} | {' | '.join(cells)} |"


def main(args: argparse.Namespace) -> int:
    """Print both tables."""
    columns = ["way", "threshold", *(f"{kind}, P / B-cubed F1" for kind in KINDS), "P", "R", "F1", "B-cubed F1"]
    heading = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}"
    count = args.num_collections
    print(
        header(f"choice of thresholds on {count} drawn collections of each kind; * chosen, P >= {args.min_precision}")
    )
    print(heading)
    choosing, chosen = draw(range(count)), {}
    for name, way in WAYS.items():
        measured = {threshold: measure(way, threshold, choosing) for threshold in way.thresholds}
        chosen[name] = choose(measured, args.min_precision)
        for threshold in way.thresholds:
            print(row(name, threshold, measured[threshold], " *" * (threshold == chosen[name])), flush=True)
    print(f"\n### The chosen ones on {count} other collections of each kind\n\n{heading}")
    judging = draw(range(count, 2 * count))
    for name, threshold in chosen.items():
        print(row(name, threshold, measure(WAYS[name], threshold, judging)), flush=True)
    return 0


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num_collections", type=int, default=6)
    parser.add_argument("--min_precision", type=float, default=0.97)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
