"""Methods of segmentation on a drawn facade: agreement with the truth, segments, seconds; and memory on a large photo.

Seconds are those of the processor on one thread, so that other work on the machine counts little. Agreement is the
adjusted Rand index with the drawn segments, edges left out; `best` is the share of pixels that are right when every
segment is given the drawn one that it has most pixels of: what a person can paint without cutting. Beside them stand
labels and seconds of segmentimg (icas 1.1) on its own picture of this size, which is not drawn here. The large photo is
the same facade at 4000 x 3000, each method in a process of its own; memory is its peak beyond the photo. `sam` is
measured where a checkpoint is given.

Examples:
  OMP_NUM_THREADS=1 python benchmarks/bench_segmentation.py
  OMP_NUM_THREADS=1 python benchmarks/bench_segmentation.py --checkpoint sam_vit_b_01ec64.pth
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.machine import header  # noqa: E402
from segmentation import AUTOMATIC, METHODS, create_segmenter, method_parameters  # noqa: E402
from segmentation.base import enlarged  # noqa: E402
from segmentation.grabcut import GrabCutState  # noqa: E402
from segmentation.method_parameters import GrabCutParameters  # noqa: E402
from tests.drawn_segments import DrawnSegments, draw_facade, draw_object  # noqa: E402

LARGE = (4000, 3000)
# labels and seconds of segmentimg on jet1.jpg, 864 x 486; `edge` without its floods, `grabcut` one round
SEGMENTIMG = {
    "edge": ("37", "0.9-1.3"),
    "superpixel": ("238", "0.6-0.9"),
    "kmeans": ("15", "29-33"),
    "slickmeans": ("15", "below 1.4"),
    "chanvase": ("20", "3-4"),
    "felzenszwalb": ("193", "0.9-2.3"),
    "quickshift": ("592", "2.4"),
    "graph": ("870", "0.3-0.4"),
    "grabcut": ("", "7-9"),
}
# the slow ways, as segmentimg has them, against those by default
SLOW: dict[str, dict[str, Any]] = {
    "kmeans": {"sample_size": 0, "attempts": 10},
    "quickshift": {"grid_megapixels": 0},
    "chanvase": {"grid_megapixels": 0},
}


def segmented(method: str, given: dict[str, Any], photo: NDArray[np.uint8]) -> tuple[NDArray[np.int32], float]:
    """Give the labels and the processor seconds."""
    segmenter = create_segmenter(method, method_parameters(method, given))
    start = time.process_time()
    labels = segmenter.segment(photo)
    return labels, time.process_time() - start


def agreement(truth: NDArray[np.int32], labels: NDArray[np.int32]) -> tuple[float, float]:
    """Give the adjusted Rand index where there is no edge, and the share that the best painting gets right."""
    is_inside = labels > 0
    both = labels[is_inside].astype(np.int64) * (int(truth.max()) + 1) + truth[is_inside]
    counts = np.bincount(both, minlength=(int(labels.max()) + 1) * (int(truth.max()) + 1))
    best = counts.reshape(-1, int(truth.max()) + 1).max(axis=1).sum() / truth.size
    return float(adjusted_rand_score(truth[is_inside], labels[is_inside])), float(best)


def print_methods(drawn: DrawnSegments, checkpoint: Path | None = None) -> None:
    """Print a line for each method, of ``sam`` with a checkpoint."""
    print(
        "| method | adjusted Rand index | best | segments | s | segmentimg: labels | s |\n|---|---|---|---|---|---|---|"
    )
    for method in METHODS:
        labels_there, seconds_there = SEGMENTIMG.get(method, ("", ""))
        line = "no checkpoint | | | "
        if method != "sam" or checkpoint:
            given = {"checkpoint": checkpoint} if method == "sam" else {}
            labels, taken = segmented(method, given, drawn.photo)
            index, best = agreement(drawn.truth, labels)
            line = f"{index:.3f} | {best:.3f} | {int(labels.max())} | {taken:.2f}"
        print(f"| {method} | {line} | {labels_there} | {seconds_there} |", flush=True)


def print_slow(drawn: DrawnSegments) -> None:
    """Print what the quicker ways of slow methods differ by."""
    print("\n| method | way | adjusted Rand index with the truth | with each other | segments | s |")
    print("|---|---|---|---|---|---|")
    for method, given in SLOW.items():
        slow, slow_s = segmented(method, given, drawn.photo)
        fast, fast_s = segmented(method, {}, drawn.photo)
        each_other = float(adjusted_rand_score(slow.ravel(), fast.ravel()))
        for way, labels, taken in ((given, slow, slow_s), ("default", fast, fast_s)):
            said = way if isinstance(way, str) else ", ".join(f"{key} {value}" for key, value in way.items())
            index, _ = agreement(drawn.truth, labels)
            shown = f"| {method} | {said} | {index:.3f} | {each_other:.3f} | {int(labels.max())} | {taken:.2f} |"
            print(shown, flush=True)


def print_grabcut() -> None:
    """Print how well GrabCut cuts a drawn object, on its own grid and on a coarse one."""
    print(
        "\n| GrabCut of a drawn object, 960 x 720, one rectangle | factor | rounds | IoU | adjusted Rand index | s |\n"
        "|---|---|---|---|---|---|"
    )
    drawn = draw_object(960, 720)
    for said, megapixels, refine in (
        ("all pixels", 0.0, True),
        ("copy of 0.03 megapixels, refined", 0.03, True),
        ("copy of 0.03 megapixels, enlarged only", 0.03, False),
    ):
        start = time.process_time()
        state = GrabCutState(drawn.photo, GrabCutParameters(grid_megapixels=megapixels, refine=refine))
        state.add_rectangle((150, 100), (810, 620))
        for _ in range(2):
            state.iterate()
        found = state.foreground()
        iou = np.count_nonzero(found & drawn.mask) / np.count_nonzero(found | drawn.mask)
        taken = time.process_time() - start
        index = float(adjusted_rand_score(drawn.mask.ravel(), found.ravel()))
        print(f"| {said} | {state.scale:.2f} | 2 | {iou:.4f} | {index:.4f} | {taken:.2f} |", flush=True)


def measure_large(method: str) -> dict[str, float]:
    """Segment the large facade; give agreement, seconds, segments and MiB of memory beyond the photo."""
    import resource

    segmenter = create_segmenter(method)
    segmenter.segment(draw_facade(120, 90).photo)  # imports are not counted
    # drawn smaller and enlarged, as drawing takes more memory than segmenting
    small = draw_facade(LARGE[0] // 4, LARGE[1] // 4)
    photo = np.asarray(cv2.resize(small.photo, LARGE, interpolation=cv2.INTER_CUBIC), np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 2**10
    start = time.process_time()
    labels = segmenter.segment(photo)
    taken = time.process_time() - start
    peak = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, before)
    index, best = agreement(enlarged(small.truth, labels.shape), labels)
    found = {"seconds": taken, "segments": int(labels.max()), "mib": (peak - resident) / 2**10, "known": peak > before}
    return found | {"index": index, "best": best}


def print_large() -> None:
    """Print seconds and memory of each method on the large facade."""
    print(f"\n| {LARGE[0]} x {LARGE[1]} | grid, megapixels | adjusted Rand index | best | segments | s | memory, MiB |")
    print("|---|---|---|---|---|---|---|")
    for method in (*AUTOMATIC, "grabcut"):
        call = [sys.executable, __file__, "--large", method]
        found = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
        grid = method_parameters(method).grid_megapixels
        said = "all pixels" if grid == 0 else f"{grid:g}"
        memory = f"{found['mib']:.0f}" if found["known"] else f"under {found['mib']:.0f}"
        agrees = f"{found['index']:.3f} | {found['best']:.3f}"
        line = f"| {method} | {said} | {agrees} | {found['segments']} | {found['seconds']:.1f} | {memory} |"
        print(line, flush=True)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", metavar="METHOD", help="measure this method on the large facade only, as JSON")
    parser.add_argument("--checkpoint", type=Path, help="weights of Segment Anything, for the line of sam")
    parser.add_argument("--no_large", action="store_true", help="leave the large facade out")
    return parser.parse_args()


def main(args: argparse.Namespace) -> int:
    """Print the tables."""
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        if args.large:
            print(json.dumps(measure_large(args.large)))
            return 0
        drawn = draw_facade()
        print(header("segmentation: a drawn facade of 486 x 864"))
        print(f"{int(drawn.truth.max())} drawn segments. One thread, CPU seconds.\n")
        segmented("graph", {}, drawn.photo[:90, :120].copy())  # imports are not counted
        print_methods(drawn, args.checkpoint)
        print_slow(drawn)
        print_grabcut()
        if not args.no_large:
            print_large()
    return 0


if __name__ == "__main__":
    sys.exit(main(parse_args()))
