"""DBSCAN (Ester, Kriegel, Sander and Xu 1996) in blocks of distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from clustering.features.clusterers.base import AUTO, FeatureClusterer, Labels, Vectors
from clustering.parameters import parameter


@dataclass(frozen=True)
class DbscanClusterer(FeatureClusterer):
    """DBSCAN: ``eps`` is the radius, in ``metric``; ``min_samples`` counts the vector itself."""

    name: ClassVar[str] = "dbscan"

    eps: float = parameter(0.5, float, "radius, or auto for the knee of distances", values=(AUTO,), words=(AUTO,))
    min_samples: int = parameter(5, int, "photos near a core, itself counted", values=(2, 3, 5), least=1, is_count=True)

    def fit(self, vectors: Vectors) -> Labels:
        """Group vectors (N, D); see :class:`clustering.features.clusterers.base.FeatureClusterer`."""
        from clustering.features.density import density_clusters
        from clustering.features.space import as_euclidean

        return density_clusters(vectors, as_euclidean(self.eps, self.metric), self.min_samples)

    @classmethod
    def settle(cls, parameters: dict[str, Any], vectors: Vectors, metric: str) -> list[dict[str, Any]]:
        """Take the radius at the knee of the distances for ``auto``."""
        if parameters["eps"] != AUTO:
            return [parameters]
        from clustering.features.grid import auto_radius

        return [parameters | {"eps": auto_radius(vectors, parameters["min_samples"], metric)}]
