"""Seconds and memory of the pairs: the exact search against the product of all with all, on the same descriptors.

Each line runs in a process of its own, so that its peak memory is its own; the two ways take turns. ``full`` is the
plain way, as hloc does it: one float32 product of all descriptors with all, each photo's own place masked, the k
highest of each row; by PyTorch where it is installed, else by NumPy. ``exact`` is the project's search. Their
neighbours are compared; where they differ, float64 says which are right.

Descriptors, drawn in float32 and normalised:
  random     directions at random: no photo has anything near
  buildings  a dozen photos a building about a common direction, cosines of 0.1 to 0.5 within

Memory is the peak of the process less what it held before the descriptors were drawn: the descriptors count. With
--mapped they are written to a file first and mapped from there; the pages that the system keeps of it count as well.

Example: python benchmarks/bench_pairs.py --num_photos 11300 --repeats 3
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_clusters import peak_memory_gib  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from hloc.approximate import import_usearch  # noqa: E402
from hloc.retrieval import SearchWay, find_neighbours  # noqa: E402
from hloc.scoring import NO_PAIR, unpack  # noqa: E402
from storage.machine import usable_cores  # noqa: E402

BUILDING_SIZE = 12
ROWS_AT_ONCE = 4096
SAMPLE = 100  # photos whose neighbours are looked at in float64
Found = tuple[NDArray[np.int64], float]


def draw(kind: str, num_photos: int, dimension: int, target: NDArray[np.float32]) -> None:
    """Draw unit vectors into ``target``, block by block."""
    random = np.random.default_rng(0)
    num_buildings = max(1, num_photos // BUILDING_SIZE)
    building = random.integers(0, num_buildings, num_photos)
    spread = random.uniform(0.35, 1.0, num_photos).astype(np.float32)
    for start in range(0, num_photos, ROWS_AT_ONCE):
        rows = slice(start, min(start + ROWS_AT_ONCE, num_photos))
        block = random.standard_normal((rows.stop - rows.start, dimension), dtype=np.float32)
        if kind == "buildings":
            for place, row in enumerate(range(rows.start, rows.stop)):
                centre = np.random.default_rng([1, building[row]]).standard_normal(dimension, dtype=np.float32)
                block[place] += spread[row] * centre
        target[rows] = block / np.linalg.norm(block, axis=1, keepdims=True)


def search_full(vectors: NDArray[np.float32], num_to_match: int) -> Found:
    """Give the neighbours by one product of all with all."""
    try:
        import torch
    except ImportError:
        return _full_by_numpy(vectors, num_to_match), 1.0
    torch.set_num_threads(usable_cores())
    stored = torch.from_numpy(vectors)
    product = stored @ stored.T
    product.fill_diagonal_(-torch.inf)
    return product.topk(num_to_match, dim=1).indices.numpy(), 1.0


def _full_by_numpy(vectors: NDArray[np.float32], num_to_match: int) -> NDArray[np.int64]:
    product = vectors @ vectors.T
    np.fill_diagonal(product, -np.inf)
    places = np.argpartition(product, -num_to_match, axis=1)[:, -num_to_match:]
    order = np.argsort(-np.take_along_axis(product, places, 1), axis=1, kind="stable")
    return np.take_along_axis(places, order, 1)


def search_exact(vectors: NDArray[np.float32], num_to_match: int) -> Found:
    """Give the neighbours as ``extract_features.py`` finds them."""
    return _others(find_neighbours(vectors, num_to_match, -1.0).keys), 1.0


def search_approximate(vectors: NDArray[np.float32], num_to_match: int) -> Found:
    """Give the neighbours by the index."""
    found = find_neighbours(vectors, num_to_match, -1.0, SearchWay("approximate"))
    return _others(found.keys), found.recall


def _others(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where(keys < NO_PAIR, unpack(keys)[0], -1)


WAYS: dict[str, Callable[[NDArray[np.float32], int], Found]] = {
    "full": search_full,
    "exact": search_exact,
    "approximate": search_approximate,
}


def measure(args: argparse.Namespace, way: str, folder: Path) -> dict[str, float]:
    """Search one drawn collection; give seconds, memory in GiB, recall; the neighbours go to a file."""
    shape = (args.num_photos[0], args.dimension)
    if way == "full":
        import_if_there("torch")
    if way == "approximate":
        import_usearch()
    before = peak_memory_gib()
    if args.mapped:
        vectors = np.load(folder / "descriptors.npy", mmap_mode="r")
    else:
        vectors = np.empty(shape, np.float32)
        draw(args.kind, *shape, vectors)
    start, cpu_start = time.perf_counter(), time.process_time()
    others, recall = WAYS[way](np.asarray(vectors), args.num_to_match)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu_start
    np.save(folder / f"{way}.npy", others.astype(np.int32))
    found = {"seconds": seconds, "cpu": cpu, "peak": peak_memory_gib() - before, "recall": recall}
    return found | {"right": share_right(vectors, others)}


def import_if_there(name: str) -> None:
    """Import a module before memory is looked at, where it is installed."""
    try:
        __import__(name)
    except ImportError:
        return


def share_right(vectors: NDArray[np.float32], others: NDArray[np.int64]) -> float:
    """Give the share of a sample whose neighbours are those of float64: rounded to 7 decimals, equal ones by row."""
    rows = np.unique(np.linspace(0, len(vectors) - 1, SAMPLE).astype(np.int64))
    wanted = vectors[rows].astype(np.float64).T
    parts = range(0, len(vectors), ROWS_AT_ONCE)
    products = [vectors[start : start + ROWS_AT_ONCE].astype(np.float64) @ wanted for start in parts]
    scores = np.round(np.concatenate(products).T, 7)
    scores[np.arange(len(rows)), rows] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, : others.shape[1]]
    return float(np.all(best == others[rows], axis=1).mean())


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num_photos", type=int, nargs="+", default=[11_300])
    parser.add_argument("--dimension", type=int, default=4096)
    parser.add_argument("--num_to_match", type=int, default=50)
    parser.add_argument("--kind", choices=("random", "buildings"), default="buildings")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=["full", "exact"])
    parser.add_argument("--repeats", type=int, default=1, help="of each way, in turns; the fastest is printed")
    parser.add_argument("--mapped", action="store_true", help="map the descriptors from a file")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only_draw", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def compare(args: argparse.Namespace, folder: Path, num_photos: int) -> list[str]:
    """Measure all ways on one collection; give the lines of the table."""
    shared = ["--num_photos", str(num_photos), "--dimension", str(args.dimension), "--kind", args.kind]
    shared += ["--num_to_match", str(args.num_to_match), "--folder", str(folder), *(["--mapped"] * args.mapped)]
    if args.mapped:  # drawn in a process of its own: a child begins with the peak memory of its parent
        subprocess.run([sys.executable, __file__, *shared, "--only_draw"], check=True)
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in args.ways}
    for _ in range(args.repeats):
        for way in args.ways:
            call = [sys.executable, __file__, *shared, "--ways", way]
            runs[way].append(json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout))
    first = np.load(folder / f"{args.ways[0]}.npy")
    lines = []
    for way in args.ways:
        best = min(runs[way], key=lambda run: run["seconds"])
        cpu, peak = (f(run[key] for run in runs[way]) for f, key in ((min, "cpu"), (max, "peak")))
        is_same = np.all(np.load(folder / f"{way}.npy") == first, axis=1).mean()
        cells = [args.kind, f"{num_photos:,}", way, f"{best['seconds']:.1f}", f"{cpu:.1f}", f"{peak:.2f}"]
        cells += [f"{is_same:.4f}", f"{best['right']:.2f}", f"{best['recall']:.3f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main(args: argparse.Namespace) -> int:
    """Print the table."""
    if args.only_draw:
        shape = (args.num_photos[0], args.dimension)
        target = np.lib.format.open_memmap(args.folder / "descriptors.npy", "w+", np.float32, shape)
        draw(args.kind, *shape, target)
        target.flush()
        return 0
    if args.folder is not None:
        print(json.dumps(measure(args, args.ways[0], args.folder)))
        return 0
    print(header(f"pairs: the {args.num_to_match} most similar of photos with {args.dimension:,} numbers each"))
    print("| descriptors | photos | way | s | cpu, s | peak, GiB | same as first | right | recall |")
    print("|---|---|---|---|---|---|---|---|---|")
    for num_photos in args.num_photos:
        with tempfile.TemporaryDirectory() as folder:
            print("\n".join(compare(args, Path(folder), num_photos)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(parse_args()))
