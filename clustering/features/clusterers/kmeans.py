"""k-means (Lloyd 1982), begun by k-means++ (Arthur and Vassilvitskii 2007), of scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from clustering.features.clusterers.base import AUTO, FeatureClusterer, Labels, Vectors, number_by_first
from clustering.parameters import parameter


@dataclass(frozen=True)
class KMeansClusterer(FeatureClusterer):
    """k-means: ``n_clusters`` means, ``max_iter`` rounds at the most."""

    name: ClassVar[str] = "kmeans"
    metrics: ClassVar[tuple[str, ...]] = ("euclidean", "cosine")

    n_clusters: int = parameter(
        10, int, "number of clusters; auto: several", values=(AUTO,), words=(AUTO,), least=1, is_count=True
    )
    max_iter: int = parameter(200, int, "rounds at the most")

    def fit(self, vectors: Vectors) -> Labels:
        """Group vectors (N, D); see :class:`clustering.features.clusterers.base.FeatureClusterer`."""
        from sklearn.cluster import KMeans

        model = KMeans(self.n_clusters, max_iter=self.max_iter, n_init="auto", random_state=self.seed)
        return number_by_first(model.fit_predict(vectors))
