"""Whitening: learnt rotations and gains that give frequent directions less weight.

Sources: Jégou and Chum, "Negative evidences and co-occurences in image retrieval: the benefit of PCA and whitening"
(ECCV 2012); shrinkage after Ledoit and Wolf (2004). Figures: ``benchmarks/vlad.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# An eigenvalue below this share of the largest is taken as this: directions that no sample shows are not blown up.
SMALLEST_SHARE = 1e-4


def unit_rows(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale the last axis to unit length; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: NDArray[np.float32] = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return scaled


@dataclass(frozen=True)
class Whitening:
    """Principal directions, each weighted by a power of its variance.

    Attributes
    ----------
    mean : ndarray of float32, shape (D_in,)
    projection : ndarray of float32, shape (D_in, D_out)
    """

    mean: NDArray[np.float32]
    projection: NDArray[np.float32]

    def apply(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """Whiten vectors (M, D_in); gives (M, D_out), rows of unit length."""
        return unit_rows((vectors - self.mean) @ self.projection)


def learn_whitening(vectors: NDArray[np.float32], dimension: int, power: float) -> Whitening:
    """Learn a whitening from many vectors.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, D_in)
        May be few or none: what they do not show is left as it is.
    dimension : int
        Directions to keep, those of largest variance; at most D_in.
    power : float
        Each direction is divided by its variance to this power: 0 is PCA, 0.5 whitens fully.

    Returns
    -------
    Whitening
        Without a mean where there are fewer vectors than dimensions.
    """
    num_vectors, length = vectors.shape
    mean = vectors.mean(axis=0) if num_vectors > length else np.zeros(length, np.float32)
    centred = (vectors - mean).astype(np.float64)
    variances, directions = np.linalg.eigh(centred.T @ centred / max(num_vectors, 1))
    variances, directions = variances[::-1][:dimension], directions[:, ::-1][:, :dimension]
    floor = max(variances[0] * SMALLEST_SHARE, np.finfo(np.float32).tiny)
    gains = (np.maximum(variances, floor) / max(variances[0], floor)) ** -power
    return Whitening(mean.astype(np.float32), (directions * gains).astype(np.float32))


@dataclass(frozen=True)
class ShrunkenWhitening:
    """Whitening of long vectors that was learnt on few.

    Attributes
    ----------
    mean : ndarray of float32, shape (D,)
    directions : ndarray of float32, shape (D, r)
        Orthonormal: what the sample varies in.
    gains : ndarray of float32, shape (r,)
        Factors from 0 to 1 for these directions; all others keep their weight.
    """

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]
    gains: NDArray[np.float32]

    def apply(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """Whiten one vector (D,); gives unit length. A zero vector stays zero."""
        if not vector.any():
            return vector
        centred = vector - self.mean
        coordinates = centred @ self.directions
        return unit_rows(centred + self.directions @ (coordinates * (self.gains - 1)))


def learn_shrunken_whitening(vectors: NDArray[np.float32], shrinkage: float) -> ShrunkenWhitening:
    """Learn to weaken the directions in which a sample of n vectors varies most, and cut none off.

    A direction of variance v is scaled by (1 + v / (shrinkage * mean variance)) ** -0.5. What the sample does not
    show keeps its weight: it tells other photos apart. Cutting it off, as PCA does, costs 5 to 10 points of mAP.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, D)
        n may be far below D: only n x n products are formed.
    shrinkage : float
        Above 0; large values change little.
    """
    mean = vectors.mean(axis=0)
    centred = vectors - mean
    gram = centred.astype(np.float64) @ centred.astype(np.float64).T / len(vectors)
    variances, combinations = np.linalg.eigh(gram)
    is_real = variances > max(variances[-1] * SMALLEST_SHARE, np.finfo(np.float32).tiny)
    variances, combinations = variances[is_real], combinations[:, is_real]
    directions = centred.T @ (combinations / np.sqrt(variances * len(vectors)))
    gains = (1 + variances / (shrinkage * variances.mean())) ** -0.5 if len(variances) else variances
    return ShrunkenWhitening(mean, directions.astype(np.float32), gains.astype(np.float32))
