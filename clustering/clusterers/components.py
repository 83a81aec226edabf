"""The clusterer of similarities: whatever strong pairs connect is one cluster, as in clusterimg."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from clustering.clusterers.base import PairClusterer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clustering.constraints import Constraints
    from clustering.graph import ScoredPairs
    from clustering.grouping import Grouping


@dataclass(frozen=True)
class ComponentsSettings(PairClusterer):
    """Connected components of the strong pairs.

    Attributes
    ----------
    strong_edg_thresh : float
        Pairs at or above it connect.
    weak_edg_thresh : float
        Has no part in the clusters: pairs at or above it count as possible ones where a person reviews them. Not
        above ``strong_edg_thresh``.

    Raises
    ------
    UsageError
        When a value is out of its range.
    """

    name: ClassVar[str] = "components"
    looks_at_positions: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self.check_order()

    def cluster(
        self,
        pairs: ScoredPairs,
        positions: NDArray[np.float64] | None = None,
        constraints: Constraints | None = None,
    ) -> Grouping:
        """Group photos into components, numbered from 0 by their lowest photos.

        See :class:`clustering.clusterers.base.PairClusterer`. Of pairs that would chain photos which a person keeps
        apart, those of the lowest scores are left out.
        """
        from clustering.components import strong_components
        from clustering.constraints import constrain_pairs
        from clustering.graph import find_edges
        from clustering.grouping import group_photos
        from clustering.partition import Partition
        from clustering.reasons import find_reasons

        if positions is not None and positions.shape != (pairs.num_photos, 2):
            raise ValueError(f"positions must have the shape ({pairs.num_photos}, 2), got {positions.shape}")
        if constraints:
            pairs = constrain_pairs(pairs, self.strong_edg_thresh, constraints)
        edges = find_edges(pairs, self.strong_edg_thresh)
        partition = Partition(pairs.num_photos, *strong_components(edges), constraints)
        reasons = find_reasons(partition, edges, len(edges))
        return group_photos(partition, pairs.num_photos, reasons, is_sorted=True)

    @classmethod
    def why_apart(cls, is_strong: bool) -> str:
        """Name the reason: nothing but a decision keeps photos of a strong pair apart."""
        return "decision" if is_strong else "unsure"
