"""How long each action of painting takes on a photo of 12 megapixels, and what its history holds in memory.

Three label images: one segment over the whole photo, segments of some 60 x 60 pixels, and scattered noise (the worst
case of k-means labels). Each action is timed on a fresh canvas; the figure is the median CPU time of a few runs, one
core.

Example:
  python -m benchmarks.bench_painting
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.painting.canvas import Canvas

HEIGHT, WIDTH = 3000, 4000
RED, BLUE = (204, 0, 0), (0, 0, 204)


def main() -> int:
    """Print a table, in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    cv2.setNumThreads(1)
    print(f"{'action':<34}" + "".join(f"{name:>12}" for name in LABELS))
    columns = {name: measure(make(), repeats) for name, make in LABELS.items()}
    for action in next(iter(columns.values())):
        print(f"{action:<34}" + "".join(f"{columns[name][action]:>12}" for name in columns))
    return 0


def measure(labels: NDArray[np.int32], repeats: int) -> dict[str, str]:
    """Give the text of each figure by its action."""
    found: dict[str, list[float]] = {}
    for _ in range(repeats):
        canvas = Canvas(labels)
        for name, action in ACTIONS.items():
            started = time.process_time()
            action(canvas)
            found.setdefault(name, []).append(time.process_time() - started)
        kept = canvas.history.num_bytes / 2**20
    figures = {name: f"{statistics.median(seconds) * 1000:.1f}" for name, seconds in found.items()}
    return figures | {"history, MiB": f"{kept:.2f}"}


def whole() -> NDArray[np.int32]:
    """One segment."""
    return np.ones((HEIGHT, WIDTH), dtype=np.int32)


def tiles() -> NDArray[np.int32]:
    """Squares of 60 pixels with wavy borders, as superpixels have them."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    across = (columns + 8 * np.sin(rows / 9)) // 60
    down = (rows + 8 * np.sin(columns / 11)) // 60
    return (1 + (across + 1) + 70 * (down + 1)).astype(np.int32)


def noise() -> NDArray[np.int32]:
    """Every pixel for itself one of two labels, so that one region takes in two thirds of the photo."""
    return (1 + (np.random.default_rng(0).random((HEIGHT, WIDTH)) < 0.3)).astype(np.int32)


LABELS = {"whole": whole, "tiles": tiles, "noise": noise}
ACTIONS: dict[str, Callable[[Canvas], object]] = {
    "fill": lambda canvas: canvas.fill((WIDTH // 2, HEIGHT // 2)),
    "recolour": lambda canvas: (canvas.set_colour(BLUE), canvas.fill((WIDTH // 2, HEIGHT // 2))),
    "first point of a cut": lambda canvas: canvas.cut((0, 10)),
    "cut over the whole photo": lambda canvas: canvas.cut((WIDTH - 1, HEIGHT - 10)),
    "fill below the cut": lambda canvas: (canvas.set_colour(RED), canvas.fill((WIDTH // 4, HEIGHT - 40))),
    "unfill": lambda canvas: canvas.unfill((WIDTH // 4, HEIGHT - 40)),
    "undo of unfill": Canvas.undo,
    "redo of unfill": Canvas.redo,
    "fill stroke of 1000 pixels": lambda canvas: canvas.fill_stroke([(500, 500), (1500, 900)]),
    "undo of the stroke": Canvas.undo,
    "reset": Canvas.reset,
    "undo of the reset": Canvas.undo,
}


if __name__ == "__main__":
    sys.exit(main())
