"""Whitening learnt without labels, the last step: directions in which all photos differ count less.

Jégou and Chum, "Negative evidences and co-occurrences in image retrieval" (2012): principal components of descriptors,
each divided by a power of its spread, then unit length again. A half of the full power and a floor keep the directions
that a few hundred photos show badly from being blown up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POWER = 0.5
FLOOR = 1e-3  # of the largest spread


@dataclass(frozen=True, eq=False)
class Whitening:
    """An affine map of descriptors: ``(x - mean) @ matrix``, then unit length.

    Attributes
    ----------
    mean : ndarray of float32, shape (D,)
        Subtracted first.
    matrix : ndarray of float32, shape (D, P)
        Then applied.
    """

    mean: NDArray[np.float32]
    matrix: NDArray[np.float32]

    def apply(self, descriptors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Turn descriptors (N, D) into unit vectors (N, P)."""
        whitened = (descriptors - self.mean) @ self.matrix
        lengths = np.linalg.norm(whitened, axis=1, keepdims=True)
        return np.asarray(whitened / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


def learn_whitening(descriptors: NDArray[np.floating], power: float = POWER) -> Whitening:
    """Learn the whitening of descriptors (N, D).

    Parameters
    ----------
    descriptors : ndarray of float, shape (N, D)
        Of photos that nobody labelled; N of a few hundred at least.
    power : float
        0 leaves all spreads as they are (only the mean is taken away), 1 makes them equal.
    """
    values = descriptors.astype(np.float64)
    mean = values.mean(axis=0)
    variances, axes = np.linalg.eigh(np.cov(values - mean, rowvar=False))
    floored = np.maximum(variances, FLOOR * variances.max())
    scale = (floored / variances.max()) ** (-power / 2)
    # turned back, so that a power of 0 changes nothing but the mean
    matrix = axes * scale @ axes.T
    return Whitening(mean.astype(np.float32), matrix.astype(np.float32))
