"""What every clusterer of vectors offers.

``--help`` shows the parameters of all clusterers, so neither this module nor a clusterer's imports a library at its
top: NumPy, SciPy and scikit-learn are imported inside the functions that compute.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from clustering.parameters import parameters_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NOISE = -1
AUTO = "auto"

Vectors: TypeAlias = "NDArray[np.floating]"
Labels: TypeAlias = "NDArray[np.int64]"


@dataclass(frozen=True)
class FeatureClusterer(ABC):
    """A clusterer with its parameters; a subclass is a frozen dataclass whose fields are the parameters.

    Each field is declared by :func:`clustering.parameters.parameter`, whose ``values`` are tried where none are given.
    ``"auto"`` among those of a count stands for numbers that follow from the vectors
    (:func:`clustering.features.grid.auto_counts`).

    Attributes
    ----------
    name : str
        What ``--algorithm`` calls it.
    metrics : tuple of str
        Metrics that it takes: see :mod:`clustering.features.space`.
    auto_share : int
        Fewest vectors of a cluster on average, of numbers of clusters that follow from the vectors.
    metric : str
        Metric of the distances among the parameters (``eps``, ``distance_threshold``); the vectors are prepared so
        that it is a function of their Euclidean distance.
    seed : int
        Of everything random.
    """

    name: ClassVar[str] = ""
    metrics: ClassVar[tuple[str, ...]] = ("euclidean", "cosine", "hamming")
    auto_share: ClassVar[int] = 2

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
        return {name: getattr(self, name) for name in parameters_of(type(self))}

    @classmethod
    def values(cls, given: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """Give the values of each parameter that are tried where ``given`` are told, by name."""
        return {name: given.get(name) or declared.values for name, declared in parameters_of(cls).items()}

    @classmethod
    def settle(cls, parameters: dict[str, Any], vectors: Vectors, metric: str) -> list[dict[str, Any]]:
        """Give the combinations that one combination of values stands for, words replaced by what they mean here."""
        return [parameters]


def number_by_first(labels: NDArray[np.integer]) -> Labels:
    """Number groups from 0 without gaps in the order of their first members; negative labels become -1."""
    import numpy as np

    labels = np.asarray(labels, dtype=np.int64)
    is_noise = labels < 0
    found, first, inverse = np.unique(labels[~is_noise], return_index=True, return_inverse=True)
    rank = np.empty(len(found), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(found))
    numbered = np.full(len(labels), NOISE, dtype=np.int64)
    numbered[~is_noise] = rank[inverse]
    return numbered
