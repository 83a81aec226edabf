"""The clusterer for pairs whose score is the probability that both photos show the same building.

Two clusters become one when they agree: when on both sides enough photos have a pair at the strong threshold with the
other side (:func:`clustering.agreement.find_linkages`). Joins are made where each of two is the other's best partner
(:mod:`clustering.agglomeration`), so clusters grow from the surest pairs outwards. A pair that is not listed, or is
below the strong threshold, counts as zero: pairs between buildings that look alike are wrong together, so many
doubtful ones do not make a sure one. What the weak threshold lets in is listed for review.

With the default agreement of one half no single pair, however sure, joins two groups of two photos or more.

Clusterer and default were chosen on drawn collections (``benchmarks/bench_evidence.py``, table in ``evidence.md``), not
on photos that they are judged on: the default is the agreement with the best B-cubed F1 among those whose mean pairwise
precision is 0.97 at least. At that precision, connected components and sums of log-odds leave groups that hang on
wrong pairs, and average linkage takes large buildings apart, of whose pairs a list of candidates holds but a few. The
value hangs on how alike the drawn buildings are: with fewer that are, 0.35 to 0.4 is precise enough and joins more.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from clustering.agglomeration import Agglomeration, Surroundings
from clustering.agreement import Links
from clustering.clusterers.evidence import EvidenceSettings
from clustering.colours import Colours, colour_photos, colour_positions
from clustering.constraints import Constraints
from clustering.decided_joins import grow_clusters
from clustering.doubts import Marks, find_doubts
from clustering.graph import Edges, ScoredPairs, find_edges
from clustering.grouping import Grouping, group_photos
from clustering.partition import NAN, Partition, Stage
from clustering.places import Places
from clustering.positions import merge_by_position
from clustering.reasons import find_reasons
from clustering.union_find import UnionFind
from storage.errors import UsageError

GROUP_COLOUR = np.uint64(2)  # a group of photos that must be together starts unlike any photo


def cluster_evidence(
    pairs: ScoredPairs,
    settings: EvidenceSettings,
    positions: NDArray[np.float64] | None = None,
    constraints: Constraints | None = None,
) -> Grouping:
    """Group photos by the probabilities of their pairs; neither names nor order have a part in what is grouped.

    Parameters
    ----------
    pairs : ScoredPairs
        Pairs of N photos; scores are probabilities.
    settings : EvidenceSettings
        Thresholds.
    positions : ndarray of float64, shape (N, 2), optional
        Latitude and longitude in signed degrees, NaN for a photo without; None for no positions at all.
    constraints : Constraints, optional
        What a person decided.

    Returns
    -------
    Grouping
        Clusters numbered from 0 by their lowest photos, without gaps.

    Raises
    ------
    UsageError
        When a score is no probability.
    """
    if positions is not None and positions.shape != (pairs.num_photos, 2):
        raise ValueError(f"positions must have the shape ({pairs.num_photos}, 2), got {positions.shape}")
    _check_probabilities(pairs.score)
    constraints = constraints or Constraints()
    places = Places(positions, settings.gps_conflict_thresh, pairs.num_photos)
    edges = _allowed(find_edges(pairs, settings.weak_edg_thresh), constraints)
    links = Links.of_edges(edges)
    links = links.take(~places.contradict(links.first, links.second))
    strong = links.at_least(settings.strong_edg_thresh).with_support(pairs.num_photos)
    colours = _colours(strong, colour_positions(positions, pairs.num_photos), constraints)
    clusters = grow_clusters(strong, settings.agreement_thresh, Surroundings(places, constraints, colours))
    near_joins = _near_joins(clusters, settings, positions, constraints)
    label = _final_labels(clusters.label, near_joins)
    partition = _partition(clusters, label, near_joins)
    marks = Marks(settings.strong_edg_thresh, settings.weak_edg_thresh, settings.agreement_thresh)
    doubts = find_doubts(edges, links, label, clusters.places, marks)
    reasons = find_reasons(partition, edges, num_strong=0)
    grouping = group_photos(partition, pairs.num_photos, reasons, is_sorted=True)
    return replace(grouping, doubts=doubts)


def _allowed(edges: Edges, constraints: Constraints) -> Edges:
    """Leave out the pairs that a decision forbids."""
    if not constraints:
        return edges
    return edges.take(constraints.allow(edges.first, edges.second, edges.num_photos))


def _check_probabilities(score: NDArray[np.float64]) -> None:
    known = score[~np.isnan(score)]
    if len(known) and not (known.min() >= 0 and known.max() <= 1):
        raise UsageError(
            f"--method evidence takes pairs whose scores are probabilities, 0 to 1, but they reach from "
            f"{known.min():g} to {known.max():g}: give pairs of match_pairs.py, or --method specified"
        )


def _colours(links: Links, start: Colours, constraints: Constraints) -> Colours:
    """Colour the photos by links, positions and decisions: by all that may tell them apart but their names.

    Photos that must be together are tied to a node of their own, and such nodes are what is kept apart: it makes no
    difference which photo of a group a decision names.
    """
    num_photos = len(start)
    start = start ^ (constraints.lock_of(num_photos) >= 0).astype(np.uint64)
    group = constraints.group_of(num_photos)
    apart = group[np.array(constraints.apart, dtype=np.int64).reshape(-1, 2)]
    groups = np.unique([*(photos[0] for photos in constraints.together), *apart.ravel()]).astype(np.int64)
    members = np.flatnonzero(np.isin(group, groups))
    own, one, other = (num_photos + np.searchsorted(groups, each) for each in (group[members], *apart.T))
    kind = np.repeat(np.array([-1, -2]), [len(members), len(apart)])
    colours = colour_photos(
        np.concatenate((start, np.full(len(groups), GROUP_COLOUR))),
        np.concatenate((links.first, members, one)),
        np.concatenate((links.second, own, other)),
        np.concatenate((links.weight, kind)),
    )
    return colours[:num_photos]


Join = tuple[int, int, Stage, float]


def _near_joins(
    clusters: Agglomeration,
    settings: EvidenceSettings,
    positions: NDArray[np.float64] | None,
    constraints: Constraints,
) -> list[Join]:
    """Find the joins by median positions; they are tried in an order that does not depend on names."""
    if positions is None or not clusters.places.has_any:
        return []
    # a cluster of fewer photos cannot have enough positions
    photos = np.flatnonzero(clusters.size[clusters.label] >= settings.gps_count_thresh)
    if not len(photos):
        return []
    label = clusters.label[photos]
    order = np.lexsort((photos, label, clusters.keys()[label]))
    photos, label = photos[order], label[order]
    starts = np.flatnonzero(np.concatenate(([True], label[1:] != label[:-1])))
    partition = Partition(len(clusters.label), photos, np.diff([*starts, len(photos)]), constraints)
    merge_by_position(partition, positions, settings.gps_count_thresh, settings.gps_distance_thresh)
    log, _ = partition.join_log(partition.order())
    label_of = label[starts]
    columns = (label_of[log.survivor].tolist(), label_of[log.absorbed].tolist(), log.distance_m.tolist())
    return [(survivor, absorbed, Stage.GPS, metres) for survivor, absorbed, metres in zip(*columns, strict=True)]


def _final_labels(label: NDArray[np.int64], near_joins: list[Join]) -> NDArray[np.int64]:
    """Give the lowest photo of each photo's cluster after the joins by position."""
    union_find = UnionFind()
    for survivor, absorbed, _, _ in near_joins:
        union_find.union(survivor, absorbed)
    into = np.arange(len(label))
    joined = list(union_find)
    into[joined] = [union_find.find(photo) for photo in joined]
    return into[label]


