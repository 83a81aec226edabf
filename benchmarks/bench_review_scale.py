"""Measure the review's server on a large drawn collection: time to the first page, time of each call, memory.

The photos are hard links to some drawn ones, the pairs are the ``planted`` graph of bench_clusters.py as probabilities,
the clusters what create_clusters.py makes of them. The server is the program itself, called through its address.

Prints  a Markdown table

Example: python benchmarks/bench_review_scale.py --num_photos 100000 >> benchmarks/review.md
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_clusters import as_probabilities, draw_planted  # noqa: E402
from benchmarks.machine import header  # noqa: E402
from stages.cluster import create_clusters  # noqa: E402
from stages.settings.pipeline import ClusterSettings  # noqa: E402
from storage.formats.pairs import write_pairs  # noqa: E402
from web.guard import TOKEN_HEADER  # noqa: E402

NUM_DRAWN = 50
SIZE = (1200, 900)
NUM_THUMBNAILS = 24
FIRST_PAGE_S = 2.0
DATE_TAG = 0x9003
PAIRS_NAME = "pairs-vlad-verified.txt"


def make_work(folder: Path, num_photos: int) -> None:
    """Make a work folder of links to drawn photos, pairs, and clusters."""
    names = [f"day {number // 1000:03d}/img_{number:07d}.jpg" for number in range(num_photos)]
    rng = np.random.default_rng(0)
    drawn = []
    for number in range(NUM_DRAWN):
        path = folder / "drawn" / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        exif = Image.Exif()
        exif[0x0132] = f"2023:05:{number % 28 + 1:02d} 10:00:00"
        pattern = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        pattern.resize(SIZE, Image.Resampling.BICUBIC).save(path, quality=90, exif=exif)
        drawn.append(path)
    for number, name in enumerate(names):
        target = folder / "datasets" / name
        if number % 1000 == 0:
            target.parent.mkdir(parents=True)
        os.link(drawn[number % NUM_DRAWN], target)
    pairs = as_probabilities(draw_planted(num_photos)[0])
    columns = (pairs.first.tolist(), pairs.second.tolist(), np.round(pairs.score, 6).tolist())
    rows = ((names[one], names[two], score) for one, two, score in zip(*columns, strict=True))
    write_pairs(folder / "netvlad" / PAIRS_NAME, rows, {"model": "vlad", "is_probability": True})
    create_clusters(
        ClusterSettings(image_dir=folder / "datasets", outputs_dir=folder / "netvlad", results_dir=folder / "results")
    )


class Server:
    """The program, running, and calls to it."""

    def __init__(self, work_dir: Path) -> None:
        call = [sys.executable, "-m", "tools.review_clusters", "--work_dir", str(work_dir), "--port", "0"]
        self.process = subprocess.Popen([*call, "--no_browser"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        address = self.process.stdout.readline().strip()
        self.port = int(address.rstrip("/").rpartition(":")[2])
        self.token = ""
        self._cpu_s = 0.0

    def get(self, target: str) -> bytes:
        """Read an address."""
        return self._ask("GET", target, None)

    def act(self, **request: Any) -> Any:
        """Do an action."""
        return json.loads(self._ask("POST", "/api/actions", json.dumps(request).encode()))

    def _ask(self, method: str, target: str, body: bytes | None) -> bytes:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=600)
        headers = {TOKEN_HEADER: self.token, "Content-Type": "application/json"}
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{target}: {answer.status} {content!r:.200}")
        return content

    def cpu_s_since_last(self) -> float:
        """Give the processor time that the program took since this was asked last."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        total = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        since, self._cpu_s = total - self._cpu_s, total
        return since

    def memory_mib(self) -> tuple[float, float]:
        """Give the memory in use, and the most that ever was."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = [
            line.split()[1] for name in ("VmRSS", "VmHWM") for line in status.splitlines() if line.startswith(name)
        ]
        return int(found[0]) / 1024, int(found[1]) / 1024

    def end(self) -> None:
        """End the program."""
        self.process.terminate()
        self.process.wait(60)


def lap(work: Callable[[], Any]) -> float:
    """Give the seconds that something takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def row(what: str, times: Sequence[float], server: Server) -> str:
    """Give a row: median and worst of some times, processor time of the server for each, memory now and at most."""
    now, most = server.memory_mib()
    cpu_s = server.cpu_s_since_last() / len(times)
    wall = f"{1000 * statistics.median(times):.0f} | {1000 * max(times):.0f}"
    return f"| {what} | {wall} | {1000 * cpu_s:.0f} | {now:.0f} | {most:.0f} |"


