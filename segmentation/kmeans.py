"""``kmeans``: clusters of pixels by colour and place, centres fitted to a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.base import Photo, Segmenter
from segmentation.method_parameters import KMeansParameters

# when OpenCV stops: centres moved by less than 0.2, or after 100 rounds, as in segmentimg (icas 1.1)
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 100, 0.2)
_BLOCK = 1 << 17  # pixels that are assigned at once, which bounds memory

Points = NDArray[np.float32]


class KMeansSegmenter(Segmenter[KMeansParameters]):
    """k-means of (red, green, blue, row / c, column / c).

    segmentimg fits the centres to all pixels, ten times over, which takes half a minute for half a megapixel; here
    they are fitted to a sample and every pixel takes the nearest. ``benchmarks/segmentation.md`` compares the two.
    """

    name = "kmeans"

    def segment_copy(self, photo: Photo, sizes: Mapping[str, float]) -> NDArray[Any]:
        """Give clusters from 1; a pixel takes the centre that is nearest, of equal ones the first."""
        asked = self.parameters
        num_pixels = photo.shape[0] * photo.shape[1]
        if 0 < asked.sample_size < num_pixels:
            chosen = np.sort(np.random.default_rng(asked.seed).choice(num_pixels, asked.sample_size, replace=False))
        else:
            chosen = np.arange(num_pixels)
        importance = sizes["color_importance"]
        centres = fit_centres(points_of(photo, chosen, importance), asked.k, asked.attempts, asked.seed)
        labels = np.empty(num_pixels, np.int32)
        for start in range(0, num_pixels, _BLOCK):
            block = np.arange(start, min(start + _BLOCK, num_pixels))
            labels[block] = nearest(points_of(photo, block, importance), centres)
        return labels.reshape(photo.shape[:2]) + 1


def points_of(photo: Photo, chosen: NDArray[np.int64], color_importance: float) -> Points:
    """Give what clusters are made of, (N, 5), for pixels of a photo (H, W, 3) chosen by number, row by row."""
    rows, columns = np.divmod(chosen, photo.shape[1])
    points = np.empty((len(chosen), 5), np.float32)
    points[:, :3] = photo.reshape(-1, 3)[chosen]
    points[:, 3] = rows / color_importance
    points[:, 4] = columns / color_importance
    return points


def fit_centres(points: Points, k: int, attempts: int, seed: int) -> Points:
    """Give at most ``k`` centres (K, D) of points (N, D), the best of several random starts.

    OpenCV's random numbers are seeded, so equal points give equal centres.
    """
    if len(points) <= k:
        return points.copy()
    if k == 1:
        return points.mean(axis=0, keepdims=True)
    cv2.setRNGSeed(seed)
    _, _, centres = cv2.kmeans(points, k, None, _STOP, attempts, cv2.KMEANS_RANDOM_CENTERS)  # type: ignore[call-overload]
    return np.asarray(centres, np.float32)


def nearest(points: Points, centres: Points) -> NDArray[np.int64]:
    """Give the number (N,) of the centre that is nearest to each point (N, D)."""
    # squared distance without the part that is the same for all centres
    return np.asarray(np.argmin((centres**2).sum(axis=1) - 2 * points @ centres.T, axis=1))
