"""Template matching of whole photos: the normalised sum of squared differences, turned into a similarity.

For photos of one size OpenCV's ``TM_SQDIFF_NORMED`` has one position and a closed form,
``(|a|² + |b|² - 2<a, b>) / (|a||b|)``, so that a block of pairs is one product of matrices. All of it are whole numbers
that are summed without rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hloc.similarities.base import NOT_COMPARABLE, SCORE_DECIMALS, Rows, Scorer, Scores, Similarity, SimilarityOptions
from hloc.similarities.resizing import Resizing

# Products of centred bytes are at most 2^14, and float32 holds whole numbers up to 2^24 exactly.
CENTRE = 128
COLUMNS_AT_ONCE = 1 << 10


class TemplateMatching(Similarity):
    """One less the least normalised squared difference, from 0 to 1; two black photos are equal.

    Of photos of different sizes (``--scale``) the smaller is searched in the larger; where neither fits into the
    other they are not comparable.

    Raises
    ------
    UsageError
        When an option is out of its range, or not for this similarity.
    """

    scores_blocks = True

    def __init__(self, name: str, options: SimilarityOptions) -> None:
        options.only(name, "size", "scale")
        self.name = name
        self._resizing = Resizing.told_by(options)

    def settings(self) -> dict[str, Any]:
        """Give what is done to photos before."""
        return self._resizing.settings()

    def describe(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the photo in colour, (h, w, 3)."""
        return np.ascontiguousarray(self._resizing.of(photo))

    def scorer(self, features: Sequence[NDArray[Any]]) -> TemplateScorer:
        """Compare pixels."""
        return TemplateScorer(features)


class TemplateScorer(Scorer):
    """Holds the photos, and the sum and the sum of squares of each."""

    def __init__(self, features: Sequence[NDArray[Any]]) -> None:
        self._features = features
        self._is_one_shape = len({feature.shape for feature in features}) == 1
        self._squares = np.array([squared_length(feature) for feature in features])
        self._sums = np.array([feature.sum(dtype=np.float64) for feature in features])

    def block(self, first: Rows, second: Rows) -> Scores:
        """Give the scores (A, B) of each of A photos with each of B."""
        if not self._is_one_shape:
            scores = self.pairs(np.repeat(first, len(second)), np.tile(second, len(first)))
            return scores.reshape(len(first), len(second))
        products = centred_products([self._features[row] for row in first], [self._features[row] for row in second])
        products += CENTRE * (self._sums[first][:, None] + self._sums[second][None, :])
        products -= CENTRE**2 * self._features[0].size
        squares = self._squares[first][:, None], self._squares[second][None, :]
        return similarity(squares[0] + squares[1] - 2 * products, *squares)

    def pairs(self, first: Rows, second: Rows) -> Scores:
        """Give the scores (P,) of P pairs."""
        features = self._features
        rows = list(zip(first.tolist(), second.tolist(), strict=True))
        is_alike = np.array([features[row].shape == features[other].shape for row, other in rows], bool)
        scores = np.empty(len(rows))
        differences = [squared_length(*(features[row] for row in rows[place])) for place in np.flatnonzero(is_alike)]
        squares = self._squares[first[is_alike]], self._squares[second[is_alike]]
        scores[is_alike] = similarity(np.array(differences, np.float64), *squares)
        for place in np.flatnonzero(~is_alike):
            scores[place] = searched_similarity(*(features[row] for row in rows[place]))
        return scores


def squared_length(photo: NDArray[np.uint8], other: NDArray[np.uint8] | None = None) -> float:
    """Give the sum of the squares of a photo's numbers, or of its differences to another: a whole number."""
    squared = cv2.norm(photo, normType=cv2.NORM_L2SQR) if other is None else cv2.norm(photo, other, cv2.NORM_L2SQR)
    return float(np.rint(squared))  # OpenCV may give the square of a root


def centred_products(first: Sequence[NDArray[np.uint8]], second: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Give the products <a - 128, b - 128> (A, B) of photos of one size, exactly, in any order of summation."""
    rows, others = ([photo.reshape(-1) for photo in photos] for photos in (first, second))
    products = np.zeros((len(rows), len(others)))
    for start in range(0, rows[0].size if products.size else 0, COLUMNS_AT_ONCE):
        part = slice(start, start + COLUMNS_AT_ONCE)
        left, right = (np.stack([row[part] for row in photos]) for photos in (rows, others))
        products += _centred(left) @ _centred(right).T
    return products


def _centred(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.subtract(pixels, np.float32(CENTRE), dtype=np.float32)


def similarity(
    differences: NDArray[np.float64], first_squares: NDArray[np.float64], second_squares: NDArray[np.float64]
) -> Scores:
    """Give the similarity for squared differences and the squared lengths of both photos, which are broadcast."""
    lengths = np.sqrt(first_squares) * np.sqrt(second_squares)
    ratios = np.where(differences == 0, 0.0, 1.0)  # where a photo is black: equal when the other one is
    np.divide(differences, lengths, out=ratios, where=lengths > 0)
    return np.round(1 - np.minimum(ratios, 1), SCORE_DECIMALS)


def searched_similarity(photo: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Give the similarity of the smaller photo to the place in the larger that it is most similar to."""
    small, large = sorted((photo, other), key=lambda picture: picture.shape)
    if small.shape[1] > large.shape[1]:
        return float(NOT_COMPARABLE)
    if not small.any():
        return float(cv2.matchTemplate(large, small, cv2.TM_SQDIFF).min() == 0)
    ratio = float(cv2.matchTemplate(large, small, cv2.TM_SQDIFF_NORMED).min())
    return round(1 - min(max(ratio, 0.0), 1.0), SCORE_DECIMALS)


def create(name: str, options: SimilarityOptions) -> TemplateMatching:
    """Make the similarity."""
    return TemplateMatching(name, options)