def first_page(server: Server) -> None:
    """Load what the first page shows: itself, the numbers, the first clusters, the first screen of photos."""
    page = server.get("/").decode()
    server.token = page.partition('name="review-token" content="')[2].partition('"')[0]
    server.get("/api/overview")
    cards = json.loads(server.get("/api/clusters?limit=200"))["clusters"]
    for card in cards[:NUM_THUMBNAILS]:
        server.get(f"/api/photos/{card['representatives'][0]}/thumbnail?side=320")


def measure(work_dir: Path, num_photos: int) -> Iterator[str]:
    """Give the lines of the table."""
    yield "| call | median, ms | worst, ms | CPU, ms | memory, MiB | most so far, MiB |"
    yield "|---|---|---|---|---|---|"
    started = time.perf_counter()
    server = Server(work_dir)
    try:
        yield row("start of the program until it listens", [time.perf_counter() - started], server)
        yield row(f"first page with {NUM_THUMBNAILS} new thumbnails", [lap(lambda: first_page(server))], server)
        yield row("first page again", [lap(lambda: first_page(server))], server)
        yield row("pairs and queue ready, after the start", [_until_ready(server, started)], server)
        total = json.loads(server.get("/api/clusters?limit=1"))["total"]
        offsets = np.linspace(0, max(total - 200, 0), 20).astype(int).tolist()
        targets = [f"/api/clusters?offset={offset}&limit=200" for offset in offsets]
        scrolls = [lap(partial(server.get, target)) for target in targets]
        yield row("200 clusters further down the grid", scrolls, server)
        yield row("clusters sorted by doubt", [lap(lambda: server.get("/api/clusters?sort=doubt"))], server)
        yield row("search by name", [lap(lambda: server.get("/api/clusters?q=img_0012"))], server)
        targets = [f"/api/photos/{n}/thumbnail?side=320" for n in range(0, num_photos, num_photos // 200)]
        yield row("thumbnail", [lap(partial(server.get, target)) for target in targets], server)
        yield row("queue, first 50", [lap(lambda: server.get("/api/queue")) for _ in range(5)], server)
        yield row("merge of two clusters", list(_merges(server, 20)), server)
        yield row("answer and the next question", list(_answers(server, 20)), server)
        yield row("overview", [lap(lambda: server.get("/api/overview")) for _ in range(5)], server)
    finally:
        server.end()


def _until_ready(server: Server, started: float) -> float:
    server.get("/api/queue?limit=1")
    return time.perf_counter() - started


def _merges(server: Server, count: int) -> Iterator[float]:
    cards = json.loads(server.get(f"/api/clusters?limit={2 * count}"))["clusters"]
    numbers = [card["number"] for card in cards]
    for one, two in zip(numbers[::2], numbers[1::2], strict=True):
        yield lap(partial(server.act, action="merge", clusters=[one, two]))


def _answers(server: Server, count: int) -> Iterator[float]:
    item = json.loads(server.get("/api/queue?limit=1"))["items"][0]
    for place in range(count):
        started = time.perf_counter()
        server.act(action="answer", key=item["key"], answer=("same", "different")[place % 2])
        item = json.loads(server.get("/api/queue?limit=1"))["items"][0]
        yield time.perf_counter() - started


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num_photos", type=int, default=100_000, help="photos of the collection")
    parser.add_argument("--work_dir", type=Path, help="make it there, or take the one that is there")
    args = parser.parse_args(argv)
    print(header(f"the review's server, {args.num_photos:,} photos"))
    with tempfile.TemporaryDirectory() as folder:
        work_dir = args.work_dir or Path(folder)
        if not (work_dir / "results").is_dir():
            work_dir.mkdir(exist_ok=True)
            make_work(work_dir, args.num_photos)
        for line in measure(work_dir, args.num_photos):
            print(line, flush=True)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
