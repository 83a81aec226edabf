"""k-means (Lloyd 1982), begun by k-means++ (Arthur and Vassilvitskii 2007), of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from clustering.features.clusterers.base import AUTO, FeatureClusterer, Labels, Vectors, number_by_first


@dataclass(frozen=True)
class KMeansClusterer(FeatureClusterer):
    """k-means: ``n_clusters`` means, ``max_iter`` rounds at the most."""

    name: ClassVar[str] = "kmeans"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {"n_clusters": (AUTO,), "max_iter": (200,)}
    metrics: ClassVar[tuple[str, ...]] = ("euclidean", "cosine")

    n_clusters: int = 10
    max_iter: int = 200

    def fit(self, vectors: Vectors) -> Labels:
        """Group vectors (N, D); see :class:`clustering.features.clusterers.base.FeatureClusterer`."""
        from sklearn.cluster import KMeans

        model = KMeans(self.n_clusters, max_iter=self.max_iter, n_init="auto", random_state=self.seed)
        return number_by_first(model.fit_predict(vectors))
