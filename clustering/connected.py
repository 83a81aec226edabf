"""The clusterer of similarities: whatever strong pairs connect is one cluster, as in clusterimg."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustering.components import strong_components
from clustering.constraints import Constraints, constrain_pairs
from clustering.graph import ScoredPairs, find_edges
from clustering.grouping import Grouping, group_photos
from clustering.partition import Partition
from clustering.reasons import find_reasons
from storage.errors import UsageError


@dataclass(frozen=True)
class ComponentsSettings:
    """Thresholds of connected components.

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

    strong_edg_thresh: float
    weak_edg_thresh: float

    def __post_init__(self) -> None:
        if not self.weak_edg_thresh <= self.strong_edg_thresh:
            raise UsageError(
                f"--weak_edg_thresh must not be above --strong_edg_thresh, got {self.weak_edg_thresh} and "
                f"{self.strong_edg_thresh}"
            )


def cluster_components(
    pairs: ScoredPairs,
    settings: ComponentsSettings,
    positions: NDArray[np.float64] | None = None,
    constraints: Constraints | None = None,
) -> Grouping:
    """Group photos into the connected components of the strong pairs.

    Parameters
    ----------
    pairs : ScoredPairs
        Scored pairs of N photos.
    settings : ComponentsSettings
        Thresholds.
    positions : ndarray of float64, shape (N, 2), optional
        Taken as by the other clusterers; they have no part in it.
    constraints : Constraints, optional
        What a person decided. Of pairs that would chain photos which are apart, those of the lowest scores are left
        out.

    Returns
    -------
    Grouping
        Clusters numbered from 0 by their lowest photos.
    """
    if positions is not None and positions.shape != (pairs.num_photos, 2):
        raise ValueError(f"positions must have the shape ({pairs.num_photos}, 2), got {positions.shape}")
    if constraints:
        pairs = constrain_pairs(pairs, settings.strong_edg_thresh, constraints)
    edges = find_edges(pairs, settings.strong_edg_thresh)
    partition = Partition(pairs.num_photos, *strong_components(edges), constraints)
    reasons = find_reasons(partition, edges, len(edges))
    return group_photos(partition, pairs.num_photos, reasons, is_sorted=True)
