"""How soon each action of the painting page is seen on a photo of 12 megapixels, and what 50 such photos leave.

Two drawn photos of 4000 x 3000 pixels: squares of 60 pixels, each a segment, and one flat colour, one segment. Mouse
and keys are those of a real Chromium. *work* is the processor time of the page's main thread; *seen* goes from the
event to the end of the frame that shows it, and holds what other processes of the machine take. Then the rules alone,
without a page, also on scattered noise (their worst case), and the memory of the process that draws while the page
goes from photo to photo. Reads /proc, so Linux only. Under ``nice`` with a negative number, the browser gets it too.

Example:
  python -m benchmarks.bench_painting_page >> benchmarks/painting_page.md
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from benchmarks.machine import header
from stages.segmenting.painting_session import settle, start_painting
from stages.settings.painting_page import PaintingSettings
from storage.encoding import encode_picture
from storage.lock import work_lock
from tests.web.local_server import served
from web.guard import Guard
from web.segmentation.painting import Painting
from web.segmentation.routes import make_painting_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HEIGHT, WIDTH = 3000, 4000
SIDE = 60
SHOWN_COUNTS = (1, 2, 3, 5, 10, 20, 30, 40, 50)
PAGE_BYTES = os.sysconf("SC_PAGESIZE")
PATIENCE_MS = 180_000
WATCH = """([kind]) => {
  window.seen = new Promise((resolve) => addEventListener(kind, (event) => {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => resolve(performance.now() - event.timeStamp);
      channel.port2.postMessage(0);
    });
  }, { once: true, capture: true }));
}"""
PLACE = """([x, y]) => {
  const box = document.querySelector("#stage").getBoundingClientRect();
  const { scale, left, top } = window.paintingPage.stage.viewport;
  const ratio = devicePixelRatio;
  return [box.left + (left + (x + 0.5) * scale) / ratio, box.top + (top + (y + 0.5) * scale) / ratio];
}"""
LABELS = """([kind, width, height]) => import("/segmentation/static/painting/canvas.js").then(({ Canvas }) => {
  const size = width * height;
  const make = {
    whole: () => new Int32Array(size).fill(1),
    tiles: () => Int32Array.from({ length: size }, (_, at) =>
      1 + Math.floor((at % width) / 60) + 70 * Math.floor(at / width / 60)),
    noise: () => {
      let state = 1;
      return Int32Array.from({ length: size }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return 1 + (state < 0.3 * 2 ** 32);
      });
    },
  };
  window.ruled = new Canvas(make[kind](), width, height);
})"""
MIDDLE, BELOW = f"[{WIDTH // 2}, {HEIGHT // 2}]", f"[{WIDTH // 2}, {HEIGHT - 40}]"
RULES = {
    "fill": f"canvas.fill({MIDDLE})",
    "recolour": f"canvas.setColour([0, 0, 204]); canvas.fill({MIDDLE})",
    "cut over the whole photo": f"canvas.cut([0, 10]); canvas.cut([{WIDTH - 1}, {HEIGHT - 10}])",
    "unfill": f"canvas.unfill({BELOW})",
    "undo": "canvas.undo()",
    "redo": "canvas.redo()",
    "fill stroke of 1000 pixels": "canvas.fillStroke([[500, 500], [1500, 900]])",
    "reset": "canvas.reset()",
    "undo of the reset": "canvas.undo()",
}


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--num_photos", type=int, default=50, help="photos that the page goes through")
    args = parser.parse_args()
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        print(header(f"A photo of {WIDTH} x {HEIGHT} pixels in Chromium {browser.version}"))
        print_page(browser, args.repeats)
        print_rules(browser, args.repeats)
        print_memory(browser, args.num_photos)
        browser.close()
    return 0


def print_page(browser: Browser, repeats: int) -> None:
    """Print what a person waits for."""
    columns = {}
    for kind in ("tiles", "whole"):
        with opened(browser, kind, 1) as page:
            columns[kind] = measure(page, Renderer(browser), repeats)
    print("Milliseconds, median of all runs, and the most of them:\n")
    print("| action | squares: work | most | seen | one segment: work | most | seen |\n|---|---|---|---|---|---|---|")
    for action in columns["tiles"]:
        cells = [figure for kind in columns for figure in columns[kind][action]]
        print(f"| {action} | " + " | ".join(f"{cell:.0f}" for cell in cells) + " |")
    print()


class Renderer:
    """The processes of a browser that draw pages."""

    def __init__(self, browser: Browser) -> None:
        self._session = browser.new_browser_cdp_session()

    def _numbers(self) -> list[int]:
        found = self._session.send("SystemInfo.getProcessInfo")["processInfo"]
        return [each["id"] for each in found if each["type"] == "renderer"]

    def take_priority(self) -> None:
        """Give all processes of the browser this program's priority where it has a raised one: they lower theirs."""
        own = os.getpriority(os.PRIO_PROCESS, 0)
        if own >= 0:
            return
        for each in self._session.send("SystemInfo.getProcessInfo")["processInfo"]:
            for task in Path(f"/proc/{each['id']}/task").iterdir():
                os.setpriority(os.PRIO_PROCESS, int(task.name), own)

    def work_ms(self) -> float:
        """Give the processor time of their main threads so far."""
        texts = (Path(f"/proc/{pid}/task/{pid}/schedstat").read_text(encoding="ascii") for pid in self._numbers())
        return sum(int(text.split()[0]) for text in texts) / 1e6

    def resident_mib(self) -> float:
        """Give the resident memory of the largest one."""
        texts = (Path(f"/proc/{pid}/statm").read_text(encoding="ascii") for pid in self._numbers())
        return max(int(text.split()[1]) for text in texts) * PAGE_BYTES / 2**20


