"""Five drawn shapes, drawn scenes, and every similarity with the options that matter."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hloc.similarities import create_similarity
from hloc.similarities.base import Scorer, Similarity, SimilarityOptions

UNSCALED = {"scale": (1.0, 1.0)}
SHAPES = ("square", "shifted square", "circle", "triangle", "blank")

# A name by which a test is known: the similarity and its options.
EVERY = {
    "ssim": ("ssim", {}),
    "ssim, sizes differ": ("ssim", {"scale": (0.5, 0.5)}),
    "minhash": ("minhash", {}),
    "minhash, axes": ("minhash", {"minhash_tokens": "axes"}),
    "phash": ("phash", {}),
    "phash, rows": ("phash", {"hash_size": 64, "hash_scale": "rows"}),
    "ahash": ("ahash", {}),
    "dhash, 81 bits": ("dhash", {"hash_size": 9}),
    "whash": ("whash", {"hash_size": 16}),
    "orb": ("orb", {}),
    "orb, ratio": ("orb", {"orb_score": "ratio"}),
    "tm": ("tm", {}),
    "tm, sizes differ": ("tm", {"scale": (0.5, 0.5)}),
}


def make(name: str, **options: Any) -> Similarity:
    return create_similarity(name, SimilarityOptions(**options))


def scorer_of(similarity: Similarity, photos: list[NDArray[np.uint8]]) -> Scorer:
    return similarity.scorer([similarity.describe(photo) for photo in photos])


def all_scores(similarity: Similarity, photos: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """The scores of each photo with each."""
    rows = np.arange(len(photos))
    return scorer_of(similarity, photos).block(rows, rows)


def score(similarity: Similarity, first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    return float(all_scores(similarity, [first, second])[0, 1])


def shape(kind: str) -> NDArray[np.uint8]:
    """A photo of 128 x 128 pixels, drawn in OpenCV's order of colours, given as RGB."""
    drawn = np.full((128, 128, 3), (220, 245, 245), np.uint8)
    if kind == "square":
        cv2.rectangle(drawn, (32, 32), (96, 96), (0, 0, 0), -1)
    elif kind == "shifted square":
        cv2.rectangle(drawn, (34, 32), (98, 96), (0, 0, 0), -1)
    elif kind == "circle":
        cv2.circle(drawn, (64, 64), 32, (0, 0, 255), -1)
    elif kind == "triangle":
        cv2.fillPoly(drawn, [np.array([(20, 110), (108, 110), (64, 20)])], (0, 128, 0))
    return np.ascontiguousarray(drawn[..., ::-1])


def shapes() -> list[NDArray[np.uint8]]:
    return [shape(kind) for kind in SHAPES]


def plain(level: int, height: int = 64, width: int = 64) -> NDArray[np.uint8]:
    return np.full((height, width, 3), level, np.uint8)


def grey_photo(rows: list[list[int]]) -> NDArray[np.uint8]:
    """An RGB photo of the given grey levels."""
    return np.repeat(np.array(rows, np.uint8)[..., None], 3, axis=2)


def noise(seed: int, height: int = 64, width: int = 64) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def scene(seed: int, height: int = 120, width: int = 160) -> NDArray[np.uint8]:
    """Rectangles and circles of many colours on a shaded ground: corners, edges, light and dark areas."""
    random = np.random.default_rng(seed)
    ramp = np.linspace(*random.integers(60, 200, 2), width)
    drawn = np.repeat(np.tile(ramp, (height, 1))[..., None], 3, axis=2).astype(np.uint8)
    for _ in range(12):
        corner, other = random.integers(0, (width, height)), random.integers(0, (width, height))
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        cv2.rectangle(drawn, tuple(map(int, corner)), tuple(map(int, other)), colour, int(random.choice([-1, 2])))
        cv2.circle(drawn, tuple(map(int, other)), int(random.integers(3, 25)), colour, -1)
    return drawn


def mixed_photos() -> list[NDArray[np.uint8]]:
    """Photos that are alike, unlike, plain, of other sizes and proportions, and tiny."""
    first = scene(0)
    brighter = np.clip(first.astype(np.int16) + 12, 0, 255).astype(np.uint8)
    others = [scene(1), scene(2, 160, 120), scene(3, 90, 90), noise(4), plain(0), plain(255), plain(0, 5, 3)]
    return [first, first.copy(), brighter, *others, shape("square"), shape("triangle"), noise(5, 1, 1)]
