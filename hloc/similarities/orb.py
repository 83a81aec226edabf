"""The share of a photo's ORB features that another photo has as well.

Sources: Rublee et al., "ORB: an efficient alternative to SIFT or SURF" (ICCV 2011), by OpenCV. Matches are those of
OpenCV's brute-force matcher with cross-check: two features, each the nearest to the other, the first of equally near
ones. They are found by a product of matrices, in less time (``benchmarks/similarities.md``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hloc.similarities.base import NOT_COMPARABLE, Rows, Scores, Similarity, SimilarityOptions
from hloc.similarities.ordered import OrderedScorer, keeping
from hloc.similarities.resizing import Resizing

NUM_FEATURES = 500
NUM_BITS = 256
NUM_BYTES = NUM_BITS // 8
CLOSE_BITS = 64
NEAR_SHARE = 0.75

# Sums of this many times 256 bits are whole numbers that float32 holds exactly, with a feature's place below it.
PLACES = 4096

Distances = NDArray[np.int64]
Measure = Callable[[Distances, int], float]


def share_of_close(distances: Distances, fewer: int) -> float:
    """Divide the matches of at most 64 differing bits by the features of the photo that has fewer."""
    return float(np.count_nonzero(distances <= CLOSE_BITS)) / fewer


def share_below_largest(distances: Distances, fewer: int) -> float:
    """Give the share of matches below 3/4 of the largest distance, as clusterimg does; 1 where all are 0."""
    largest = distances.max()
    return 1.0 if largest == 0 else float(np.mean(distances < NEAR_SHARE * largest))


MEASURES: dict[str, Measure] = {"close": share_of_close, "ratio": share_below_largest}


class Orb(Similarity):
    """Matches of ORB features, from 0 to 1; a photo without features is comparable with nothing.

    Among equally near features the choice depends on which photo comes first; it is always that of the lower row.

    Raises
    ------
    UsageError
        When an option is out of its range, or not for this similarity.
    """

    def __init__(self, name: str, options: SimilarityOptions) -> None:
        options.only(name, "size", "scale", "orb_score")
        self.name = name
        self._score = options.choice("orb_score", tuple(MEASURES))
        self._resizing = Resizing.told_by(options)

    def settings(self) -> dict[str, Any]:
        """Give what is scored and what is done to photos before."""
        return {"orb_score": self._score, "features": NUM_FEATURES} | self._resizing.settings()

    def describe(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the features (F, 32), 256 bits each."""
        descriptors = cv2.ORB.create(nfeatures=NUM_FEATURES).detectAndCompute(self._resizing.grey(photo), None)[1]
        return np.empty((0, NUM_BYTES), np.uint8) if descriptors is None else descriptors.astype(np.uint8, copy=False)

    def scorer(self, features: Sequence[NDArray[Any]]) -> OrbScorer:
        """Match the features of pairs."""
        return OrbScorer(features, MEASURES[self._score])


class OrbScorer(OrderedScorer):
    """Holds the features as they are, and as numbers to multiply those of as many photos as :func:`keeping` allows."""

    def __init__(self, features: Sequence[NDArray[Any]], measure: Measure) -> None:
        self._measure = measure
        # Features that a photo has twice match once, so that they count once.
        self._num_distinct = [len(np.unique(feature, axis=0)) for feature in features]
        self._signs = keeping(lambda row: signs(features[row]), NUM_FEATURES * NUM_BITS * 4)

    def score_ordered(self, low: Rows, high: Rows) -> Scores:
        """Score pairs of photos one by one."""
        return np.array([self._score(int(first), int(second)) for first, second in zip(low, high, strict=True)])

    def _score(self, first: int, second: int) -> float:
        fewer = int(min(self._num_distinct[first], self._num_distinct[second]))
        if not fewer:
            return float(NOT_COMPARABLE)
        return self._measure(match_distances(self._signs(first), self._signs(second)), fewer)


def signs(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn the bits of features (F, 32) into numbers -1 and 1, (F, 256)."""
    return np.unpackbits(descriptors, axis=1).astype(np.float32) * 2 - 1


def match_distances(first: NDArray[np.float32], second: NDArray[np.float32]) -> Distances:
    """Give the distances of the matches of two photos, in bits.

    Parameters
    ----------
    first, second : ndarray of float32, shapes (A, 256) and (B, 256)
        What :func:`signs` gives; A and B are at least 1 and at most 4,096.

    Returns
    -------
    ndarray of int64, shape (M,)
        At least one: the nearest of all pairs is a match.
    """
    # One number holds the bits in which two features agree and, below, the place of the first photo's: the greatest
    # number of a column is the nearest feature, and of several equal ones the first. Rows need no such help.
    keys = (first * PLACES) @ second.T
    nearest_of_first = keys.argmax(axis=1)
    keys += np.arange(len(first), dtype=np.float32)[::-1, None]
    agreement, place = np.divmod(keys.max(axis=0).astype(np.int64), PLACES)
    is_mutual = nearest_of_first[len(first) - 1 - place] == np.arange(len(second))
    distances: Distances = (NUM_BITS - agreement[is_mutual]) // 2
    return distances


def create(name: str, options: SimilarityOptions) -> Orb:
    """Make the similarity."""
    return Orb(name, options)
