"""DBSCAN (Ester, Kriegel, Sander and Xu 1996) in blocks of distances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from clustering.features.clusterers.base import AUTO, FeatureClusterer, Labels, Vectors
from clustering.features.density import density_clusters
from clustering.features.space import as_euclidean


@dataclass(frozen=True)
class DbscanClusterer(FeatureClusterer):
    """DBSCAN: ``eps`` is the radius, in ``metric``; ``min_samples`` counts the vector itself."""

    name: ClassVar[str] = "dbscan"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {"eps": (AUTO,), "min_samples": (2, 3, 5)}

    eps: float = 0.5
    min_samples: int = 5

    def fit(self, vectors: Vectors) -> Labels:
        """Group vectors (N, D); see :class:`clustering.features.clusterers.base.FeatureClusterer`."""
        return density_clusters(vectors, as_euclidean(self.eps, self.metric), self.min_samples)
