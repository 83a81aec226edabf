"""Seconds and peak memory of a clusterer from arrays of drawn pairs; of the specified one, stage by stage.

Each line runs in a process of its own, so that its peak memory is its own. Prints one table; nothing is written.

``total`` is wall time, ``cpu`` the processor time of the same; they differ on a busy machine.

Graphs, ten pairs a photo where nothing else is said:
  planted   buildings of about 12 photos, 6 of 10 pairs inside them, positions for 6 of 10 photos
  sparse    two weak pairs a photo, all near each other in the list: nearly every pair leads to a join
  heap      all pairs strong: one cluster of everything
  hubs      some photos are in the pairs of very many others
  crowd     planted, every position within one kilometre

Example: python benchmarks/bench_clusters.py --num_photos 10000 100000 1000000
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import header  # noqa: E402
from clustering.evidence import EvidenceSettings, cluster_evidence  # noqa: E402
from clustering.expansion import expand_strictly  # noqa: E402
from clustering.graph import ScoredPairs, find_edges, list_neighbours  # noqa: E402
from clustering.grouping import group_photos  # noqa: E402
from clustering.positions import merge_by_position  # noqa: E402
from clustering.reasons import find_reasons  # noqa: E402
from clustering.small_clusters import merge_small_clusters  # noqa: E402
from clustering.specified import SpecifiedSettings, count_strong, start_clusters  # noqa: E402

NUM_PAIRS = 10
BUILDING_SIZE = 12
STAGES = ("graph", "A strong", "B expand", "C small", "D gps", "reasons", "groups")
Drawn = tuple[ScoredPairs, NDArray[np.float64]]


def draw_planted(num_photos: int, spread_deg: float = 1.0) -> Drawn:
    """Draw buildings of about a dozen photos, most pairs within one, six photos in ten with a position."""
    rng = np.random.default_rng(0)
    num_buildings = max(1, num_photos // BUILDING_SIZE)
    building = rng.integers(0, num_buildings, num_photos)
    by_building = np.argsort(building, kind="stable")
    starts = np.searchsorted(building[by_building], np.arange(num_buildings + 1))
    first = np.repeat(np.arange(num_photos), NUM_PAIRS)
    here = building[first]
    fellow = by_building[starts[here] + (rng.random(len(first)) * (starts[here + 1] - starts[here])).astype(np.int64)]
    second = np.where(rng.random(len(first)) < 0.6, fellow, rng.integers(0, num_photos, len(first)))
    is_same = building[second] == here
    score = np.where(is_same, rng.normal(0.30, 0.08, len(first)), rng.normal(0.17, 0.05, len(first)))
    is_pair = first != second
    centres = np.array([46.0, 7.0]) + rng.random((num_buildings, 2)) * spread_deg
    positions = centres[building] + rng.normal(0, 5e-5, (num_photos, 2))
    positions[rng.random(num_photos) < 0.4] = np.nan
    return ScoredPairs.from_arrays(num_photos, first[is_pair], second[is_pair], score[is_pair]), positions


def draw_crowd(num_photos: int) -> Drawn:
    """Draw the same within a hundredth of the area: positions of many buildings lie within the radius."""
    return draw_planted(num_photos, spread_deg=0.01)


def draw_sparse(num_photos: int) -> Drawn:
    """Draw a ring with two weak pairs a photo: one long chain, nothing strong."""
    rng = np.random.default_rng(0)
    first = np.repeat(np.arange(num_photos), 2)
    second = (first + rng.integers(1, 8, len(first))) % num_photos
    return _drawn(num_photos, first, second, np.full(len(first), 0.25))


def draw_heap(num_photos: int) -> Drawn:
    """Draw strong pairs at random: one component of everything."""
    rng = np.random.default_rng(0)
    first = np.repeat(np.arange(num_photos), NUM_PAIRS)
    return _drawn(num_photos, first, rng.integers(0, num_photos, len(first)), rng.uniform(0.4, 0.9, len(first)))


def draw_hubs(num_photos: int) -> Drawn:
    """Draw pairs that crowd on few photos, which get very many."""
    rng = np.random.default_rng(0)
    first = np.repeat(np.arange(num_photos), NUM_PAIRS)
    second = (rng.random(len(first)) ** 6 * num_photos).astype(np.int64)
    return _drawn(num_photos, first, second, rng.normal(0.25, 0.05, len(first)))


def _drawn(num_photos: int, first: NDArray[np.int64], second: NDArray[np.int64], score: NDArray[np.float64]) -> Drawn:
    return ScoredPairs.from_arrays(num_photos, first, second, score), np.full((num_photos, 2), np.nan)


GRAPHS: dict[str, Callable[[int], Drawn]] = {
    "planted": draw_planted,
    "sparse": draw_sparse,
    "heap": draw_heap,
    "hubs": draw_hubs,
    "crowd": draw_crowd,
}


def as_probabilities(pairs: ScoredPairs) -> ScoredPairs:
    """Give drawn scores the spread of probabilities: a logistic curve, most pairs at its ends."""
    probability = 1 / (1 + np.exp(-60 * (pairs.score - 0.27)))
    return ScoredPairs(pairs.num_photos, pairs.first, pairs.second, probability)


def measure_evidence(graph: str, num_photos: int) -> dict[str, float]:
    """Cluster one drawn graph by evidence; give seconds, counts, and peak memory in GiB."""
    drawn, positions = GRAPHS[graph](num_photos)
    pairs = as_probabilities(drawn)
    settings = EvidenceSettings()
    num_edges = int(np.count_nonzero(pairs.score >= settings.weak_edg_thresh))
    start, cpu_start = time.perf_counter(), time.process_time()
    grouping = cluster_evidence(pairs, settings, positions)
    seconds = dict.fromkeys(STAGES, float("nan"))
    totals = {"total": time.perf_counter() - start, "cpu": time.process_time() - cpu_start, "peak": peak_memory_gib()}
    counts = {"pairs": len(pairs.first), "edges": num_edges, "clusters": len(grouping.clusters)}
    return seconds | counts | {"joins": len(grouping.reasons.cluster)} | totals


def measure(graph: str, num_photos: int, file_order: bool) -> dict[str, float]:
    """Cluster one drawn graph; give seconds by stage, counts, and peak memory in GiB."""
    pairs, positions = GRAPHS[graph](num_photos)
    settings = SpecifiedSettings(0.35, 0.2, file_order=file_order)
    laps, cpu_start = [time.perf_counter()], time.process_time()

    def lap() -> None:
        laps.append(time.perf_counter())

    edges = find_edges(pairs, settings.weak_edg_thresh)
    weak = list_neighbours(edges, file_order)
    lap()
    partition = start_clusters(pairs, edges, weak, settings)
    lap()
    expand_strictly(partition, weak)
    lap()
    merge_small_clusters(partition, weak)
    lap()
    merge_by_position(partition, positions, settings.gps_count_thresh, settings.gps_distance_thresh)
    lap()
    reasons = find_reasons(partition, edges, count_strong(edges, settings))
    lap()
    grouping = group_photos(partition, num_photos, reasons, is_sorted=not file_order)
    lap()
    cpu = time.process_time() - cpu_start
    seconds = dict(zip(STAGES, np.diff(laps).tolist(), strict=True))
    counts = {"pairs": len(pairs.first), "edges": len(edges), "clusters": len(grouping.clusters)}
    totals = {"total": laps[-1] - laps[0], "cpu": cpu, "peak": peak_memory_gib()}
    return seconds | counts | {"joins": len(reasons.cluster)} | totals


def peak_memory_gib() -> float:
    """Give the largest memory of this process so far; NaN where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return float("nan")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num_photos", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--graphs", nargs="+", choices=GRAPHS, default=list(GRAPHS))
    parser.add_argument("--method", choices=("specified", "evidence"), default="specified")
    parser.add_argument("--file_order", action="store_true", help="in the order of the pairs (specified)")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def main(args: argparse.Namespace) -> int:
    """Print the table; each line comes from a process of its own, so that its peak memory is its own."""
    if args.one:
        graph, num_photos = args.graphs[0], args.num_photos[0]
        by_evidence = args.method == "evidence"
        found = measure_evidence(graph, num_photos) if by_evidence else measure(graph, num_photos, args.file_order)
        print(json.dumps(found))
        return 0
    order = "file" if args.file_order else "default"
    print(header(f"create_clusters --method {args.method}, {order} order, seconds by stage"))
    columns = ("graph", "photos", "pairs", "edges", *STAGES, "total", "cpu", "GiB", "clusters", "joins")
    print(" ".join(f"{column:>10}" for column in columns))
    for graph in args.graphs:
        for num_photos in args.num_photos:
            call = [sys.executable, __file__, "--one", "--graphs", graph, "--num_photos", str(num_photos)]
            call += ["--method", args.method, *(["--file_order"] if args.file_order else [])]
            found = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
            times = [f"{found[name]:.1f}" for name in (*STAGES, "total", "cpu")]
            counts = [f"{found[name]:,}" for name in ("clusters", "joins")]
            cells = [graph, f"{num_photos:,}", f"{found['pairs']:,}", f"{found['edges']:,}", *times]
            print(" ".join(f"{cell:>10}" for cell in [*cells, f"{found['peak']:.2f}", *counts]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(parse_args()))
