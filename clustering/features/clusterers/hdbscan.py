"""HDBSCAN (Campello, Moulavi and Sander 2013), of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from clustering.features.clusterers.base import FeatureClusterer, Labels, Vectors, number_by_first
from clustering.parameters import parameter

if TYPE_CHECKING:
    from clustering.features.density_validity import ReachabilityTree

SELECTION_METHODS = ("eom", "leaf")
SIZE_RULES = ("rule", "auto")  # by the number of photos, or the best of several

FEW_SAMPLES = 2  # with so many or fewer, the tree is that of the distances themselves
TIED = 1e-13  # squared edges that differ by a smaller share of the longest squared vector may come in another order


@dataclass(frozen=True)
class HdbscanClusterer(FeatureClusterer):
    """HDBSCAN; parameters are those of :class:`sklearn.cluster.HDBSCAN`, a size of None is no limit.

    It searches a tree of the vectors, so that memory is linear in their number. ``cosine`` and ``hamming`` order
    distances as the Euclidean distance of the prepared vectors does, so the hierarchy is the same; the stability that
    clusters are chosen by is that of the Euclidean one.
    """

    name: ClassVar[str] = "hdbscan"

    min_cluster_size: int = parameter(
        5,
        int,
        "fewest photos of a cluster; rule: by the number of photos; auto: the best of several",
        values=(2, 3, 5),
        words=SIZE_RULES,
        least=2,
        is_count=True,
    )
    min_samples: int | None = parameter(None, int, "photos near a core, itself counted", least=1, is_count=True)
    max_cluster_size: int | None = parameter(None, int, "most photos of a cluster", least=2, is_count=True)
    cluster_selection_method: str = parameter("eom", str, "most stable, or leaves", choices=SELECTION_METHODS)

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

    @classmethod
    def fit_all(cls, clusterers: Sequence[FeatureClusterer], vectors: Vectors) -> list[Labels | ValueError]:
        """Fit several minimum sizes to one tree, where that gives what scikit-learn gives for each by itself."""
        from clustering.features.density_hierarchy import dense_clusters, hierarchy_of
        from clustering.features.density_validity import reachability_tree

        chosen = [each for each in clusterers if isinstance(each, cls)]
        if len(chosen) < 2 or len(vectors) < FEW_SAMPLES:
            return super().fit_all(clusterers, vectors)
        tree = reachability_tree(vectors, chosen[0].num_samples)
        if _has_ties(tree, vectors):  # the order of equal joins is the library's own
            return super().fit_all(clusterers, vectors)
        hierarchy = hierarchy_of(tree)
        return [dense_clusters(hierarchy, each.min_cluster_size, each.cluster_selection_method) for each in chosen]

    @property
    def num_samples(self) -> int:
        """Vectors near a core, itself counted: as many as the minimum size where nothing is given."""
        return self.min_cluster_size if self.min_samples is None else self.min_samples

    def work_key(self) -> Any:
        """Give what the tree depends on; this clusterer itself where its tree has equal edges, or sizes a limit.

        With one or two samples an edge is the distance of its ends. With more, many edges are as long as one vector is
        lonely, and which of them joins first is the library's own choice.
        """
        if self.num_samples > FEW_SAMPLES or self.max_cluster_size is not None:
            return self
        return self.name, self.metric, FEW_SAMPLES


def _has_ties(tree: ReachabilityTree, vectors: Vectors) -> bool:
    import numpy as np

    longest = float(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64).max(initial=0))
    return bool((np.diff(tree.length**2) <= TIED * longest).any())
