"""Folders of drawn photos: two walls, seen three times each, and single photos; and a plan of their pairs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from hloc.feature_run import Resources
from hloc.matching.description import MatchRun
from hloc.matching.rootsift import RootSift
from tests.hloc.matching.drawn import HEIGHT, WIDTH, Photo, draw_facade, seen_by, similarity, stamped

NUM_KEYPOINTS = 400
VIEWS = (
    similarity(1.0, 0, (0, 0), (WIDTH / 2, HEIGHT / 2)),
    similarity(1.15, 3, (8, -5), (WIDTH / 2, HEIGHT / 2)),
    similarity(0.9, -4, (-6, 7), (WIDTH / 2, HEIGHT / 2)),
)


def save(path: Path, photo: Photo) -> None:
    """Save an RGB photo without loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(np.ascontiguousarray(photo), cv2.COLOR_RGB2BGR))


def save_walls(folder: Path, seeds: tuple[int, ...] = (1, 2), stamp: bool = False) -> dict[str, str]:
    """Save three views of each wall, and a single photo; give the building of each by name."""
    labels = {}
    for seed in seeds:
        for number, view in enumerate(VIEWS):
            name = f"wall_{seed}_{number}.png"
            photo = seen_by(draw_facade(seed), view)
            save(folder / name, stamped(photo) if stamp else photo)
            labels[name] = f"wall {seed}"
    save(folder / "alone.png", stamped(draw_facade(50)) if stamp else draw_facade(50))
    return labels | {"alone.png": "single"}


def save_blank(path: Path) -> None:
    """Save a photo of one colour."""
    Image.new("RGB", (WIDTH, HEIGHT), (90, 120, 70)).save(path)


def match_run(image_dir: Path, outputs_dir: Path, num_workers: int = 0) -> MatchRun:
    """Give a run of the test's matcher."""
    return MatchRun(image_dir, outputs_dir, RootSift(NUM_KEYPOINTS), Resources(num_workers))
