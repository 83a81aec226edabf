"""What every clusterer of scored pairs offers.

``--help`` shows the parameters of all clusterers, so neither this module nor a clusterer's imports a library at its
top: NumPy, SciPy and what needs them are imported inside the functions that compute.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from storage.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clustering.constraints import Constraints
    from clustering.graph import ScoredPairs
    from clustering.grouping import Grouping


@dataclass(frozen=True)
class PairClusterer(ABC):
    """A clusterer with its settings; a subclass is a frozen dataclass whose fields are the flags that it obeys.

    Fields that ``stages.settings.pipeline.ClusterSettings`` has as well (thresholds, positions) are set by the flags of
    that name. Others are declared by :func:`clustering.parameters.parameter` and get flags of their own. A flag that is
    no field of the clusterer is refused.

    Attributes
    ----------
    name : str
        What ``--method`` calls it.
    looks_at_positions : bool
        False where positions have no part in the clusters, so that nobody has to find them.
    takes_probabilities : bool
        True where scores must be probabilities; then the thresholds have defaults of their own.
    strong_edg_thresh, weak_edg_thresh : float
        Scores of sure and of possible pairs. Without a default in the subclass they are those of the pairs' model.
    """

    name: ClassVar[str] = ""
    looks_at_positions: ClassVar[bool] = True
    takes_probabilities: ClassVar[bool] = False

    strong_edg_thresh: float
    weak_edg_thresh: float

    @abstractmethod
    def cluster(
        self,
        pairs: ScoredPairs,
        positions: NDArray[np.float64] | None = None,
        constraints: Constraints | None = None,
    ) -> Grouping:
        """Group photos.

        Parameters
        ----------
        pairs : ScoredPairs
            Scored pairs of N photos, photos numbered by sorted name.
        positions : ndarray of float64, shape (N, 2), optional
            Latitude and longitude in signed degrees, NaN for a photo without; None for no positions at all.
        constraints : Constraints, optional
            What a person decided; it holds in every result.
        """

    @classmethod
    def why_apart(cls, is_strong: bool) -> str:
        """Name the reason why photos of a best pair are apart: of a strong pair, or of one between the thresholds."""
        return "few_agree" if is_strong else "unsure"

    @classmethod
    def from_flags(cls, given: Mapping[str, Any], defaults: tuple[float, float]) -> Self:
        """Make the clusterer of the flags that were given.

        Parameters
        ----------
        given : mapping of str to object
            Field to value; None and fields that are not the clusterer's are left out.
        defaults : (float, float)
            Strong and weak threshold of the pairs, where the clusterer has none of its own.

        Raises
        ------
        UsageError
            When a value is out of its range.
        """
        own = {each.name: each.default for each in fields(cls) if each.default is not MISSING}
        pair = dict(zip(("strong_edg_thresh", "weak_edg_thresh"), defaults, strict=True)) | own
        told = {each.name: given[each.name] for each in fields(cls) if given.get(each.name) is not None}
        strong = told.get("strong_edg_thresh", pair["strong_edg_thresh"])
        thresholds = {"strong_edg_thresh": strong, "weak_edg_thresh": min(pair["weak_edg_thresh"], strong)}
        return cls(**(thresholds | told))

    def check_order(self) -> None:
        """Refuse a weak threshold above the strong one (UsageError)."""
        if not self.weak_edg_thresh <= self.strong_edg_thresh:
            raise UsageError(
                f"--weak_edg_thresh must not be above --strong_edg_thresh, got {self.weak_edg_thresh} and "
                f"{self.strong_edg_thresh}"
            )


def check_position_settings(gps_count_thresh: int, gps_distance_thresh: float) -> None:
    """Refuse settings of merging by position that are out of range, by the names of their flags.

    Raises
    ------
    UsageError
        When fewer than 1 position is asked for, or the distance is negative or no number.
    """
    if not gps_count_thresh >= 1:
        raise UsageError(f"--gps_count_thresh must be 1 or more, got {gps_count_thresh}")
    if not gps_distance_thresh >= 0:
        raise UsageError(f"--gps_distance_thresh must be 0 metres or more, got {gps_distance_thresh}")
