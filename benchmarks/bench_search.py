"""Indexes on 100,000 drawn descriptors: seconds of the build, milliseconds a query, recall@1, memory.

The draw is hard as real descriptors are: 256 numbers that hang on few. A place is a point in a space of --latent
dimensions; its photos lie around it, near enough to other places' photos that groups overlap; a smooth map that bends
(the sine of random products) takes the space to 256 numbers, and a little noise is added to each. How many dimensions
the result has around its own points is measured (Levina and Bickel, "Maximum likelihood estimation of intrinsic
dimension", 2004) and printed. A query is a photo of the database seen again: moved a little before the map. What it
should find is that photo. No photo is needed.

Example: OMP_NUM_THREADS=1 python -m benchmarks.bench_search --num_photos 100000
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import header
from hloc.exact_search import prove, search_exactly
from hloc.search_indexes import plan_indexes
from hloc.search_indexes.base import IndexOptions, Size
from hloc.search_indexes.engines import create_index
from hloc.search_metrics import METRICS
from stages.retrieval.measuring import run_experiment
from stages.retrieval.search_experiment import run_as_json, versions
from stages.retrieval.search_inputs import SearchInputs
from stages.retrieval.vectors import Vectors
from stages.settings.search import SearchSettings

NUM_PLACES, DIMENSION = 2000, 256
LATENT, SPREAD, MOVED, NOISE = 24, 0.6, 0.3, 0.02
NEIGHBOURS = 100  # that the dimension is measured from
NUM_CHECKED = 100  # queries whose exact answer is compared with that of brute force


def drawn(num_photos: int, num_queries: int, seed: int, latent: int = LATENT) -> SearchInputs:
    """Draw a database and queries; places are drawn with a deviation of 1 in each of the latent dimensions."""
    rng = np.random.default_rng(seed)
    bends = rng.normal(size=(latent, DIMENSION)) / np.sqrt(latent), rng.uniform(0, 2 * np.pi, DIMENSION)
    places = rng.normal(size=(NUM_PLACES, latent))
    seen = places[rng.integers(0, NUM_PLACES, num_photos)] + SPREAD * rng.normal(size=(num_photos, latent))
    asked = rng.choice(num_photos, num_queries, replace=False)
    again = seen[asked] + MOVED * SPREAD * rng.normal(size=(num_queries, latent))
    parts = [_vectors(kind, _described(some, *bends, rng)) for kind, some in (("p", seen), ("q", again))]
    right = [frozenset({row}) for row in asked.tolist()]
    own, ones = np.full(num_queries, -1, np.int64), np.ones(num_queries, np.int64)
    return SearchInputs(parts[0], parts[1], own, right, ones, [""] * num_queries, [])


def _described(
    seen: NDArray[np.float64], slopes: NDArray[np.float64], shifts: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float32]:
    bent = np.sin(seen @ slopes + shifts)
    return np.asarray(bent + NOISE * rng.normal(size=bent.shape), np.float32)


def _vectors(kind: str, rows: NDArray[np.float32]) -> Vectors:
    names = [f"{kind}{row}" for row in range(len(rows))]
    return Vectors("drawn", {}, {}, names, rows, names)


def intrinsic_dimension(inputs: SearchInputs, num_asked: int = 200) -> float:
    """Give the median, over rows of the database, of the dimension that their nearest neighbours speak of."""
    metric = METRICS["cosine"]
    database = metric.prepare(inputs.database.rows)
    asked = np.arange(min(num_asked, len(database)))
    found = search_exactly(metric, database, database[asked], min(NEIGHBOURS, len(database) - 1), asked)
    lengths = np.sqrt(np.maximum(2 - 2 * found.scores, 1e-12))  # of unit vectors whose product is the score
    return float(np.median(-1 / np.mean(np.log(lengths[:, :-1] / lengths[:, -1:]), axis=1)))


def differences_from_brute_force(inputs: SearchInputs, k: int = 10) -> int:
    """Count the first queries whose k nearest by the exact index are, in any place, not those of brute force."""
    metric = METRICS["cosine"]
    database, queries = metric.prepare(inputs.database.rows), metric.prepare(inputs.queries.rows[:NUM_CHECKED])
    plan = plan_indexes("flat", IndexOptions("cosine"), Size(*database.shape))[0]
    index = create_index(plan, metric, "auto")
    index.build(database)
    found = prove(index.search, metric, database, queries, k)
    return int((found.rows != search_exactly(metric, database, queries, k).rows).any(axis=1).sum())


def row_of(run: dict[str, Any]) -> str:
    """Give a run as a row of the table."""
    speed = run["ms_per_query"]
    told = f"{speed['median']:.3f} ({speed['min']:.3f} to {speed['max']:.3f})"
    return (
        f"| {run['label']} | {run['build_s']:.1f} | {told} | {run['recall']['1']:.4f} | {run['overlap']['10']:.4f} "
        f"| {run['memory_bytes'] / 1e6:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num_photos", type=int, default=100_000)
    parser.add_argument("--num_queries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--latent", type=int, default=LATENT, help="dimensions that the descriptors hang on")
    parser.add_argument("--index", nargs="+", default=["flat", "ivf", "hnsw", "pq"])
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    inputs = drawn(args.num_photos, args.num_queries, args.seed, args.latent)
    print(header(f"Indexes of {args.num_photos:,} drawn descriptors, {args.num_queries:,} queries"))
    print(f"faiss {versions()['faiss']}, {versions()['threads']} threads, cosine.")
    print(f"Dimensions around a descriptor: {intrinsic_dimension(inputs):.1f} of {DIMENSION}.")
    num_checked = min(NUM_CHECKED, args.num_queries)
    print(f"Exact index against brute force: {differences_from_brute_force(inputs)} of {num_checked} answers differ.\n")
    print("| index | build s | ms a query, median (least to most) | recall@1 | of the nearest 10 | MB |")
    print("|---|---|---|---|---|---|")
    settings = SearchSettings(index=tuple(args.index), nprobe=(1, 8, 32, 128), ef_search=(16, 64, 256))
    for result in run_experiment(inputs, replace(settings, repeats=args.repeats), ["cosine"]):
        print(row_of(run_as_json(result)), flush=True)


if __name__ == "__main__":
    main()
