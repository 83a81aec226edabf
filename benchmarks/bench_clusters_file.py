"""Processor seconds and peak memory of the whole ``create_clusters.py``, from a drawn pairs file to both results.

The graph is ``planted`` of ``bench_clusters.py``: ten pairs a photo, as text and as HDF5, scores as cosines (method
specified) and as probabilities (method evidence). No position is read: the image folder holds one photo. The reference
is networkx: lines split, edges at the strong threshold added, connected components. Everything is written to a
temporary folder and removed.

Example: python benchmarks/bench_clusters_file.py --num_photos 100000 1000000
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_clusters import as_probabilities, draw_planted  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from clustering.graph import ScoredPairs  # noqa: E402
from storage.formats.pairs import pairs_path, write_pairs  # noqa: E402

REFERENCE = """
import sys, networkx
graph = networkx.Graph()
with open(sys.argv[1], encoding="utf-8") as file:
    for line in file:
        first, second, score = line.rstrip("\\n").split("\\t")
        if float(score) >= 0.35:
            graph.add_edge(first, second)
print(sum(1 for _ in networkx.connected_components(graph)))
"""
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20)
"""


def rows_of(pairs: ScoredPairs) -> Iterator[tuple[str, str, float]]:
    """Give pairs by names such as ``district_07/IMG_0000123.jpg``."""
    names = [f"district_{photo * 37 % 100:02d}/IMG_{photo:07d}.jpg" for photo in range(pairs.num_photos)]
    for start in range(0, len(pairs.score), 1_000_000):
        part = slice(start, start + 1_000_000)
        columns = (pairs.first[part].tolist(), pairs.second[part].tolist(), pairs.score[part].tolist())
        yield from ((names[first], names[second], score) for first, second, score in zip(*columns, strict=True))


def measure(*command: Any) -> tuple[float, float]:
    """Run a command; give its processor seconds and its peak memory in GiB (Linux)."""
    call = [sys.executable, "-c", MEASURED, sys.executable, *map(str, command)]
    seconds, gib = subprocess.run(call, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(gib)


def measure_all(num_photos: int, folder: Path, with_reference: bool) -> None:
    """Print the lines of one size."""
    drawn, _ = draw_planted(num_photos)
    photos = folder / "photos" / "district_00"
    photos.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(photos / "IMG_0000000.jpg")
    for method, pairs, decimals in (("specified", drawn, 7), ("evidence", as_probabilities(drawn), 6)):
        pairs = ScoredPairs(pairs.num_photos, pairs.first, pairs.second, np.round(pairs.score, decimals))
        for pairs_format in ("text", "hdf5"):
            path = pairs_path(folder, method, pairs_format)
            write_pairs(path, rows_of(pairs), {"model": "netvlad", "is_probability": method == "evidence"})
            results = folder / f"results_{num_photos}_{method}_{pairs_format}"
            if with_reference and (method, pairs_format) == ("specified", "text"):
                print_line("networkx", "text", num_photos, path, *measure("-c", REFERENCE, path))
            call = (ROOT / "create_clusters.py", "--quiet", "--image_dir", folder / "photos", "--pairs_file", path)
            print_line(method, pairs_format, num_photos, path, *measure(*call, "--results_dir", results))


def print_line(what: str, pairs_format: str, num_photos: int, path: Path, seconds: float, gib: float) -> None:
    """Print one line of the table."""
    size = path.stat().st_size / 1e6
    print(f"| {what} | {pairs_format} | {num_photos:,} | {size:,.0f} | {seconds:.1f} | {gib:.2f} |", flush=True)


def main(argv: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num_photos", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--no_reference", action="store_true", help="leave networkx out")
    args = parser.parse_args(argv)
    print(header("create_clusters.py as a process, from the pairs file"))
    print("| method | pairs | photos | file, MB | cpu, s | peak, GiB |\n|---|---|---|---|---|---|")
    for num_photos in args.num_photos:
        with tempfile.TemporaryDirectory() as folder:
            measure_all(num_photos, Path(folder), not args.no_reference)
    return 0


if __name__ == "__main__":
    sys.exit(main())