def _partition(clusters: Agglomeration, label: NDArray[np.int64], near_joins: list[Join]) -> Partition:
    """Make all joins again, in order, so that the clusters of the final labels are numbered by their lowest photos."""
    photos = np.flatnonzero(np.bincount(label, minlength=len(label))[label] > 1)
    is_lowest = label[photos] == photos
    order = np.concatenate((photos[is_lowest], photos[~is_lowest]))
    partition = Partition(len(label), order, np.ones(len(order), dtype=np.int64))
    places = np.full(len(label), -1, dtype=np.int64)
    places[order] = np.arange(len(order))
    seeds = [(photos[0], photo) for photos in clusters.seeds for photo in photos[1:]]
    ends = np.array(seeds, dtype=np.int64).reshape(-1, 2)
    one, two, agreement = clusters.joins()
    agreement = np.concatenate((np.full(len(ends), NAN), agreement))
    stage = np.where(np.isnan(agreement), Stage.DECISION, Stage.EVIDENCE)
    # a label is the lowest photo of its cluster, and so has its lowest number
    survivor, absorbed = places[np.concatenate((ends[:, 0], one))], places[np.concatenate((ends[:, 1], two))]
    partition.join_all(survivor, absorbed, stage, agreement)
    union_find = UnionFind()
    for label_one, label_two, near, distance_m in near_joins:
        joined = union_find.union(int(places[label_one]), int(places[label_two]))
        if joined is not None:
            partition.join(*joined, near, distance_m=distance_m)
    return partition
