"""What every clusterer of vectors offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

NOISE = -1
AUTO = "auto"

Vectors = NDArray[np.floating]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class FeatureClusterer(ABC):
    """A clusterer with its parameters; a subclass is a frozen dataclass whose fields are the parameters.

    Attributes
    ----------
    name : str
        What ``--algorithm`` calls it.
    grid : mapping of str to tuple
        Parameter to the values that are tried where none are given. ``"auto"`` stands for values that follow from the
        vectors (:mod:`clustering.features.grid`), None for the library's own default.
    metrics : tuple of str
        Metrics that it takes: see :mod:`clustering.features.space`.
    metric : str
        Metric of the distances among the parameters (``eps``, ``distance_threshold``); the vectors are prepared so
        that it is a function of their Euclidean distance.
    seed : int
        Of everything random.
    """

    name: ClassVar[str] = ""
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    metrics: ClassVar[tuple[str, ...]] = ("euclidean", "cosine", "hamming")

    metric: str = "euclidean"
    seed: int = 0

    @abstractmethod
    def fit(self, vectors: Vectors) -> Labels:
        """Group vectors.

        Parameters
        ----------
        vectors : ndarray, (N, D), floating
            Finite, prepared by :func:`clustering.features.space.prepare_vectors`.

        Returns
        -------
        ndarray of int64, (N,)
            Group of each vector, numbered from 0 without gaps in the order of their first vectors; -1 for noise.

        Raises
        ------
        ValueError
            When these parameters do not fit the vectors.
        """

    @classmethod
    def fit_all(cls, clusterers: Sequence[FeatureClusterer], vectors: Vectors) -> list[Labels | ValueError]:
        """Fit several of this class to the same vectors; one that cannot be fitted gives its error instead."""
        found: list[Labels | ValueError] = []
        for clusterer in clusterers:
            try:
                found.append(clusterer.fit(vectors))
            except ValueError as error:
                found.append(error)
        return found

    def work_key(self) -> Any:
        """Give what equals for clusterers that share work, so that one call of ``fit_all`` fits them."""
        return self

    def parameters(self) -> dict[str, Any]:
        """Give the parameters by name, without metric and seed."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name not in ("metric", "seed")}


def number_by_first(labels: NDArray[np.integer]) -> Labels:
    """Number groups from 0 without gaps in the order of their first members; negative labels become -1."""
    labels = np.asarray(labels, dtype=np.int64)
    is_noise = labels < 0
    found, first, inverse = np.unique(labels[~is_noise], return_index=True, return_inverse=True)
    rank = np.empty(len(found), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(found))
    numbered = np.full(len(labels), NOISE, dtype=np.int64)
    numbered[~is_noise] = rank[inverse]
    return numbered
