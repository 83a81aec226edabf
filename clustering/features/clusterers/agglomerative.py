"""Agglomerative clustering: one tree of joins for a linkage, cut where the parameters say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from clustering.features.clusterers.base import AUTO, FeatureClusterer, Labels, Vectors
from clustering.parameters import parameter

LINKAGES = ("single", "complete", "average", "centroid", "ward")


@dataclass(frozen=True)
class AgglomerativeClusterer(FeatureClusterer):
    """The tree of ``linkage``, cut into ``n_clusters``, or below ``distance_threshold`` where that is given."""

    name: ClassVar[str] = "agglomerative"

    n_clusters: int | None = parameter(
        10, int, "number of clusters; auto: several", values=(AUTO,), words=(AUTO,), least=1, is_count=True
    )
    distance_threshold: float | None = parameter(None, float, "join below, in place of --n_clusters")
    linkage: str | None = parameter(None, str, "default: ward, or average if not euclidean", choices=LINKAGES)

    def fit(self, vectors: Vectors) -> Labels:
        """Group vectors (N, D); see :class:`clustering.features.clusterers.base.FeatureClusterer`."""
        from clustering.features.linkage import cut_tree, linkage_tree

        return cut_tree(linkage_tree(vectors, self.linkage, self.metric), self.n_clusters, self.distance_threshold)

    @classmethod
    def fit_all(cls, clusterers: Sequence[FeatureClusterer], vectors: Vectors) -> list[Labels | ValueError]:
        """Cut the one tree that clusterers of one linkage and metric share."""
        from clustering.features.linkage import cut_tree, linkage_tree

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

    @classmethod
    def values(cls, given: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """Try no numbers of clusters where a distance alone is given."""
        found = super().values(given)
        return found | {"n_clusters": (None,)} if "distance_threshold" in given and "n_clusters" not in given else found

    @classmethod
    def settle(cls, parameters: dict[str, Any], vectors: Vectors, metric: str) -> list[dict[str, Any]]:
        """Name the linkage; take a number of clusters and a distance, which exclude each other, one at a time."""
        from clustering.features.linkage import default_linkage

        named = parameters | {"linkage": parameters["linkage"] or default_linkage(metric)}
        if named["distance_threshold"] is None or named["n_clusters"] is None:
            return [named]
        return [named | {"distance_threshold": None}, named | {"n_clusters": None}]
