"""SIFT keypoints of a photo, spread over it, and RootSIFT.

Sources: Lowe, "Distinctive image features from scale-invariant keypoints" (IJCV 2004), computed by OpenCV; Arandjelović
and Zisserman, "Three things everyone should know to improve object retrieval" (CVPR 2012), section 3, for RootSIFT.
Figures: ``benchmarks/vlad.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# OpenCV's own 0.04 leaves too few keypoints on plain walls and in haze; the strongest are taken in any case.
CONTRAST_THRESHOLD = 0.005

# No cell of a 4 x 4 grid gets more than twice its even share of the keypoints, as long as others have some to give:
# one tree cannot take them all. A strictly even spread takes many weak keypoints and loses 2 points of mAP.
GRID = 4
MAX_CELL_SHARE = 2 / GRID**2

SIFT_LENGTH = 128


@dataclass(frozen=True)
class LocalFeatures:
    """The keypoints of one photo, strongest first.

    Attributes
    ----------
    keypoints : ndarray of float32, shape (M, 4)
        x, y in pixels from the centre of the top-left pixel; diameter in pixels; angle in degrees, clockwise (0 for
        upright features).
    descriptors : ndarray of uint8, shape (M, 128)
        SIFT as OpenCV gives it: unit length times 512, cut at 255. :func:`root_sift` turns it into RootSIFT.
    size : tuple of int
        Width and height of the photo that the keypoints lie in.
    """

    keypoints: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    size: tuple[int, int]


@dataclass(frozen=True)
class Detection:
    """Which local features of a photo are meant: equal detections of one photo give equal features.

    Attributes
    ----------
    max_side : int
        Longest side, in pixels, that the photo is decoded to.
    num_keypoints, upright
        As in :func:`extract_local_features`.
    """

    max_side: int
    num_keypoints: int
    upright: bool

    def of(self, photo: NDArray[np.uint8]) -> LocalFeatures:
        """Detect in an upright RGB photo (H, W, 3); asked again for the same array, give what was found before.

        A descriptor and a matcher that mean the same features of one decoded photo so share one detection. Only the
        last photo is remembered, which must not be written to in between.
        """
        global _last
        if _last is None or _last[0] is not photo or _last[1] != self:
            _last = photo, self, extract_local_features(photo, self.num_keypoints, self.upright)
        return _last[2]


_last: tuple[NDArray[np.uint8], Detection, LocalFeatures] | None = None


def extract_local_features(photo: NDArray[np.uint8], num_keypoints: int, upright: bool) -> LocalFeatures:
    """Find the strongest keypoints of a photo, spread over it, and describe them.

    Parameters
    ----------
    photo : ndarray of uint8, shape (H, W, 3)
        RGB.
    num_keypoints : int
        Most keypoints to keep.
    upright : bool
        Describe every keypoint with "up" as its direction, which tells a lintel from a jamb; photos of buildings are
        hardly ever tilted much. False turns each to its dominant gradient, so that tilted photos match as well.

    Returns
    -------
    LocalFeatures
        Possibly without any keypoint (a photo of one colour).
    """
    grey = cv2.cvtColor(np.ascontiguousarray(photo), cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    # Precise upscaling puts keypoints where they are; without it OpenCV's lie a quarter of a pixel off.
    sift = cv2.SIFT.create(contrastThreshold=CONTRAST_THRESHOLD)
    found = sift.detect(grey)
    table = np.array(
        [(*point.pt, point.size, 0.0 if upright else point.angle, point.response) for point in found], np.float64
    ).reshape(-1, 5)
    # The order is that of strength, then of place, not that in which OpenCV's threads were done. One place with two
    # dominant gradients is two keypoints, but one upright keypoint.
    order = np.lexsort((*table[:, :4].T, -table[:, 4]))
    is_new = np.diff(table[order], axis=0, prepend=np.nan).any(axis=1)
    order = order[is_new]
    chosen = order[spread_over_grid(table[order, :2], (width, height), num_keypoints)]
    points = [found[index] for index in chosen]
    for point, angle in zip(points, table[chosen, 3], strict=True):
        point.angle = float(angle)
    if not points:
        return LocalFeatures(np.zeros((0, 4), np.float32), np.zeros((0, SIFT_LENGTH), np.uint8), (width, height))
    kept, descriptors = sift.compute(grey, points)
    keypoints = np.array([(*point.pt, point.size, point.angle) for point in kept], np.float32)
    return LocalFeatures(keypoints, descriptors.astype(np.uint8), (width, height))


def spread_over_grid(places: NDArray[np.floating], size: tuple[int, int], count: int) -> NDArray[np.intp]:
    """Choose keypoints, strongest first, with no cell of a 4 x 4 grid beyond twice its share while others can give.

    Parameters
    ----------
    places : ndarray, shape (M, 2)
        x, y of the keypoints, strongest first.
    size : tuple of int
        Width and height of the photo.
    count : int
        Keypoints to choose.

    Returns
    -------
    ndarray of int, shape (min(M, count),)
        Indices of the chosen, ascending.
    """
    if len(places) <= count:
        return np.arange(len(places))
    columns, rows = np.clip((places * GRID / np.array(size)).astype(int), 0, GRID - 1).T
    cells = rows * GRID + columns
    by_cell = np.argsort(cells, kind="stable")
    starts = np.searchsorted(cells[by_cell], np.arange(GRID**2))
    rank_in_cell = np.empty(len(places), dtype=np.intp)
    rank_in_cell[by_cell] = np.arange(len(places)) - starts[cells[by_cell]]
    is_within = rank_in_cell < MAX_CELL_SHARE * count
    preferred = np.concatenate([np.flatnonzero(is_within), np.flatnonzero(~is_within)])
    return np.sort(preferred[:count])


def root_sift(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn SIFT (M, 128) into RootSIFT: the square root of each share of the sum; unit length, float32."""
    values = descriptors.astype(np.float32)
    shares: NDArray[np.float32] = np.sqrt(values / np.maximum(values.sum(axis=1, keepdims=True), 1))
    return shares
