"""The structural similarity index of two photos in grey.

Source: Wang et al., "Image quality assessment: from error visibility to structural similarity" (IEEE TIP 2004), with
scikit-image's defaults: a uniform window of 7 x 7 pixels, sample covariance, a range of 255 grey levels.

What a window holds of one photo (sum, variance) is computed once, so that a pair costs one filtered product. Sums of
bytes over 49 pixels are whole numbers: up to where the four terms are put together nothing is rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hloc.similarities.base import NOT_COMPARABLE, Rows, Scores, Similarity, SimilarityOptions
from hloc.similarities.ordered import OrderedScorer, keeping
from hloc.similarities.resizing import Resizing

WINDOW = 7
NUM_PIXELS = WINDOW**2
LEVELS = 255
# Products of sums are NUM_PIXELS² times those of means; covariances NUM_PIXELS * (NUM_PIXELS - 1) times. Both
# constants are halved, as all four terms are.
MEANS_CONSTANT = (0.01 * LEVELS) ** 2 * NUM_PIXELS**2 / 2
VARIANCES_CONSTANT = (0.03 * LEVELS) ** 2 * NUM_PIXELS * (NUM_PIXELS - 1) / 2
BYTES_PER_PIXEL = 14  # of all arrays of Windows


class Ssim(Similarity):
    """Mean structural similarity, from -1 to 1.

    Photos of different sizes, and those with a side below 7 pixels, are not comparable.

    Raises
    ------
    UsageError
        When an option is out of its range, or not for this similarity.
    """

    lowest = -1.0

    def __init__(self, name: str, options: SimilarityOptions) -> None:
        options.only(name, "size", "scale")
        self.name = name
        self._resizing = Resizing.told_by(options, min_side=WINDOW)

    def settings(self) -> dict[str, Any]:
        """Give what is done to photos before."""
        return self._resizing.settings()

    def describe(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the photo in grey, (h, w); no elements where a side is shorter than the window."""
        grey = self._resizing.grey(photo)
        return grey if min(grey.shape) >= WINDOW else np.empty((0, 0), np.uint8)

    def scorer(self, features: Sequence[NDArray[Any]]) -> SsimScorer:
        """Compare the windows of pairs."""
        return SsimScorer(features)


@dataclass(frozen=True, eq=False)
class Windows:
    """What pairs need of one photo (h, w): its pixels, and of the window around each what it holds.

    Attributes
    ----------
    pixels : ndarray of uint16
        Grey levels.
    sums : ndarray of int32
        Sum of a window.
    half_squares : ndarray of float32
        Half of the sum's square.
    half_variances : ndarray of float32
        Half of 49 * 48 times the sample variance.
    """

    pixels: NDArray[np.uint16]
    sums: NDArray[np.int32]
    half_squares: NDArray[np.float32]
    half_variances: NDArray[np.float32]

    @classmethod
    def of(cls, grey: NDArray[np.uint8]) -> Windows:
        """Look at the windows of a photo (h, w) in grey."""
        pixels = grey.astype(np.uint16)
        sums = window_sums(pixels)
        squares = sums * sums
        variances = window_sums(pixels * pixels)
        variances *= NUM_PIXELS
        variances -= squares
        return cls(pixels, sums, _half(squares), _half(variances))


class SsimScorer(OrderedScorer):
    """Holds the photos in grey, and the windows of as many as :func:`keeping` allows (0.9 MB at 256 x 256 pixels)."""

    def __init__(self, features: Sequence[NDArray[Any]]) -> None:
        self._features = features
        largest = max((feature.size for feature in features), default=0)
        self._windows = keeping(lambda row: Windows.of(features[row]), largest * BYTES_PER_PIXEL)

    def score_ordered(self, low: Rows, high: Rows) -> Scores:
        """Score pairs of photos one by one."""
        scores = np.full(len(low), NOT_COMPARABLE)
        desk = _Desk((0, 0))
        for place, (first, second) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
            shape = self._features[first].shape
            if shape != self._features[second].shape or not self._features[first].size:
                continue
            if shape != desk.shape:
                desk = _Desk(shape)
            scores[place] = desk.mean_similarity(self._windows(first), self._windows(second))
        return scores


class _Desk:
    """Arrays to compute on: new ones for each pair would cost more than what is computed."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self._products = np.empty(shape, np.uint16)
        self._sums, self._covariances = (np.empty(shape, np.int32) for _ in range(2))
        self._over, self._under, self._term = (np.empty(shape, np.float32) for _ in range(3))

    def mean_similarity(self, first: Windows, second: Windows) -> float:
        """Give the mean of the structural similarity over the windows that lie within the photo."""
        np.multiply(first.pixels, second.pixels, out=self._products)
        np.multiply(first.sums, second.sums, out=self._sums)
        window_sums(self._products, self._covariances)
        self._covariances *= NUM_PIXELS
        self._covariances -= self._sums
        over, under, term = self._over, self._under, self._term
        # Two equal photos give the same numbers above and below the line, so that their similarity is 1 exactly.
        over[...] = self._covariances
        over += VARIANCES_CONSTANT
        term[...] = self._sums
        term += MEANS_CONSTANT
        over *= term
        np.add(first.half_variances, second.half_variances, out=under)
        under += VARIANCES_CONSTANT
        np.add(first.half_squares, second.half_squares, out=term)
        term += MEANS_CONSTANT
        under *= term
        over /= under
        border = WINDOW // 2
        inner = over[border : self.shape[0] - border, border : self.shape[1] - border]
        return float(cv2.mean(inner)[0])


def window_sums(numbers: NDArray[np.uint16], out: NDArray[np.int32] | None = None) -> NDArray[np.int32]:
    """Add up the 7 x 7 numbers around each of (h, w), exactly; those at the border are of no use."""
    size = (WINDOW, WINDOW)
    return np.asarray(cv2.boxFilter(numbers, cv2.CV_32S, size, dst=out, normalize=False), np.int32)


def _half(numbers: NDArray[np.int32]) -> NDArray[np.float32]:
    half = numbers.astype(np.float32)
    half *= 0.5
    return half


def create(name: str, options: SimilarityOptions) -> Ssim:
    """Make the similarity."""
    return Ssim(name, options)
