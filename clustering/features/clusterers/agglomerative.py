"""Agglomerative clustering: one tree of joins for a linkage, cut where the parameters say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from clustering.features.clusterers.base import AUTO, FeatureClusterer, Labels, Vectors
from clustering.features.linkage import cut_tree, linkage_tree


@dataclass(frozen=True)
class AgglomerativeClusterer(FeatureClusterer):
    """The tree of ``linkage``, cut into ``n_clusters``, or below ``distance_threshold`` where that is given."""

    name: ClassVar[str] = "agglomerative"
    grid: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "n_clusters": (AUTO,),
        "distance_threshold": (None,),
        "linkage": (None,),
    }

    n_clusters: int | None = 10
    distance_threshold: float | None = None
    linkage: str | None = None

    def fit(self, vectors: Vectors) -> Labels:
        """Group vectors (N, D); see :class:`clustering.features.clusterers.base.FeatureClusterer`."""
        return cut_tree(linkage_tree(vectors, self.linkage, self.metric), self.n_clusters, self.distance_threshold)

    @classmethod
    def fit_all(cls, clusterers: Sequence[FeatureClusterer], vectors: Vectors) -> list[Labels | ValueError]:
        """Cut the one tree that clusterers of one linkage and metric share."""
        first = clusterers[0]
        assert isinstance(first, cls)
        try:
            tree = linkage_tree(vectors, first.linkage, first.metric)
        except ValueError as error:
            return [error] * len(clusterers)
        return [
            cut_tree(tree, each.n_clusters, each.distance_threshold) for each in clusterers if isinstance(each, cls)
        ]

    def work_key(self) -> Any:
        """Give what the tree depends on."""
        return self.name, self.linkage, self.metric
