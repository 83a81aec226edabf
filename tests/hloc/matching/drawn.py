"""Façades drawn for the tests of matching: unlike each other, and as another camera would see them."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hloc.matching.base import LoadedFeatures
from hloc.matching.rootsift import RootSift

Photo = NDArray[np.uint8]
WIDTH, HEIGHT = 320, 240
MATCHER = RootSift(600)


@cache
def draw_facade(seed: int, width: int = WIDTH, height: int = HEIGHT) -> Photo:
    """Draw a wall full of rectangles and discs of many sizes; read only."""
    random = np.random.default_rng(seed)
    photo = np.full((height, width, 3), random.integers(90, 180, 3), np.uint8)
    for _ in range(160):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        if random.random() < 0.6:
            right, bottom = x + int(random.integers(4, 30)), y + int(random.integers(4, 30))
            cv2.rectangle(photo, (x, y), (right, bottom), colour, -1)
        else:
            cv2.circle(photo, (x, y), int(random.integers(2, 12)), colour, -1)
    photo = np.asarray(cv2.GaussianBlur(photo, (0, 0), 0.7), np.uint8)
    photo.flags.writeable = False
    return photo


def similarity(scale: float, angle_deg: float, shift: tuple[float, float], centre: tuple[float, float]) -> NDArray:
    """Give the map (2, 3) that turns and scales about ``centre``, then shifts."""
    matrix = cv2.getRotationMatrix2D(centre, -angle_deg, scale).astype(np.float64)
    matrix[:, 2] += shift
    return matrix


def seen_by(photo: Photo, matrix: NDArray[np.float64]) -> Photo:
    """Give the photo as mapped by ``matrix`` (2, 3), in a frame of the same size."""
    size = (photo.shape[1], photo.shape[0])
    return np.asarray(cv2.warpAffine(photo, matrix, size, flags=cv2.INTER_AREA, borderValue=(120, 120, 120)), np.uint8)


def stamped(photo: Photo, seed: int = 99, share: float = 0.22) -> Photo:
    """Lay the same band of signs over the bottom of a photo."""
    result = photo.copy()
    height = int(share * photo.shape[0])
    result[-height:] = draw_facade(seed, photo.shape[1], height)
    return result


def load(photo: Photo) -> LoadedFeatures:
    """Give the features of a photo."""
    return MATCHER.load(MATCHER.describe(photo))
