"""A drawn facade: a wall with equal windows, a door and a sky, of known places."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from storage.encoding import encode_picture

WIDTH, HEIGHT = 480, 360
WINDOW_WIDTH, WINDOW_HEIGHT = 40, 56
WINDOWS = [(x, y) for y in (90, 190) for x in (50, 140, 230, 380)]
DOOR = (310, 220, 50, 120)
SKY_HEIGHT = 60
OBJECT = (120, 200)  # centre of the disc in the picture of an object
RADIUS = 70


def draw_facade() -> NDArray[np.uint8]:
    """Draw the facade, RGB (360, 480, 3): flat areas, so that a segmentation finds exactly them."""
    picture = np.full((HEIGHT, WIDTH, 3), (196, 170, 140), np.uint8)
    picture[:SKY_HEIGHT] = (150, 190, 235)
    for x, y in WINDOWS:
        picture[y : y + WINDOW_HEIGHT, x : x + WINDOW_WIDTH] = (50, 60, 80)
        picture[y + 4 : y + WINDOW_HEIGHT // 2, x + 4 : x + WINDOW_WIDTH - 4] = (120, 140, 170)
    x, y, width, height = DOOR
    picture[y : y + height, x : x + width] = (90, 45, 30)
    return picture


def draw_object() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Draw a spotted disc on a spotted ground, RGB (360, 480, 3), and where the disc is."""
    random = np.random.default_rng(7)
    ground = random.integers(-18, 19, (HEIGHT, WIDTH, 3)) + np.array([70, 110, 60])
    disc = random.integers(-18, 19, (HEIGHT, WIDTH, 3)) + np.array([190, 90, 60])
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    is_object = (columns - OBJECT[0]) ** 2 + (rows - OBJECT[1]) ** 2 <= RADIUS**2
    picture = np.where(is_object[..., None], disc, ground)
    return cv2.GaussianBlur(picture.astype(np.uint8), (0, 0), 0.8), is_object


def write_photo(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture without loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_picture(picture, path.suffix[1:]))


def overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Give the intersection over the union."""
    return float((found & truth).sum() / (found | truth).sum())
