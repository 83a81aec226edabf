"""The space that vectors are clustered in: length, principal components, metric.

Every metric here is a function of the Euclidean distance of prepared vectors: of unit vectors, ``cosine`` is half its
square; of bits written as -1 and 1 over the root of their number, ``hamming`` (the share of bits that differ) is a
quarter of it. So one implementation, of the Euclidean distance, serves all three.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustering.projection import principal_components
from storage.errors import UsageError

METRICS = ("euclidean", "cosine", "hamming")
NORMALIZATIONS = ("l2", "none")
NUM_COMPONENTS = 50
_SQUARE_PER_UNIT = {"cosine": 2.0, "hamming": 4.0}  # squared Euclidean distance of a distance of 1
FLOAT32_FROM = 2**24  # numbers from which single precision saves memory that matters

Vectors = NDArray[np.floating]


@dataclass(frozen=True)
class FeatureSpace:
    """How vectors are prepared.

    Attributes
    ----------
    metric : str
        One of ``METRICS``. ``euclidean``: the vectors as they are left by the next two. ``cosine``: brought to unit
        length at the end. ``hamming``: vectors of two values, 0 and another one, taken as bits.
    normalize : str
        ``l2`` brings each vector to unit length first; ``none`` does not. Of no effect for ``hamming``.
    num_components : int or None
        Principal components that are kept; 0 for none, None for 50, and for none with ``hamming``.
    seed : int
        Of the decomposition of large matrices.
    """

    metric: str = "euclidean"
    normalize: str = "l2"
    num_components: int | None = None
    seed: int = 0


def check_space(space: FeatureSpace) -> None:
    """Refuse settings that do not go together (UsageError)."""
    if space.metric not in METRICS:
        raise UsageError(f"--metric {space.metric!r}: must be one of {', '.join(METRICS)}")
    if space.normalize not in NORMALIZATIONS:
        raise UsageError(f"--normalize {space.normalize!r}: must be one of {', '.join(NORMALIZATIONS)}")
    if space.num_components is not None and space.num_components < 0:
        raise UsageError(f"--pca is {space.num_components}, but must be 0 (none) or more")
    if space.metric == "hamming" and space.num_components:
        raise UsageError(
            f"--pca {space.num_components} makes bits to other numbers: give --pca 0 with --metric hamming"
        )


def normalize_vectors(vectors: Vectors, space: FeatureSpace) -> Vectors:
    """Give vectors before any reduction, what statistics are taken of: (N, D).

    Raises
    ------
    UsageError
        When the metric is ``hamming`` and the vectors hold other numbers than 0 and one more.
    """
    vectors = np.asarray(vectors, dtype=_precision(np.size(vectors)))
    if space.metric == "hamming":
        return _signs(vectors)
    return _unit(vectors) if space.normalize == "l2" or space.metric == "cosine" else vectors


def prepare_vectors(vectors: Vectors, space: FeatureSpace) -> Vectors:
    """Prepare vectors for clustering.

    Parameters
    ----------
    vectors : ndarray, (N, D), floating
        Finite.

    Returns
    -------
    ndarray, (N, K), floating
        In which the metric is a function of the Euclidean distance, see :func:`as_euclidean`. Of a metric of
        ``cosine`` with principal components it is the cosine of what is left of the vectors about their mean.
    """
    check_space(space)
    return reduce_vectors(normalize_vectors(vectors, space), space)


def reduce_vectors(vectors: Vectors, space: FeatureSpace) -> Vectors:
    """Keep the principal components of vectors that :func:`normalize_vectors` gave: (N, K)."""
    wanted = NUM_COMPONENTS if space.num_components is None else space.num_components
    if space.metric == "hamming" or wanted == 0 or wanted >= min(vectors.shape):
        return vectors
    reduced = np.asarray(principal_components(vectors, wanted, space.seed))
    reduced = reduced.astype(_precision(reduced.size), copy=False)
    return _unit(reduced) if space.metric == "cosine" else reduced


def as_euclidean(distance: float, metric: str) -> float:
    """Give the Euclidean distance of prepared vectors that stands for a distance in ``metric``."""
    return distance if metric == "euclidean" else math.sqrt(max(distance, 0.0) * _SQUARE_PER_UNIT[metric])


def from_euclidean(distances: NDArray[np.floating], metric: str) -> NDArray[np.floating]:
    """Give distances in ``metric`` of Euclidean distances of prepared vectors."""
    return distances if metric == "euclidean" else distances**2 / _SQUARE_PER_UNIT[metric]


def _precision(num_numbers: int) -> type[np.floating]:
    return np.float32 if num_numbers >= FLOAT32_FROM else np.float64


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1))


def _signs(vectors: Vectors) -> Vectors:
    values = np.unique(vectors[vectors != 0])
    if len(values) > 1:
        raise UsageError(
            f"--metric hamming takes vectors of bits, but these hold {values[0]:g} and {values[1]:g} beside 0; give "
            "--metric cosine or euclidean"
        )
    return np.asarray(np.where(vectors != 0, 1, -1) / math.sqrt(vectors.shape[1]), vectors.dtype)
