"""A mixture of Gaussians with full covariances, by expectation maximisation, of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from clustering.features.clusterers.base import AUTO, FeatureClusterer, Labels, Vectors, number_by_first


@dataclass(frozen=True)
class GaussianMixtureClusterer(FeatureClusterer):
    """A mixture of ``n_clusters`` Gaussians; each vector belongs to the most likely one."""

    name: ClassVar[str] = "gaussian_mixture"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {"n_clusters": (AUTO,), "max_iter": (200,)}
    metrics: ClassVar[tuple[str, ...]] = ("euclidean",)

    n_clusters: int = 10
    max_iter: int = 200

    def fit(self, vectors: Vectors) -> Labels:
        """Group vectors (N, D); see :class:`clustering.features.clusterers.base.FeatureClusterer`."""
        from sklearn.mixture import GaussianMixture

        model = GaussianMixture(self.n_clusters, max_iter=self.max_iter, random_state=self.seed)
        return number_by_first(model.fit_predict(vectors))
