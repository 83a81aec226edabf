"""Measure the review's page on a large drawn collection in a browser: time to what is seen, frames while it scrolls.

The collection and the server are those of bench_review_scale.py; the browser is Chromium without a window.

Prints  a Markdown table: gaps between the frames that are drawn while the wheel turns, while the scroll bar is dragged
        through everything, and while keys step; a smooth page draws one every 17 ms

Example: python benchmarks/bench_review_scroll.py --num_photos 100000 >> benchmarks/review.md
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.bench_review_scale import Server, make_work  # noqa: E402
from benchmarks.machine import header  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Page

STEPS = 100
WATCH = """() => {
  window.gaps = [];
  let last = performance.now();
  const frame = (now) => { window.gaps.push(now - last); last = now; window.watching = requestAnimationFrame(frame); };
  window.watching = requestAnimationFrame(frame);
}"""
TELL = """() => {
  cancelAnimationFrame(window.watching);
  const sorted = window.gaps.slice(1).sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const elements = document.querySelectorAll("*").length;
  return [sorted.length, at(0.5), at(0.95), at(1), elements, performance.memory.usedJSHeapSize / 2 ** 20];
}"""
DRAG = """async (steps) => {
  const scroller = document.querySelector(".scroller");
  for (let step = 0; step <= steps; step += 1) {
    scroller.scrollTop = (scroller.scrollHeight * step) / steps;
    await new Promise(requestAnimationFrame);
  }
}"""


def watched(page: Page, what: str, work: Callable[[], Any]) -> str:
    """Give the row of something that is done while frames are watched."""
    page.evaluate(WATCH)
    work()
    frames, median, most, longest, elements, heap = page.evaluate(TELL)
    return f"| {what} | {frames} | {median:.0f} | {most:.0f} | {longest:.0f} | {elements} | {heap:.0f} |"


def turn_wheel(page: Page) -> None:
    """Turn the wheel over the grid, a notch at a time."""
    page.mouse.move(600, 400)
    for _ in range(STEPS):
        page.mouse.wheel(0, 120)


def press(page: Page, key: str) -> None:
    """Press a key again and again."""
    for _ in range(STEPS):
        page.keyboard.press(key)


def measure(page: Page, address: str) -> Iterator[str]:
    """Give the lines of the table."""
    started = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(".card:not(.is-coming)")
    cards_s = time.perf_counter() - started
    page.wait_for_selector(".thumbnail.is-here")
    yield f"First cards after {cards_s:.2f} s, first photo after {time.perf_counter() - started:.2f} s.\n"
    yield "| while | frames | median gap, ms | 95 of 100, ms | longest, ms | elements | JavaScript heap, MiB |"
    yield "|---|---|---|---|---|---|---|"
    page.get_by_text("actions").wait_for()
    for view, shown, words in (("1", ".card", "buildings"), ("2", ".photo", "photos that are alone")):
        page.keyboard.press(view)
        page.wait_for_selector(shown)
        yield watched(page, f"the wheel turns: {words}", lambda: turn_wheel(page))
        yield watched(page, f"the scroll bar is dragged through all {words}", lambda: page.evaluate(DRAG, STEPS))
        page.keyboard.press("Home")
        yield watched(page, f"Page Down: {words}", lambda: press(page, "PageDown"))


def run(work_dir: Path) -> Iterator[str]:
    """Give the lines of the table for a work folder."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    server = Server(work_dir)
    try:
        with sync_playwright() as started:
            arguments = ["--no-sandbox", "--enable-precise-memory-info"]
            browser = started.chromium.launch(executable_path=program, args=arguments)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            yield from measure(page, f"http://127.0.0.1:{server.port}/")
            browser.close()
        yield f"\nThe server took {server.memory_mib()[1]:.0f} MiB at most."
    finally:
        server.end()


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--num_photos", type=int, default=100_000, help="photos of the collection")
    parser.add_argument("--work_dir", type=Path, help="make it there, or take the one that is there")
    args = parser.parse_args(argv)
    print(header(f"the review's page, {args.num_photos:,} photos"))
    with tempfile.TemporaryDirectory() as folder:
        work_dir = args.work_dir or Path(folder)
        if not (work_dir / "results").is_dir():
            work_dir.mkdir(exist_ok=True)
            make_work(work_dir, args.num_photos)
        for line in run(work_dir):
            print(line, flush=True)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
