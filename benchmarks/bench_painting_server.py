"""How long the server of the painting page takes for each request on photos of 12 megapixels, and what it holds.

Draws photos (facades with windows and a camera's noise), serves them as ``tools.segment_images`` does, and goes through
all of them as a page does: open, planes, actions, save, the next ones made ahead. Times are those of whole requests
over loopback, the median over the photos. Memory is that of the server's process and of its workers (Linux), after
each photo; on the disk, what stands in ``.painting``.

Example:
  python -m benchmarks.bench_painting_server --photos 50
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.machine import ROOT, header
from web.guard import TOKEN_HEADER

WIDTH, HEIGHT = 4000, 3000
RED, BLUE = [204, 0, 0], [0, 0, 204]
OTHERS = 6  # photos whose canvases take the place of the first one's
NUM_ACTIONS = 60  # on each photo, beside those that are timed


class Page:
    """Requests to a server, each timed under a name."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=600)
        self.times: dict[str, list[float]] = {}
        self.token = self.ask("", "GET", "/").decode().partition('name="token" content="')[2].partition('"')[0]

    def ask(self, called: str, method: str, target: str, content: Any = None) -> bytes:
        """Send a request; its time counts under ``called``, unless that is empty."""
        body = None if content is None else json.dumps(content)
        headers = {TOKEN_HEADER: getattr(self, "token", ""), "Content-Type": "application/json"}
        started = time.perf_counter()
        self.connection.request(method, target, body, headers)
        answer = self.connection.getresponse()
        found = answer.read()
        if called:
            self.times.setdefault(called, []).append((time.perf_counter() - started) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{method} {target}: {answer.status} {found[:200]!r}")
        return found

    def post(self, called: str, target: str, **content: Any) -> Any:
        """Change something; give the answer."""
        return json.loads(self.ask(called, "POST", f"/api/{target}", content))

    def get(self, target: str) -> Any:
        """Read something."""
        return json.loads(self.ask("", "GET", f"/api/{target}"))

    def opened(self, photo: int) -> dict[str, Any]:
        """Open a photo, waiting for its labels."""
        state = self.post("open, labels made ahead", f"photos/{photo}/open")
        if state["job"] is not None:
            self.times["open, labels made ahead"].pop()
            while state["job"] is not None:
                self.get(f"jobs/{state['job']['job']}?wait=1")
                state = self.post("", f"photos/{photo}/open")
        return dict(state)


def main() -> int:
    """Print tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=50, help=f"more than {OTHERS}")
    parser.add_argument("--precompute", type=int, default=2)
    parser.add_argument("--actions", type=int, default=1000, help="of the photo that is opened again")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(args.photos):
            draw_facade(folder / "photos" / f"{number:03d}.jpg", number)
        with server(folder, args.precompute) as (process, page):
            held = [go_through(page, photo, args.photos, process.pid, folder) for photo in range(args.photos)]
            come_back(page, args.actions)
        print(header("The painting page's server, 12 megapixels"))
        print_times(page)
        print_held(held)
    return 0


def draw_facade(path: Path, seed: int) -> None:
    """Write a JPEG: walls, windows in rows, and noise."""
    random = np.random.default_rng(seed)
    photo = np.empty((HEIGHT, WIDTH, 3), np.int16)
    photo[:] = random.integers(90, 200, 3)
    photo[: HEIGHT // 5] = (150, 190, 230)
    for top in range(HEIGHT // 5 + 100, HEIGHT - 400, 500):
        for left in range(100, WIDTH - 300, 450):
            photo[top : top + 300, left : left + 220] = random.integers(20, 110, 3)
            photo[top + 140 : top + 160, left : left + 220] = 220
    photo += random.normal(0, 6, (HEIGHT, WIDTH, 1)).astype(np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(photo, 0, 255).astype(np.uint8)).save(path, quality=92)


@contextmanager
def server(folder: Path, precompute: int) -> Iterator[tuple[subprocess.Popen[str], Page]]:
    """Serve the photos of a folder."""
    call = [sys.executable, "-m", "tools.segment_images", "--image_dir", str(folder / "photos"), "--port", "0"]
    call += ["--no_browser", "--precompute", str(precompute), "--export_dir", str(folder / "masks")]
    process = subprocess.Popen(call, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        page = Page(int(process.stdout.readline().strip().rstrip("/").rpartition(":")[2]))
        yield process, page
        page.post("", "quit")
        process.wait(60)
    finally:
        process.kill()
        process.wait()


def go_through(page: Page, photo: int, num_photos: int, pid: int, folder: Path) -> tuple[float, float, float]:
    """Do to a photo what a page does; give MiB of the server, of its workers, and on the disk."""
    page.opened(photo)
    page.post("prefetch", "prefetch", photos=list(range(photo + 1, min(photo + 3, num_photos))))
    page.ask("planes (96 MB)", "GET", f"/api/photos/{photo}/planes")
    page.ask("history", "GET", f"/api/photos/{photo}/history")
    page.ask("the photo", "GET", f"/api/photos/{photo}/image")
    revision = 0
    for called, action in actions(photo):
        answer = page.post(called, f"photos/{photo}/actions", revision=revision, actions=[action])
        revision = answer["revision"]
    page.ask("checksum (sha256 of 96 MB)", "GET", f"/api/photos/{photo}/checksum")
    if photo < 5:
        grabcut = {"begin": True, "rectangles": [[50, 650, 400, 1100]], "rounds": 1, "colour": BLUE}
        page.post("GrabCut, one round", f"photos/{photo}/grabcut", **grabcut)
    save_and_paint(page, photo, revision)
    while page.get("jobs")["prefetch"]["running"]:
        time.sleep(0.2)
    disk = sum(path.stat().st_size for path in (folder / "masks" / ".painting").rglob("*") if path.is_file())
    own, workers = memory(pid)
    return own, workers, disk / 2**20


def save_and_paint(page: Page, photo: int, revision: int) -> None:
    """Save masks, and fill and take back meanwhile over another connection."""
    other = Page(page.connection.port)
    with ThreadPoolExecutor(1) as pool:
        saving = pool.submit(page.post, "save", f"photos/{photo}/save")
        while not saving.done():
            given = [{"action": "fill", "at": [200, 900]}, {"action": "undo"}]
            answer = other.post(
                "fill and undo during save", f"photos/{photo}/actions", revision=revision, actions=given
            )
            revision = answer["revision"]
        saving.result()
    for called, found in other.times.items():
        page.times.setdefault(called, []).extend(found)


def come_back(page: Page, num_actions: int) -> None:
    """Paint much on the first photo, look at others until its canvas is gone, and open it again."""
    random, size = np.random.default_rng(0), 500
    revision = page.opened(0)["revision"]
    for _ in range(0, num_actions, size):
        points = zip(random.integers(0, WIDTH, size), random.integers(0, HEIGHT, size), strict=True)
        given = [{"action": "fill", "at": [int(x), int(y)]} for x, y in points]
        revision = page.post("", "photos/0/actions", revision=revision, actions=given)["revision"]
    for photo in range(1, OTHERS + 1):
        page.post("", f"photos/{photo}/open")
    page.post(f"open again, {revision} actions", "photos/0/open")


def actions(photo: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give what is done to a photo, and what it is called in the table."""
    random = np.random.default_rng(photo)
    yield "colour", {"action": "colour", "colour": RED}
    yield "fill", {"action": "fill", "at": [200, 900]}
    yield "fill of the wall", {"action": "fill", "at": [60, HEIGHT - 100]}
    yield "cut over the photo", {"action": "cut", "points": [[0, 1000], [WIDTH - 1, 1200]]}
    yield "undo", {"action": "undo"}
    yield "redo", {"action": "redo"}
    yield "colour", {"action": "colour", "colour": BLUE}
    stroke = [[100 + 100 * step, 900 + 40 * (step % 5)] for step in range(10)]
    yield "fill stroke of 1000 pixels", {"action": "fill_stroke", "points": stroke}
    yield "unfill", {"action": "unfill", "at": [200, 900]}
    for x, y in zip(random.integers(0, WIDTH, NUM_ACTIONS), random.integers(0, HEIGHT, NUM_ACTIONS), strict=True):
        yield "fill", {"action": "fill", "at": [int(x), int(y)]}
    yield "reset", {"action": "reset"}
    yield "undo of the reset", {"action": "undo"}


def memory(pid: int) -> tuple[float, float]:
    """Give MiB that a process and all that it started hold; nan where the system does not tell."""
    try:
        resident = {each: _resident(each) for each in (pid, *_children(pid))}
    except OSError:
        return float("nan"), float("nan")
    return resident.pop(pid), sum(resident.values())


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            yield int(child)
            yield from _children(int(child))


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def print_times(page: Page) -> None:
    """Print a table of requests."""
    print("| request | times | median, ms | most, ms |\n|---|---|---|---|")
    for called, found in page.times.items():
        print(f"| {called} | {len(found)} | {statistics.median(found):.1f} | {max(found):.1f} |")


def print_held(held: list[tuple[float, float, float]]) -> None:
    """Print what is held after some of the photos, and at most."""
    print("\n| after photo | server, MiB | workers, MiB | `.painting` on the disk, MiB |\n|---|---|---|---|")
    shown = sorted({0, 1, 4, 9, 19, 29, 39, len(held) - 1} & set(range(len(held))))
    for photo in shown:
        print("| {} | {:.0f} | {:.0f} | {:.1f} |".format(photo + 1, *held[photo]))
    most = [max(each[place] for each in held) for place in range(3)]
    print("| most | {:.0f} | {:.0f} | {:.1f} |".format(*most))


if __name__ == "__main__":
    sys.exit(main())