def measure(page: Page, renderer: Renderer, repeats: int) -> dict[str, tuple[float, float, float]]:
    """Give the median of work, its most, and the median of seen, by action."""
    found: dict[str, list[tuple[float, float]]] = {}

    def timed(name: str, kind: str, act: Callable[[], object]) -> None:
        page.evaluate(WATCH, [kind])
        before = renderer.work_ms()
        act()
        seen = page.evaluate("() => window.seen")
        found.setdefault(name, []).append((renderer.work_ms() - before, seen))

    def key(name: str, letter: str) -> None:
        timed(name, "keydown", lambda: page.keyboard.press(letter))

    def click(name: str, x: int, y: int, button: Any = "left") -> None:
        place = page.evaluate(PLACE, [x, y])
        page.mouse.move(*place)
        timed(name, "pointerdown", lambda: page.mouse.click(*place, button=button))

    for _ in range(repeats):
        renderer.take_priority()
        click("fill", 2000, 1500)
        page.get_by_role("button", name="41, 128, 185").click()
        click("recolour", 2000, 1500)
        key("undo", "z")
        key("redo", "y")
        click("first point of a cut", 10, 20, "middle")
        click("cut over the whole photo", 3990, 2960, "middle")
        key("end of the cut", "Escape")
        click("unfill", 2000, 1500, "right")
        key("reset", "r")
        key("undo of the reset", "z")
        page.mouse.move(*page.evaluate(PLACE, [2000, 1500]))
        timed("zoom", "wheel", lambda: page.mouse.wheel(0, -120))
        key("move", "ArrowLeft")
        key("whole photo", "0")
        key("labels in colours", "d")
        key("and back", "d")
        page.keyboard.press("r")
        page.get_by_role("button", name="204, 0, 0").click()
    return {name: figures(rows) for name, rows in found.items()}


