"""Upright RootSIFT, mutual nearest neighbours that are clearly nearer than the next: the matcher that needs no weights.

Sources: Lowe (IJCV 2004), section 7.1, for the ratio of distances; Arandjelović and Zisserman (CVPR 2012) for RootSIFT.
Figures: ``benchmarks/matching.md``.
"""

from __future__ import annotations

import threading
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hloc.local_features import Detection, root_sift
from hloc.matching.base import LoadedFeatures, Matcher, Matches
from storage.errors import UsageError
from storage.formats.local_features import THUMBNAIL_SIDE, StoredFeatures

MAX_SIDE = 640  # as good as 1024 pixels, in a quarter of the time
MAX_KEYPOINTS = 20_000

# Looser than Lowe's 0.8: at 0.9, 0.92 and 0.94, 66, 68 and 68 % of the true pairs are found at 99 % precision by what
# agrees; geometry sorts out the rest.
MAX_RATIO = 0.94

# RootSIFT in a byte: values are below 0.5 but for flat patches, which say nothing.
BYTE_STEPS = 512.0

# With 2,000 columns a product of 2 MB, and half a megabyte that is searched at once: within one core's second cache.
ROWS_PER_PRODUCT, ROWS_PER_SEARCH = 256, 64


def create(num_keypoints: int) -> RootSift:
    """Make the matcher; UsageError when ``num_keypoints`` is out of range."""
    return RootSift(num_keypoints)


class RootSift(Matcher):
    """Upright RootSIFT.

    Parameters
    ----------
    num_keypoints : int
        Most keypoints of a photo.

    Raises
    ------
    UsageError
        When it is not between 2 and 20,000.
    """

    name = "rootsift"
    max_side = MAX_SIDE
    is_upright = True

    def __init__(self, num_keypoints: int) -> None:
        if not 2 <= num_keypoints <= MAX_KEYPOINTS:
            raise UsageError(f"--num_keypoints {num_keypoints}: must be 2 to {MAX_KEYPOINTS}")
        self.num_keypoints = num_keypoints
        self.detection: Detection = Detection(self.max_side, num_keypoints, self.is_upright)

    def feature_settings(self) -> dict[str, Any]:
        """Give what was set and what is fixed."""
        return {"matcher": self.name, "max_side": self.max_side, "num_keypoints": self.num_keypoints}

    def match_settings(self) -> dict[str, Any]:
        """Give what is fixed."""
        return {"max_ratio": MAX_RATIO}

    def describe(self, photo: NDArray[np.uint8]) -> StoredFeatures:
        """Give RootSIFT of the strongest keypoints, spread over the photo."""
        found = self.detection.of(photo)
        grey = cv2.cvtColor(np.ascontiguousarray(photo), cv2.COLOR_RGB2GRAY)
        thumbnail = cv2.resize(grey, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), interpolation=cv2.INTER_AREA)
        descriptors = np.clip(np.rint(root_sift(found.descriptors) * BYTE_STEPS), 0, 255).astype(np.uint8)
        return StoredFeatures(found.keypoints, descriptors, found.size, found.size, np.asarray(thumbnail, np.uint8))

    def load(self, stored: StoredFeatures) -> LoadedFeatures:
        """Turn bytes into unit vectors (M, 128)."""
        vectors = stored.descriptors.astype(np.float32)
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        vectors /= np.maximum(lengths, 1)[:, None]
        return LoadedFeatures(stored, vectors)

    def match(self, first: LoadedFeatures, second: LoadedFeatures) -> Matches:
        """Give mutual nearest neighbours that pass the ratio test from ``first`` to ``second``."""
        return mutual_matches(first.vectors, second.vectors, MAX_RATIO)


def mutual_matches(first: NDArray[np.float32], second: NDArray[np.float32], max_ratio: float) -> Matches:
    """Find mutual nearest neighbours, the nearest nearer than the next one.

    Products are made block by block, and searched in smaller blocks, each of which is then still in the processor's
    cache from one pass to the next.

    Parameters
    ----------
    first, second : ndarray of float32, shapes (M, D), (N, D)
        Unit vectors.
    max_ratio : float
        Greatest ratio of the distances from a vector of ``first`` to its nearest and second nearest of ``second``.
    """
    if not len(first) or len(second) < 2:
        none = np.zeros(0, np.intp)
        return Matches(none, none, np.zeros(0, np.float32))
    nearest = np.empty(len(first), np.intp)
    best, following = np.empty((2, len(first)), np.float32)
    best_of_column = np.full(len(second), -np.inf, np.float32)
    room = _room(min(ROWS_PER_PRODUCT, len(first)), len(second))
    row_starts = np.arange(ROWS_PER_SEARCH) * len(second)
    for start in range(0, len(first), ROWS_PER_PRODUCT):
        part = first[start : start + ROWS_PER_PRODUCT]
        products = np.matmul(part, second.T, out=room[: len(part)])
        for offset in range(0, len(part), ROWS_PER_SEARCH):
            block = products[offset : offset + ROWS_PER_SEARCH]
            rows, flat = slice(start + offset, start + offset + len(block)), block.reshape(-1)
            places = block.argmax(axis=1, out=nearest[rows]) + row_starts[: len(block)]
            best[rows] = flat[places]
            np.maximum(best_of_column, block.max(axis=0), out=best_of_column)
            flat[places] = -np.inf
            block.max(axis=1, out=following[rows])
    ratios = distance_ratio(best, following)
    # A product is the same number in its row and in its column, so equality says that the neighbours are mutual.
    chosen = np.flatnonzero((best == best_of_column[nearest]) & (ratios < max_ratio))
    chosen = chosen[np.sort(np.unique(nearest[chosen], return_index=True)[1])]
    return Matches(chosen, nearest[chosen], ratios[chosen])


_KEPT = threading.local()


def _room(num_rows: int, num_columns: int) -> NDArray[np.float32]:
    """Give the memory that this thread's last call had, where it is enough: the system clears new memory first."""
    if getattr(_KEPT, "room", np.zeros(0)).size < num_rows * num_columns:
        _KEPT.room = np.empty(num_rows * num_columns, np.float32)
    kept: NDArray[np.float32] = _KEPT.room
    return kept[: num_rows * num_columns].reshape(num_rows, num_columns)


def distance_ratio(best: NDArray[np.float32], following: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the ratio of the distances of unit vectors from their products."""
    ratio: NDArray[np.float32] = np.sqrt(np.maximum(2 - 2 * best, 0) / np.maximum(2 - 2 * following, 1e-9))
    return ratio
