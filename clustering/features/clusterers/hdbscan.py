"""HDBSCAN (Campello, Moulavi and Sander 2013), of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from clustering.features.clusterers.base import FeatureClusterer, Labels, Vectors, number_by_first


@dataclass(frozen=True)
class HdbscanClusterer(FeatureClusterer):
    """HDBSCAN; parameters are those of :class:`sklearn.cluster.HDBSCAN`, a size of None is no limit.

    It searches a tree of the vectors, so that memory is linear in their number. ``cosine`` and ``hamming`` order
    distances as the Euclidean distance of the prepared vectors does, so the hierarchy is the same; the stability that
    clusters are chosen by is that of the Euclidean one.
    """

    name: ClassVar[str] = "hdbscan"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "min_cluster_size": (2, 3, 5),
        "min_samples": (None,),
        "max_cluster_size": (None,),
        "cluster_selection_method": ("eom",),
    }

    min_cluster_size: int = 5
    min_samples: int | None = None
    max_cluster_size: int | None = None
    cluster_selection_method: str = "eom"

    def fit(self, vectors: Vectors) -> Labels:
        """Group vectors (N, D); see :class:`clustering.features.clusterers.base.FeatureClusterer`."""
        from sklearn.cluster import HDBSCAN

        model = HDBSCAN(
            min_cluster_size=self.min_cluster_size,
            min_samples=self.min_samples,
            max_cluster_size=self.max_cluster_size,
            cluster_selection_method=self.cluster_selection_method,
            algorithm="kd_tree",  # "brute" holds all distances
            copy=True,
        )
        return number_by_first(model.fit_predict(vectors))
