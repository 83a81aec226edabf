"""The clusterer of probabilities; :mod:`clustering.evidence` says how it groups and where its default comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from clustering.clusterers.base import PairClusterer, check_position_settings
from storage.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clustering.constraints import Constraints
    from clustering.graph import ScoredPairs
    from clustering.grouping import Grouping

STRONG_THRESH = 0.8
WEAK_THRESH = 0.3
AGREEMENT_THRESH = 0.5
GPS_CONFLICT_M = 1000.0


@dataclass(frozen=True)
class EvidenceSettings(PairClusterer):
    """Thresholds of the evidence clusterer, the same for all models.

    Attributes
    ----------
    strong_edg_thresh : float
        Probability from which a pair counts as evidence for a join.
    weak_edg_thresh : float
        Probability from which a join that is not made is listed for review; not above ``strong_edg_thresh``.
    agreement_thresh : float
        How well two clusters must agree, 0 to 1.
    gps_count_thresh, gps_distance_thresh : int, float
        As in :class:`clustering.clusterers.specified.SpecifiedSettings`.
    gps_conflict_thresh : float
        Metres from which positions contradict that two photos, or two clusters, show one building.

    Raises
    ------
    UsageError
        When a value is out of its range.
    """

    name: ClassVar[str] = "evidence"
    takes_probabilities: ClassVar[bool] = True

    strong_edg_thresh: float = STRONG_THRESH
    weak_edg_thresh: float = WEAK_THRESH
    agreement_thresh: float = AGREEMENT_THRESH
    gps_count_thresh: int = 4
    gps_distance_thresh: float = 30.0
    gps_conflict_thresh: float = GPS_CONFLICT_M

    def __post_init__(self) -> None:
        if not 0 < self.weak_edg_thresh <= self.strong_edg_thresh <= 1:
            raise UsageError(
                "--weak_edg_thresh and --strong_edg_thresh are probabilities, above 0, at most 1 and the weak one not "
                f"above the strong one, got {self.weak_edg_thresh} and {self.strong_edg_thresh}"
            )
        if not 0 <= self.agreement_thresh <= 1:
            raise UsageError(f"--agreement_thresh must be 0 to 1, got {self.agreement_thresh}")
        check_position_settings(self.gps_count_thresh, self.gps_distance_thresh)
        if not self.gps_conflict_thresh > self.gps_distance_thresh:
            raise UsageError(
                f"--gps_conflict_thresh must be above --gps_distance_thresh, got {self.gps_conflict_thresh} and "
                f"{self.gps_distance_thresh} metres"
            )

    def cluster(
        self,
        pairs: ScoredPairs,
        positions: NDArray[np.float64] | None = None,
        constraints: Constraints | None = None,
    ) -> Grouping:
        """Group photos; see :class:`clustering.clusterers.base.PairClusterer`."""
        from clustering.evidence import cluster_evidence

        return cluster_evidence(pairs, self, positions, constraints)
