"""Upright RootSIFT, mutual nearest neighbours that are clearly nearer than the next: the matcher that needs no weights.

Sources: Lowe (IJCV 2004), section 7.1, for the ratio of distances; Arandjelović and Zisserman (CVPR 2012) for RootSIFT.
Figures: ``benchmarks/matching.md``.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hloc.local_features import Detection, root_sift
from hloc.matching.base import LoadedFeatures, Matcher, Matches
from hloc.matching.products import ByteVectors, Multiplier
from storage.errors import UsageError
from storage.formats.local_features import THUMBNAIL_SIDE, StoredFeatures

MAX_SIDE = 640  # as good as 1024 pixels, in a quarter of the time
MAX_KEYPOINTS = 20_000

# Looser than Lowe's 0.8: at 0.9, 0.92 and 0.94, 66, 68 and 68 % of the true pairs are found at 99 % precision by what
# agrees; geometry sorts out the rest.
MAX_RATIO = 0.94

# RootSIFT in a byte: values are below 0.5 but for flat patches, which say nothing.
BYTE_STEPS = 512.0

# With 2,000 columns a product of 1 MB: it is still near the processor when it is searched.
ROWS_PER_PRODUCT = 128
ROUNDING = 1e-6  # more than products differ that were scaled in another order

Rows = NDArray[np.intp]
Products = NDArray[np.float32]


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
        """Make bytes (M, 128) ready to be multiplied."""
        return LoadedFeatures(stored, ByteVectors.of(stored.descriptors))

    def match(self, first: LoadedFeatures, second: LoadedFeatures) -> Matches:
        """Give mutual nearest neighbours that pass the ratio test from ``first`` to ``second``."""
        return mutual_matches(first.vectors, second.vectors, MAX_RATIO)


def mutual_matches(first: ByteVectors, second: ByteVectors, max_ratio: float) -> Matches:
    """Find mutual nearest neighbours, the nearest nearer than the next one.

    Whether they are the nearest seen from the other side is asked only of those that pass the ratio test, one row in
    four: that costs less than to look through all products by columns as well.

    Parameters
    ----------
    first, second : ByteVectors
        M and N vectors, compared at length 1.
    max_ratio : float
        Greatest ratio of the distances from a vector of ``first`` to its nearest and second nearest of ``second``.
    """
    if not len(first) or len(second) < 2:
        none = np.zeros(0, np.intp)
        return Matches(none, none, np.zeros(0, np.float32))
    nearest, best, following = _two_nearest(first, second)
    closeness = best * first.scales
    ratios = distance_ratio(closeness, following * first.scales)
    rows = _best_of_columns(nearest, closeness, np.flatnonzero(ratios < max_ratio))
    back = _nearest_back(first, second.rows[nearest[rows]], closeness, closeness[rows])
    chosen = np.sort(back[(nearest[back] == nearest[rows]) & (ratios[back] < max_ratio)])
    return Matches(chosen, nearest[chosen], ratios[chosen])


def _two_nearest(first: ByteVectors, second: ByteVectors) -> tuple[Rows, Products, Products]:
    """Give for each of ``first`` the row of its nearest (M,), the product with it, and that with the next (M,)."""
    nearest = np.empty(len(first), np.intp)
    best, following = np.empty((2, len(first)), np.float32)
    row_starts, multiplier = np.arange(ROWS_PER_PRODUCT) * len(second), Multiplier(second)
    for start in range(0, len(first), ROWS_PER_PRODUCT):
        products = multiplier.products(first.rows[start : start + ROWS_PER_PRODUCT])
        rows, flat, starts = slice(start, start + len(products)), products.reshape(-1), row_starts[: len(products)]
        places = products.argmax(axis=1, out=nearest[rows]) + starts
        best[rows] = flat[places]
        flat[places] = -1  # less than any product of bytes
        following[rows] = flat[products.argmax(axis=1) + starts]
    return nearest, best, following


def _best_of_columns(nearest: Rows, closeness: Products, rows: Rows) -> Rows:
    """Give of those ``rows`` that have the same nearest only the closest; closest first."""
    order = rows[np.argsort(-closeness[rows], kind="stable")]
    return order[np.sort(np.unique(nearest[order], return_index=True)[1])]


def _nearest_back(first: ByteVectors, others: NDArray[np.uint8], closeness: Products, least: Products) -> Rows:
    """Give for each of ``others`` (R, D) the row of its nearest of ``first`` (R,); of equal ones the first.

    ``closeness`` (M,) is that of each of ``first`` to its own nearest: one that is less close to that than ``least``
    (R,), descending, is not what is looked for. So of the rows few need be multiplied.
    """
    nearest = np.empty(len(others), np.intp)
    for start in range(0, len(others), ROWS_PER_PRODUCT):
        part = slice(start, start + ROWS_PER_PRODUCT)
        rivals = np.flatnonzero(closeness >= least[part][-1] * (1 - ROUNDING))
        nearest[part] = rivals[Multiplier(first.only(rivals)).products(others[part]).argmax(axis=1)]
    return nearest


def distance_ratio(best: Products, following: Products) -> Products:
    """Give the ratio of the distances of unit vectors from their products."""
    ratio: Products = np.sqrt(np.maximum(2 - 2 * best, 0) / np.maximum(2 - 2 * following, 1e-9))
    return ratio
