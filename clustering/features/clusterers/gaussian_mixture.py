"""A mixture of Gaussians with full covariances, by expectation maximisation, of scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from clustering.features.clusterers.base import AUTO, FeatureClusterer, Labels, Vectors, number_by_first
from clustering.parameters import parameter


@dataclass(frozen=True)
class GaussianMixtureClusterer(FeatureClusterer):
    """A mixture of ``n_clusters`` Gaussians; each vector belongs to the most likely one."""

    name: ClassVar[str] = "gaussian_mixture"
    metrics: ClassVar[tuple[str, ...]] = ("euclidean",)
    auto_share: ClassVar[int] = 10  # a covariance needs several

    n_clusters: int = parameter(
        10, int, "number of clusters; auto: several", values=(AUTO,), words=(AUTO,), least=1, is_count=True
    )
    max_iter: int = parameter(200, int, "rounds at the most")

    def fit(self, vectors: Vectors) -> Labels:
        """Group vectors (N, D); see :class:`clustering.features.clusterers.base.FeatureClusterer`."""
        from sklearn.mixture import GaussianMixture

        model = GaussianMixture(self.n_clusters, max_iter=self.max_iter, random_state=self.seed)
        return number_by_first(model.fit_predict(vectors))
