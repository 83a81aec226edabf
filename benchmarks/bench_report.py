"""How long a report takes, how large its pages are, and how soon a browser shows them.

Reads   nothing: photos and clusters are drawn
Writes  a work folder in --work_dir (kept, so that a second call measures the second run); prints a table

Example: python -m benchmarks.bench_report --work_dir /tmp/report-11000 --num_photos 11000
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from stages.settings.tools import ReportSettings
from storage.atomic import write_json, write_text
from storage.fingerprints import sha256_of_file
from storage.formats.clusters import clusters_text, write_clusters_info
from web.report.make import make_report

SIDES = (1024, 768)
PAGES = ("index.html", "buildings.html", "singletons.html", "map.html", "print.html", "skipped.html")


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work_dir", type=Path, required=True)
    parser.add_argument("--num_photos", type=int, default=11_000)
    parser.add_argument("--num_drawn", type=int, default=300, help="different photos; the others are equal to one")
    parser.add_argument("--num_workers", type=int, default=0, help="0, so that the CPU time is that of all work")
    return parser.parse_args(argv)


def draw_work_folder(work_dir: Path, num_photos: int, num_drawn: int) -> None:
    """Draw photos with positions, times and cameras, two fifths of them alone, and the clusters of the others."""
    random = np.random.default_rng(0)
    drawn = [_draw(random) for _ in range(min(num_photos, num_drawn))]
    names = [f"day{number % 9}/IMG_{number:05d}.jpg" for number in range(num_photos)]
    for number, name in enumerate(names):
        path = work_dir / "datasets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn[number % len(drawn)])
    clusters, rest, number = dict[str, list[str]](), names[: num_photos * 3 // 5], 0
    while rest:
        size = 2 + int(random.geometric(0.15))
        clusters[str(number)], rest, number = rest[:size], rest[size:], number + 1
    _write_clusters(work_dir / "results", clusters | {"-1": names[num_photos * 3 // 5 :]})


def _draw(random: np.random.Generator) -> bytes:
    """Draw one photo with position and time; give the JPEG file."""
    small = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = f"2023:05:{1 + random.integers(9):02d} 10:{random.integers(60):02d}:00"
    north, east = (float(random.normal(degrees, 0.004)) for degrees in (37.0, 36.2))
    exif.get_ifd(0x8825).update({1: "N", 2: (north, 0.0, 0.0), 3: "E", 4: (east, 0.0, 0.0)})
    target = BytesIO()
    small.resize(SIDES, Image.Resampling.BICUBIC).save(target, "JPEG", quality=85, exif=exif)
    return target.getvalue()


def _write_clusters(results: Path, clusters: dict[str, list[str]]) -> None:
    write_text(results / "clusters.json", clusters_text(clusters))
    alone = clusters["-1"]
    content = {
        "method": "evidence",
        "pairs_file": "pairs-drawn-verified.txt",
        "settings": {"strong_edg_thresh": 0.8, "weak_edg_thresh": 0.3, "agreement_thresh": 0.5},
        "skipped": [],
        "clusters": {key: _cluster(photos) for key, photos in clusters.items() if key != "-1"},
        "singletons": {
            name: {"reason": "unsure", "neighbour": clusters["0"][0], "score": 0.5, "cluster": 0} for name in alone
        },
        "review": [],
        "clusters_sha256": sha256_of_file(results / "clusters.json"),
    }
    write_clusters_info(results / "clusters_info.json", content)


def _cluster(photos: list[str]) -> dict[str, object]:
    pair = [*photos[:2], 0.9] if len(photos) > 1 else None
    joins = [
        {"stage": "evidence", "survivor": 0, "absorbed": 1, "survivor_size": size, "absorbed_size": 1, "pairs": [pair]}
        | {"joined_photos": [photos[size]], "agreement": 0.8}
        for size in range(1, len(photos))
    ]
    link = {"stage": "evidence", "pair": pair, "agreement": 0.8} if pair else None
    return {"size": len(photos), "representatives": photos[:4], "cohesion": 0.9, "weakest_link": link, "joins": joins}


def first_paints(report_dir: Path) -> Iterator[tuple[str, float, float]]:
    """Give page, milliseconds to the first contentful paint and to the end of loading, in Chromium, the median of 3."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    largest = max((report_dir / "buildings").iterdir(), key=lambda path: path.stat().st_size)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for path in (*(report_dir / page for page in PAGES), largest):
            found = []
            for _ in range(3):
                page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
                page.goto(path.as_uri())
                page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
                found.append(
                    page.evaluate(
                        "[performance.getEntriesByName('first-contentful-paint')[0].startTime,"
                        "performance.getEntriesByType('navigation')[0].loadEventEnd]"
                    )
                )
                page.context.close()
            paint, load = np.median(np.array(found, dtype=float), axis=0)
            yield path.relative_to(report_dir).as_posix(), float(paint), float(load)
        browser.close()


def main(args: argparse.Namespace) -> int:
    """Draw, make the report twice, measure its pages."""
    if not (args.work_dir / "results" / "clusters.json").exists():
        draw_work_folder(args.work_dir, args.num_photos, args.num_drawn)
    settings = ReportSettings(
        args.work_dir / "datasets", args.work_dir / "netvlad", args.work_dir / "results", num_workers=args.num_workers
    )
    for label in ("first run", "second run"):
        started, before = time.monotonic(), time.process_time()
        report = make_report(settings)
        wall = time.monotonic() - started
        cpu, num_photos = time.process_time() - before, report.counts["photos"]
        print(
            f"{label}: {wall:.1f} s, CPU {cpu:.1f} s, {1000 * cpu / num_photos:.1f} ms a photo; {report.counts}",
            flush=True,
        )
    print(f"{'page':32s} {'bytes':>10s} {'first paint':>12s} {'loaded':>10s}")
    folder = args.work_dir / "results" / "report"
    for page, paint, load in first_paints(folder):
        print(f"{page:32s} {(folder / page).stat().st_size:10,d} {paint:9.0f} ms {load:7.0f} ms")
    write_json(args.work_dir / "measured.json", {"counts": report.counts})
    return 0


if __name__ == "__main__":
    sys.exit(main(parse_args()))
