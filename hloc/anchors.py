"""Selective matching, written as a vector: how a photo matches each photo of a sample, word by word.

VLAD adds up products of residuals, and thousands of small chance products drown the few that matter. Selective match
kernels square each word's product before the sum, which no short vector can do for photos in general. But for photos of
a sample of n, the n x n matrix of their kernel values is all there is to know, and its square root holds it exactly in
n numbers a photo. A photo outside the sample gets the projection onto the same axes: shorter, so it claims less.

Sources: Tolias, Avrithis and Jégou, "To aggregate or not to aggregate: selective match kernels for image search" (ICCV
2013), equations 7 to 12; Williams and Seeger, "Using the Nyström method to speed up kernel machines" (NIPS 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hloc.codebook import sum_residuals
from hloc.whitening import unit_rows

INT8_LARGEST = 127

# Every photo matches itself with 1, others with some hundredths: this share of the typical eigenvalue of the kernel
# matrix is what photos match nobody but themselves with, and is left out, so that the rest spans the scale up to 1.
# Among photos of the sample the order of scores is the same for any value.
PRIVATE_SHARE = 0.9
SMALLEST_EIGENVALUE = 1e-3  # of the largest: below it lies rounding (the same photo twice)

Residuals = tuple[NDArray[np.intp], NDArray[np.int8]]


def quantised_residuals(descriptors: NDArray[np.float32], words: NDArray[np.float32]) -> Residuals:
    """Give :func:`hloc.codebook.sum_residuals` with every sum scaled to int8: (k,) words and (k, d) sums."""
    shown, sums = sum_residuals(descriptors, words)
    largest = np.abs(sums).max(axis=1, keepdims=True) if sums.size else np.ones((len(sums), 1))
    return shown, np.rint(sums * (INT8_LARGEST / np.where(largest > 0, largest, 1))).astype(np.int8)


def square_positive(products: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weigh matches of a word: opposite ones count nothing, half-hearted ones little."""
    positive = np.maximum(products, 0)
    return positive * positive


@dataclass(frozen=True)
class Anchors:
    """The sample's residuals, sorted by word, and the axes that its kernel matrix spans.

    Attributes
    ----------
    starts : ndarray of int64, shape (K + 1,)
        Where the entries of each word begin.
    photos : ndarray of int32, shape (E,)
        Photo of each entry.
    residuals : ndarray of int8, shape (E, d)
        Residual of each entry; its length means nothing.
    projection : ndarray of float32, shape (n, r)
        From kernel values to coordinates.
    """

    starts: NDArray[np.int64]
    photos: NDArray[np.int32]
    residuals: NDArray[np.int8]
    projection: NDArray[np.float32]

    @cached_property
    def _num_words_shown(self) -> NDArray[np.float32]:
        return np.bincount(self.photos, minlength=len(self.projection)).astype(np.float32)

    @cached_property
    def _lengths(self) -> NDArray[np.float32]:
        squares = [np.square(block, dtype=np.int32).sum(axis=1) for block in np.array_split(self.residuals, 64)]
        return np.sqrt(np.maximum(np.concatenate(squares), 1)).astype(np.float32)

    def kernel(self, residuals: Residuals) -> NDArray[np.float32]:
        """Give the kernel values (n,) of a photo with every photo of the sample, from 0 to 1."""
        row = np.zeros(len(self.projection), np.float32)
        shown, vectors = residuals
        for word, vector in zip(shown, unit_rows(vectors.astype(np.float32)), strict=True):
            entries = slice(self.starts[word], self.starts[word + 1])
            products = self.residuals[entries].astype(np.float32) @ vector
            row[self.photos[entries]] += square_positive(products / self._lengths[entries])
        counts: NDArray[np.float32] = np.sqrt(self._num_words_shown * len(shown))
        return np.asarray(row / np.maximum(counts, 1), np.float32)

    def describe(self, residuals: Residuals) -> NDArray[np.float32]:
        """Give the coordinates (r,) of a photo: about unit length in the sample, shorter outside, 1 at most."""
        coordinates: NDArray[np.float32] = self.kernel(residuals) @ self.projection
        return coordinates / np.maximum(np.linalg.norm(coordinates), 1)


def learn_anchors(sample: Sequence[Residuals], num_words: int) -> Anchors:
    """Make anchors of the photos of a sample.

    Parameters
    ----------
    sample : sequence of Residuals
        One per photo, from :func:`quantised_residuals`; at least one photo.
    num_words : int
        K, the words of the codebook.
    """
    words = np.concatenate([shown for shown, _ in sample])
    photos = np.repeat(np.arange(len(sample), dtype=np.int32), [len(shown) for shown, _ in sample])
    order = np.argsort(words, kind="stable")
    starts = np.searchsorted(words[order], np.arange(num_words + 1)).astype(np.int64)
    residuals = np.concatenate([vectors for _, vectors in sample])[order]
    kernel = _kernel_matrix(starts, photos[order], residuals, len(sample))
    return Anchors(starts, photos[order], residuals, kernel_projection(kernel))


def _kernel_matrix(
    starts: NDArray[np.int64], photos: NDArray[np.int32], residuals: NDArray[np.int8], num_photos: int
) -> NDArray[np.float32]:
    kernel = np.zeros((num_photos, num_photos), np.float32)
    for start, end in zip(starts[:-1], starts[1:], strict=True):
        vectors = unit_rows(residuals[start:end].astype(np.float32))
        kernel[np.ix_(photos[start:end], photos[start:end])] += square_positive(vectors @ vectors.T)
    counts = np.sqrt(np.maximum(np.bincount(photos, minlength=num_photos), 1)).astype(np.float32)
    return kernel / np.outer(counts, counts)


def kernel_projection(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the matrix (n, r) that turns kernel values with n photos into coordinates.

    The scalar products of the coordinates of two sample photos are their kernel values, less the private share of
    each photo, on a scale where a typical photo has length 1.

    Parameters
    ----------
    kernel : ndarray of float32, shape (n, n)
        Symmetric, positive semi-definite, its diagonal 1 (0 for photos without keypoints).
    """
    values, vectors = np.linalg.eigh(kernel.astype(np.float64))
    floor = max(values[-1] * SMALLEST_EIGENVALUE, np.finfo(np.float32).tiny)
    real = values[values > floor]
    # The largest eigenvalue stays in any case: of n photos all alike it is the only one.
    private = PRIVATE_SHARE * float(np.median(real)) if len(real) else 0.0
    is_shared = values > max(private, floor)
    values, vectors = values[is_shared], vectors[:, is_shared]
    squared_lengths = np.square(vectors) @ (values - private)
    is_described = squared_lengths > 0
    typical = float(np.median(squared_lengths[is_described])) if is_described.any() else 1.0
    return (vectors * (np.sqrt((values - private) / typical) / values)).astype(np.float32)
