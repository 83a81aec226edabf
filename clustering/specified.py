"""The clusterer ``specified`` (docs/clustering.md): strong components, strict expansion, small clusters, positions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clustering.clusterers.specified import SpecifiedSettings
from clustering.components import initial_partition, strong_components, strong_components_in_file_order
from clustering.constraints import Constraints, constrain_pairs
from clustering.expansion import expand_strictly
from clustering.graph import Adjacency, Edges, ScoredPairs, appearance_order, find_edges, list_neighbours
from clustering.grouping import Grouping, group_photos
from clustering.partition import Partition
from clustering.positions import merge_by_position
from clustering.reasons import find_reasons
from clustering.small_clusters import merge_small_clusters


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