def figures(rows: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Give the median and the most of work, and the median of seen."""
    work, seen = zip(*rows, strict=True)
    return statistics.median(work), max(work), statistics.median(seen)


def print_rules(browser: Browser, repeats: int) -> None:
    """Print what the rules alone take."""
    columns: dict[str, dict[str, list[float]]] = {}
    with opened(browser, "tiles", 1) as page:
        renderer = Renderer(browser)
        for kind in ("tiles", "whole", "noise"):
            columns[kind] = {}
            page.evaluate(LABELS, [kind, WIDTH, HEIGHT])
            for _ in range(repeats):
                for name, code in RULES.items():
                    before = renderer.work_ms()
                    page.evaluate(f"() => {{ const canvas = window.ruled; {code}; }}")
                    columns[kind].setdefault(name, []).append(renderer.work_ms() - before)
                page.evaluate("() => { window.ruled.reset(); window.ruled.setColour([204, 0, 0]); }")
    print("The rules alone, milliseconds of work, median of all runs:\n")
    print("| action | squares | one segment | noise, one region of 8 MP |\n|---|---|---|---|")
    for action in RULES:
        print(
            f"| {action} | " + " | ".join(f"{statistics.median(columns[kind][action]):.1f}" for kind in columns) + " |"
        )
    print()


def print_memory(browser: Browser, num_photos: int) -> None:
    """Print the memory of the process that draws, as the page goes from photo to photo and paints each."""
    with opened(browser, "tiles", num_photos) as page:
        renderer = Renderer(browser)
        print("| photos seen | memory of the drawing process, MiB |\n|---|---|")
        for place in range(num_photos):
            if place + 1 in SHOWN_COUNTS:
                print(f"| {place + 1} | {renderer.resident_mib():.0f} |", flush=True)
            page.mouse.click(*page.evaluate(PLACE, [2000, 1500]))
            page.keyboard.press("n")
            wait(page, (place + 1) % num_photos)


def draw(kind: str) -> bytes:
    """Draw a photo as JPEG."""
    if kind == "whole":
        return encode_picture(np.full((HEIGHT, WIDTH, 3), (120, 130, 140), np.uint8), "jpg")
    few = np.random.default_rng(0).integers(0, 256, (HEIGHT // SIDE, -(-WIDTH // SIDE), 3)).astype(np.uint8)
    large = cv2.resize(few, None, fx=SIDE, fy=SIDE, interpolation=cv2.INTER_NEAREST)
    return encode_picture(np.ascontiguousarray(large[:, :WIDTH]), "jpg")


@contextmanager
def opened(browser: Browser, kind: str, num_photos: int) -> Iterator[Page]:
    """Serve photos and open the page."""
    guard = Guard()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        (folder / "photos").mkdir()
        content = draw(kind)
        for number in range(num_photos):
            (folder / "photos" / f"{number:02d}.jpg").write_bytes(content)
        given = {"k": 100.0, "min_segment_size": 200, "grid_megapixels": 1.0}
        settings, names = settle(
            PaintingSettings(image_dir=folder / "photos", export_dir=folder / "masks", num_workers=0, given=given)
        )
        assert settings.export_dir is not None
        with work_lock(settings.export_dir):
            tools = start_painting(settings, names)
            with served(make_painting_app(Painting(tools, "Benchmark"), guard), guard):
                page = browser.new_page(viewport={"width": 1280, "height": 800})
                page.set_default_timeout(PATIENCE_MS)
                page.goto(guard.address)
                wait(page, 0)
                yield page
                page.context.close()
            tools.desk.jobs.end()


def wait(page: Page, photo: int) -> None:
    """Wait until a photo can be painted."""
    page.evaluate(
        """(photo) => new Promise((resolve) => {
          const look = () => {
            const { session, stage } = window.paintingPage;
            const isReady = session?.photo === photo && session.canvas !== null && stage.canvas === session.canvas;
            if (isReady) requestAnimationFrame(resolve);
            else setTimeout(look, 50);
          };
          look();
        })""",
        photo,
    )


if __name__ == "__main__":
    sys.exit(main())
