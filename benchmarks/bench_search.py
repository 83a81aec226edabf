"""Indexes on 100,000 drawn descriptors: seconds of the build, milliseconds a query, recall@1, memory.

Descriptors of 256 numbers lie around 2,000 centres, as photos do around places. A query is a row of the database with
noise; what it should find is that row. No photo is needed.

Example: OMP_NUM_THREADS=1 python -m benchmarks.bench_search --num_photos 100000
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.machine import header
from stages.retrieval.measuring import run_experiment
from stages.retrieval.search_experiment import run_as_json, versions
from stages.retrieval.search_inputs import SearchInputs
from stages.retrieval.vectors import Vectors
from stages.settings.search import SearchSettings

NUM_CENTRES, DIMENSION = 2000, 256
SPREAD, NOISE = 1.5, 1.5


def drawn(num_photos: int, num_queries: int, seed: int, spread: float, noise: float) -> SearchInputs:
    """Draw a database and queries; spread and noise are those of each number, that of a centre being 1."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(NUM_CENTRES, DIMENSION)).astype(np.float32)
    rows = centres[rng.integers(0, NUM_CENTRES, num_photos)]
    rows += np.float32(spread) * rng.normal(size=rows.shape).astype(np.float32)
    asked = rng.choice(num_photos, num_queries, replace=False)
    queries = rows[asked] + np.float32(noise) * rng.normal(size=(num_queries, DIMENSION)).astype(np.float32)
    parts = [
        Vectors(
            "drawn",
            {},
            {},
            [f"{kind}{row}" for row in range(len(some))],
            some,
            [f"{kind}{row}" for row in range(len(some))],
        )
        for kind, some in (("p", rows), ("q", queries))
    ]
    right = [frozenset({row}) for row in asked.tolist()]
    own, ones = np.full(num_queries, -1, np.int64), np.ones(num_queries, np.int64)
    return SearchInputs(parts[0], parts[1], own, right, ones, [""] * num_queries, [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num_photos", type=int, default=100_000)
    parser.add_argument("--num_queries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--spread", type=float, default=SPREAD, help="of the photos around their centres")
    parser.add_argument("--noise", type=float, default=NOISE, help="of the queries around their photos")
    parser.add_argument("--index", nargs="+", default=["flat", "ivf", "hnsw", "pq"])
    args = parser.parse_args()
    inputs = drawn(args.num_photos, args.num_queries, args.seed, args.spread, args.noise)
    print(header(f"Indexes of {args.num_photos:,} drawn descriptors, {args.num_queries:,} queries"))
    print(f"faiss {versions()['faiss']}, {versions()['threads']} threads, cosine\n")
    print("| index | build s | ms a query, median (least to most) | recall@1 | of the nearest 10 | MB |")
    print("|---|---|---|---|---|---|")
    for result in run_experiment(inputs, SearchSettings(index=tuple(args.index)), ["cosine"]):
        run = run_as_json(result)
        speed = run["ms_per_query"]
        told = f"{speed['median']:.3f} ({speed['min']:.3f} to {speed['max']:.3f})"
        print(
            f"| {run['label']} | {run['build_s']:.1f} | {told} | {run['recall']['1']:.4f} | {run['overlap']['10']:.4f} "
            f"| {run['memory_bytes'] / 1e6:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
