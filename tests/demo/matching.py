"""How many local features two photos share: an independent measure, with OpenCV alone."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

RATIO = 0.8
TOLERANCE = 4.0  # pixels

Features = tuple[NDArray[Any], NDArray[Any]]


def root_sift(photo: NDArray[np.uint8], num_features: int = 700) -> Features:
    """Positions (N, 2) and RootSIFT descriptors (N, 128); Arandjelovic & Zisserman 2012."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    sift = cv2.SIFT_create(num_features)  # type: ignore[attr-defined]  # missing in the stubs of OpenCV 5
    keypoints, descriptors = sift.detectAndCompute(grey, None)
    descriptors = np.sqrt(descriptors / np.abs(descriptors).sum(1, keepdims=True))
    return np.array([point.pt for point in keypoints], np.float32), descriptors


def count_inliers(first: Features, second: Features) -> int:
    """Mutual nearest neighbours that pass the ratio test and follow one homography (MAGSAC)."""
    similarity = first[1] @ second[1].T
    forward, is_clear = _nearest(similarity)
    backward, _ = _nearest(similarity.T)
    chosen = np.flatnonzero(is_clear & (backward[forward] == np.arange(len(forward))))
    if len(chosen) < 8:
        return 0
    _, mask = cv2.findHomography(first[0][chosen], second[0][forward[chosen]], cv2.USAC_MAGSAC, TOLERANCE)
    return 0 if mask is None else int(mask.sum())


def _nearest(similarity: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    order = np.argsort(-similarity, axis=1)[:, :2]
    best = np.take_along_axis(similarity, order, 1)
    return order[:, 0], (2 - 2 * best[:, 0]) < RATIO**2 * (2 - 2 * best[:, 1])
