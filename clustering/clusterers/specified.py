"""The clusterer of any scores: strong components, strict expansion, small clusters, positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from clustering.clusterers.base import PairClusterer, check_position_settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clustering.constraints import Constraints
    from clustering.graph import ScoredPairs
    from clustering.grouping import Grouping


@dataclass(frozen=True)
class SpecifiedSettings(PairClusterer):
    """Thresholds of the specified clusterer.

    Attributes
    ----------
    strong_edg_thresh : float
        Pairs at or above it start a cluster.
    weak_edg_thresh : float
        Pairs at or above it let clusters grow; not above ``strong_edg_thresh``.
    gps_count_thresh : int
        Positions that a cluster needs to be merged by position, at least 1.
    gps_distance_thresh : float
        Metres between medians up to which clusters are merged, at least 0.
    file_order : bool
        False: the result does not depend on the order of the pairs. True: clusters, photos and top neighbours are
        taken in the order of the pairs, as the earlier program did.

    Raises
    ------
    UsageError
        When a value is out of its range.
    """

    name: ClassVar[str] = "specified"

    gps_count_thresh: int = 4
    gps_distance_thresh: float = 30.0
    file_order: bool = False

    def __post_init__(self) -> None:
        self.check_order()
        check_position_settings(self.gps_count_thresh, self.gps_distance_thresh)

    def cluster(
        self,
        pairs: ScoredPairs,
        positions: NDArray[np.float64] | None = None,
        constraints: Constraints | None = None,
    ) -> Grouping:
        """Group photos; see :class:`clustering.clusterers.base.PairClusterer`."""
        from clustering.specified import cluster_specified

        return cluster_specified(pairs, self, positions, constraints)

    @classmethod
    def why_apart(cls, is_strong: bool) -> str:
        """Name the reason: clusters grow by weak pairs too, where enough photos agree."""
        return "few_agree"
