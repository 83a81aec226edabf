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
    return _whitening(values.mean(axis=0), np.cov(values, rowvar=False), power)


def relearn_whitening(descriptors: NDArray[np.floating], former: Whitening) -> tuple[Whitening, float]:
    """Learn the whitening of descriptors that are like those of a former whitening, keeping what few do not show.

    Parameters
    ----------
    descriptors : ndarray of float, shape (N, D)
        N of any size.
    former : Whitening
        From :func:`learn_whitening` with its own power, for descriptors of the same kind.

    Returns
    -------
    Whitening
        Between the two.
    float
        Share of the former covariance in it, from 0 (photos enough) to 1 (too few to say anything).
    """
    values = descriptors.astype(np.float64)
    count, mean = len(values), values.mean(axis=0)
    centred = values - mean
    total = float(np.square(centred).sum())
    if total <= np.finfo(np.float64).eps * float(np.square(values).sum()):  # one photo, or always the same: no spread
        return former, 1.0
    biased = centred.T @ centred / count
    covariance = biased * count / (count - 1)
    # Only the shape of a covariance counts for whitening, so the former one is brought to the size of this one.
    target = _shape(former) * np.trace(covariance)
    # the summed variance of the entries of the covariance, from the spread of x xᵀ over the photos
    fourth = float((np.square(centred).sum(axis=1) ** 2).sum())
    scatter = count / (count - 1) ** 3 * (fourth - count * float(np.square(biased).sum()))
    share = _share(scatter, covariance - target)
    share_of_mean = _share(total / (count - 1) / count, mean - former.mean)
    blended_mean = share_of_mean * former.mean + (1 - share_of_mean) * mean
    return _whitening(blended_mean, share * target + (1 - share) * covariance, POWER), share


def _share(scatter: float, difference: NDArray[np.float64]) -> float:
    """Give the share of the target that makes the expected squared error least."""
    distance = float(np.square(difference).sum())
    return 1.0 if scatter >= distance else scatter / distance


def _shape(whitening: Whitening) -> NDArray[np.float64]:
    """Give the covariance, floored, that a whitening was learnt from, divided by its trace."""
    matrix = whitening.matrix.astype(np.float64)
    gains, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    variances = np.asarray(gains ** (-2 / POWER))
    return np.asarray(axes * (variances / variances.sum()) @ axes.T)


def _whitening(mean: NDArray[np.float64], covariance: NDArray[np.float64], power: float) -> Whitening:
    variances, axes = np.linalg.eigh(covariance)
    floored = np.maximum(variances, FLOOR * variances.max())
    scale = (floored / variances.max()) ** (-power / 2)
    # turned back, so that a power of 0 changes nothing but the mean
    matrix = axes * scale @ axes.T
    return Whitening(mean.astype(np.float32), matrix.astype(np.float32))
