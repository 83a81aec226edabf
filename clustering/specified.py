"""The clusterer ``specified`` (docs/clustering.md): strong components, strict expansion, small clusters, positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustering.components import initial_partition, strong_components, strong_components_in_file_order
from clustering.constraints import Constraints, constrain_pairs
from clustering.expansion import expand_strictly
from clustering.graph import Adjacency, Edges, ScoredPairs, appearance_order, find_edges, list_neighbours
from clustering.grouping import Grouping, group_photos
from clustering.partition import Partition
from clustering.positions import check_position_settings, merge_by_position
from clustering.reasons import find_reasons
from clustering.small_clusters import merge_small_clusters
from storage.errors import UsageError


@dataclass(frozen=True)
class SpecifiedSettings:
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

    strong_edg_thresh: float
    weak_edg_thresh: float
    gps_count_thresh: int = 4
    gps_distance_thresh: float = 30.0
    file_order: bool = False

    def __post_init__(self) -> None:
        if not self.weak_edg_thresh <= self.strong_edg_thresh:
            raise UsageError(
                f"--weak_edg_thresh must not be above --strong_edg_thresh, got {self.weak_edg_thresh} and "
                f"{self.strong_edg_thresh}"
            )
        check_position_settings(self.gps_count_thresh, self.gps_distance_thresh)


def cluster_specified(
    pairs: ScoredPairs,
    settings: SpecifiedSettings,
    positions: NDArray[np.float64] | None = None,
    constraints: Constraints | None = None,
) -> Grouping:
    """Group photos by the stages A to E of docs/clustering.md.

    Parameters
    ----------
    pairs : ScoredPairs
        Scored pairs of N photos, photos numbered by sorted name.
    settings : SpecifiedSettings
        Thresholds and order.
    positions : ndarray of float64, shape (N, 2), optional
        Latitude and longitude in signed degrees, NaN for a photo without; None for no positions at all.
    constraints : Constraints, optional
        What a person decided; obeyed in every stage.
    """
    if positions is not None and positions.shape != (pairs.num_photos, 2):
        raise ValueError(f"positions must have the shape ({pairs.num_photos}, 2), got {positions.shape}")
    if constraints:
        pairs = constrain_pairs(pairs, settings.strong_edg_thresh, constraints)
    weak_edges = find_edges(pairs, settings.weak_edg_thresh)
    weak = list_neighbours(weak_edges, settings.file_order)
    partition = start_clusters(pairs, weak_edges, weak, settings, constraints)
    expand_strictly(partition, weak)
    merge_small_clusters(partition, weak)
    if positions is not None:
        merge_by_position(partition, positions, settings.gps_count_thresh, settings.gps_distance_thresh)
    num_strong = count_strong(weak_edges, settings)
    reasons = find_reasons(partition, weak_edges, num_strong)
    return group_photos(partition, pairs.num_photos, reasons, is_sorted=not settings.file_order)


def start_clusters(
    pairs: ScoredPairs,
    weak_edges: Edges,
    weak: Adjacency,
    settings: SpecifiedSettings,
    constraints: Constraints | None = None,
) -> Partition:
    """Stage A: number the strong components, then the photos with weak edges only.

    Parameters
    ----------
    pairs : ScoredPairs
        All pairs.
    weak_edges, weak : Edges, Adjacency
        The graph at the weak threshold.
    settings : SpecifiedSettings
        Thresholds and order.
    constraints : Constraints, optional
        What a person decided; the pairs obey it already.
    """
    if settings.file_order:
        # a pair may stand first with a weak score and later with a strong one: the order is found anew
        strong = list_neighbours(find_edges(pairs, settings.strong_edg_thresh), file_order=True)
        appearance = appearance_order(pairs, settings.strong_edg_thresh)
        components = strong_components_in_file_order(strong, appearance)
        return initial_partition(weak, *components, appearance_order(pairs, settings.weak_edg_thresh), constraints)
    components = strong_components(weak_edges.best(count_strong(weak_edges, settings)))
    return initial_partition(weak, *components, np.flatnonzero(weak.degrees), constraints)


def count_strong(edges: Edges, settings: SpecifiedSettings) -> int:
    """Count the edges, which come by falling score, that are strong."""
    return int(np.count_nonzero(edges.score >= settings.strong_edg_thresh))
