"""Why photos are together by their vectors, in the words of ``clusters_info.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustering.features.batches import members_of
from clustering.features.cluster_statistics import ClusterStatistics
from clustering.features.clusterers.base import Labels, Vectors
from clustering.features.density import distance_blocks
from clustering.features.linkage import spanning_tree
from storage.formats.decisions import DecidedCluster
from storage.formats.json_stream import Members

MAX_REPRESENTATIVES = 4
NUM_DIGITS = 6


@dataclass(frozen=True, eq=False)
class ToldOfFeatures:
    """What there is to tell about.

    Attributes
    ----------
    names : sequence of str
        Image name of each photo, N.
    labels : ndarray of int64, (N,)
        Cluster of each photo; -1 for those that are alone.
    units : ndarray, (M, D)
        Unit vectors, whose scalar product is the score of a pair.
    reduced : ndarray, (M, K)
        The vectors that were clustered.
    rows : ndarray of int64, (M,)
        Photo of each vector.
    statistics : mapping of int to ClusterStatistics
        By label, of clusters with a vector; members are places among the vectors.
    number_of : mapping of int to int
        Label to the number that a cluster goes by.
    cluster_names, decided : mapping
        What a person called clusters and said of them, by number.
    is_decided : ndarray of bool, (N,)
        Photos whose place a person decided.
    parents : mapping of int to mapping
        Vector to number and size of the cluster that it was in before that was split.
    """

    names: Sequence[str]
    labels: Labels
    units: Vectors
    reduced: Vectors
    rows: NDArray[np.int64]
    statistics: Mapping[int, ClusterStatistics]
    number_of: Mapping[int, int]
    cluster_names: Mapping[int, str]
    is_decided: NDArray[np.bool_]
    decided: Mapping[int, DecidedCluster] = field(default_factory=dict)
    parents: Mapping[int, Mapping[str, int]] = field(default_factory=dict)


def describe_features(told: ToldOfFeatures) -> dict[str, Any]:
    """Give the objects ``clusters``, ``singletons`` and ``review`` of ``clusters_info.json``, made while written."""
    every = members_of(told.labels[told.rows])
    nobody = np.zeros(0, dtype=np.int64)
    order = sorted(told.number_of, key=told.number_of.__getitem__)
    members = {label: every[label] if label < len(every) else nobody for label in order}
    return {
        "clusters": Members((str(told.number_of[label]), _cluster(label, members[label], told)) for label in order),
        "singletons": Members(_singletons(told)),
        "review": [],
    }


def _cluster(label: int, members: NDArray[np.int64], told: ToldOfFeatures) -> dict[str, Any]:
    number = told.number_of[label]
    photos = np.flatnonzero(told.labels == label)
    content: dict[str, Any] = {"size": len(photos), "run_number": label}
    if number in told.cluster_names:
        content["name"] = told.cluster_names[number]
    said = told.decided.get(number)
    if said is not None and said.note is not None:
        content["note"] = said.note
    chosen = [] if said is None else list(said.representatives)
    # photos without a vector are together by decision only
    central = told.rows[members[central_members(told.reduced[members])]] if len(members) else photos
    pairs = _holding_pairs(members, told)
    content["representatives"] = list(dict.fromkeys([*chosen, *(told.names[photo] for photo in central)]))[
        :MAX_REPRESENTATIVES
    ]
    content["cohesion"] = _cohesion(told.units[members])
    content["weakest_link"] = {"stage": "strong", "pair": pairs[-1]} if pairs else None
    content["strong_pairs"] = pairs
    content["joins"] = []
    parents = [told.parents.get(member) for member in members.tolist()]
    if parents and parents[0] is not None and all(parent == parents[0] for parent in parents):
        content["parent"] = dict(parents[0])
    if label in told.statistics:
        measured = told.statistics[label]
        content["closest"] = [told.names[told.rows[member]] for member in measured.closest]
        content["farthest"] = [told.names[told.rows[member]] for member in measured.farthest]
    return content


def central_members(vectors: Vectors) -> NDArray[np.int64]:
    """Choose members that stand for a cluster: the one nearest to the mean, then always the farthest from the chosen.

    The second rule is that of Gonzalez 1985; ties go to the first member.
    """
    chosen = [int(np.argmin(np.round(np.linalg.norm(vectors - vectors.mean(axis=0), axis=1), 9)))]
    distance = np.full(len(vectors), np.inf)
    while len(chosen) < min(MAX_REPRESENTATIVES, len(vectors)):
        distance = np.minimum(distance, np.round(np.linalg.norm(vectors - vectors[chosen[-1]], axis=1), 9))
        distance[chosen] = -1
        chosen.append(int(np.argmax(distance)))
    return np.array(chosen, dtype=np.int64)


def _cohesion(units: Vectors) -> float | None:
    """Give the mean score of all pairs, by the length of the sum; None for one vector."""
    count = len(units)
    if count < 2:
        return None
    total = units.sum(axis=0, dtype=np.float64)
    own = float(np.einsum("ij,ij->", units, units, dtype=np.float64))
    return round((float(total @ total) - own) / (count * (count - 1)), NUM_DIGITS)


def _holding_pairs(members: NDArray[np.int64], told: ToldOfFeatures) -> list[list[Any]]:
    """Give the pairs of a shortest tree through the vectors of a cluster, with their scores, the highest first."""
    if len(members) < 2:
        return []
    first, second, _ = spanning_tree(np.asarray(told.reduced[members], dtype=np.float64))
    one, other = members[first], members[second]
    scores = np.round(np.einsum("ij,ij->i", told.units[one], told.units[other], dtype=np.float64), NUM_DIGITS)
    pairs = [
        [*sorted((told.names[a], told.names[b])), score]
        for a, b, score in zip(told.rows[one], told.rows[other], scores.tolist(), strict=True)
    ]
    return sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))


def _singletons(told: ToldOfFeatures) -> Iterator[tuple[str, dict[str, Any]]]:
    """Say of each photo that is alone which photo it is nearest to, and why it is not with it."""
    vector_of = np.full(len(told.names), -1, dtype=np.int64)
    vector_of[told.rows] = np.arange(len(told.rows))
    alone = np.flatnonzero(told.labels < 0)
    described = alone[vector_of[alone] >= 0]
    nearest: dict[int, int] = {}
    if len(told.rows) > 1:
        for part, block in distance_blocks(told.units[vector_of[described]], told.units):
            photos = described[part]
            block[np.arange(len(photos)), vector_of[photos]] = np.inf
            nearest |= dict(zip(photos.tolist(), block.argmin(axis=1).tolist(), strict=True))
    for photo in alone.tolist():
        if photo not in nearest:
            yield told.names[photo], {"reason": "no_pairs"}
            continue
        other = nearest[photo]
        label = int(told.labels[told.rows[other]])
        yield (
            told.names[photo],
            {
                "reason": "decision" if told.is_decided[photo] else "noise",
                "neighbour": told.names[told.rows[other]],
                "score": round(float(told.units[vector_of[photo]] @ told.units[other]), NUM_DIGITS),
                "cluster": told.number_of[label] if label >= 0 else None,
            },
        )
