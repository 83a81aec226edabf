"""Why photos are together: the joins that made each cluster, and the pairs of photos that speak for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import minimum_spanning_tree

from clustering.graph import Edges, Integers
from clustering.partition import NONE, JoinLog, Partition, Stage
from clustering.sorting import stable_order

MAX_PAIRS = 3
CLUSTERS_AT_ONCE = 4096


@dataclass(frozen=True)
class EvidencePairs:
    """Pairs of photos with their scores, sorted by what they speak for, then the highest score first.

    Attributes
    ----------
    subject : ndarray of int64, shape (P,)
        Number of the final cluster (strong pairs) or row of the join log (pairs of joins).
    first, second : ndarray of int, shape (P,)
        The two photos.
    score : ndarray of float64, shape (P,)
        Their score.
    """

    subject: NDArray[np.int64]
    first: Integers
    second: Integers
    score: NDArray[np.float64]


class JoinReason(NamedTuple):
    """One join: what joined two clusters; a tuple, as there are nearly as many joins as photos.

    Attributes
    ----------
    stage : Stage
        Anything but ``STRONG``.
    survivor, absorbed : int
        Numbers of the two clusters.
    survivor_size, absorbed_size : int
        Numbers of their photos at that time.
    smaller_side : list of int
        The photos of the smaller of the two at that time, those of ``absorbed`` when they are equal: the photos that
        moved, so to say. The larger side is not listed, or a cluster of n photos could take n * n lines.
    pairs : list of (int, int, float)
        Up to three of the best scored pairs between the two: photo, photo, score. Empty for ``GPS``.
    distance_m : float or None
        Metres between the median positions; None for other stages.
    agreement : float or None
        How well the two agreed, for ``EVIDENCE``; None for other stages.
    """

    stage: Stage
    survivor: int
    absorbed: int
    survivor_size: int
    absorbed_size: int
    smaller_side: list[int]
    pairs: list[tuple[int, int, float]]
    distance_m: float | None
    agreement: float | None = None


class ClusterReasons(NamedTuple):
    """Why the photos of one final cluster are together.

    Attributes
    ----------
    number : int
        The cluster's number.
    strong_pairs : list of (int, int, float)
        Of every strong component in it the pairs that hold it together: its maximum spanning tree, so one pair less
        than photos. Photo, photo, score; the highest score first.
    joins : list of JoinReason
        What was joined after that, in the order in which it happened.
    """

    number: int
    strong_pairs: list[tuple[int, int, float]]
    joins: list[JoinReason]


@dataclass(frozen=True)
class Reasons:
    """The reasons for all clusters, as arrays; :meth:`of_clusters` gives them one cluster at a time.

    Attributes
    ----------
    order : ndarray of int64
        All clustered photos; the log's ``start``, ``middle`` and ``end`` point into it.
    log : JoinLog
        All joins in the order in which they happened.
    cluster : ndarray of int64, shape (J,)
        The final cluster that each join is a part of.
    strong : EvidencePairs
        Maximum spanning trees of the strong components, by final cluster.
    pairs : EvidencePairs
        The best pairs of each join, by row of the log.
    """

    order: NDArray[np.int64]
    log: JoinLog
    cluster: NDArray[np.int64]
    strong: EvidencePairs
    pairs: EvidencePairs

    def of_clusters(self, numbers: list[int]) -> Iterator[ClusterReasons]:
        """Give the reasons for the given clusters, in that order."""
        num_numbers = max(numbers, default=-1) + 1
        rows = stable_order(self.cluster, int(self.cluster.max(initial=0)) + 1)
        joins_of, strong_of = (_starts(subject, num_numbers) for subject in (self.cluster[rows], self.strong.subject))
        pairs_of = _starts(self.pairs.subject, len(self.cluster))
        order: list[int] = self.order.tolist()
        for start in range(0, len(numbers), CLUSTERS_AT_ONCE):
            some = numbers[start : start + CLUSTERS_AT_ONCE]
            wanted = np.array(some, dtype=np.int64)
            chosen, num_joins = _gather(joins_of, wanted)
            joins = self._joins(rows[chosen], order, pairs_of)
            strong = _pairs_by(self.strong, strong_of, wanted)
            for number, count, pairs in zip(some, num_joins, strong, strict=True):
                yield ClusterReasons(number, pairs, list(islice(joins, count)))

    def _joins(self, rows: NDArray[np.int64], order: list[int], pairs_of: NDArray[np.int64]) -> Iterator[JoinReason]:
        """Give the joins of these rows of the log; columns become lists at once, single elements are slow to read."""
        log, stages = self.log, list(Stage)
        stage, start, middle, end = (column[rows] for column in (log.stage, log.start, log.middle, log.end))
        sizes = middle - start, end - middle
        is_first_smaller = sizes[0] < sizes[1]
        bounds = np.where(is_first_smaller, start, middle).tolist(), np.where(is_first_smaller, middle, end).tolist()
        columns = (
            [stages[number] for number in stage.tolist()],
            *(column.tolist() for column in (log.survivor[rows], log.absorbed[rows], *sizes)),
            [order[low:high] for low, high in zip(*bounds, strict=True)],
            _pairs_by(self.pairs, pairs_of, rows),
            _where(stage == Stage.GPS, log.distance_m[rows]),
            _where(stage == Stage.EVIDENCE, log.agreement[rows]),
        )
        return map(JoinReason._make, zip(*columns, strict=True))


def _where(is_known: NDArray[np.bool_], values: NDArray[np.float64]) -> list[float | None]:
    """Give the values, None where they are not known."""
    if is_known.all():
        return values.tolist()
    return [value if known else None for value, known in zip(values.tolist(), is_known.tolist(), strict=True)]


def _starts(subject: NDArray[np.int64], num_subjects: int) -> NDArray[np.int64]:
    """Give where the rows of each subject start among ascending ones, and where the last ones end; (subjects + 1,)."""
    return np.searchsorted(subject, np.arange(num_subjects + 1))


def _gather(starts: NDArray[np.int64], wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[int]]:
    """Give the rows of the wanted subjects, one subject's after the other's, and how many each has."""
    first = starts[wanted]
    counts = starts[wanted + 1] - first
    rows = np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)
    return rows, counts.tolist()


def _pairs_by(
    pairs: EvidencePairs, starts: NDArray[np.int64], subjects: NDArray[np.int64]
) -> list[list[tuple[int, int, float]]]:
    """Give the pairs that speak for each of some subjects."""
    rows, counts = _gather(starts, subjects)
    columns = (pairs.first[rows].tolist(), pairs.second[rows].tolist(), pairs.score[rows].tolist())
    found = list(zip(*columns, strict=True))
    return [found[start:end] for start, end in pairwise(accumulate(counts, initial=0))]


def find_reasons(partition: Partition, weak: Edges, num_strong: int) -> Reasons:
    """Find the evidence for every cluster and join of a finished partition.

    Parameters
    ----------
    partition : Partition
        The final clusters with the record of their joins.
    weak : Edges
        Edges at the weak threshold.
    num_strong : int
        How many of them, from the first, are strong.
    """
    order = partition.order()
    log, join_after = partition.join_log(order)
    owner = partition.owners()
    strong = spanning_forest(weak.best(num_strong))
    subject = owner[weak.first[strong]]
    by_cluster = np.argsort(subject, kind="stable")
    return Reasons(
        order,
        log,
        owner[order[log.start]],
        _pairs_of(weak, strong[by_cluster], subject[by_cluster]),
        _best_pairs(weak, owner, order, log, join_after),
    )


def _pairs_of(edges: Edges, chosen: Integers, subject: NDArray[np.int64]) -> EvidencePairs:
    return EvidencePairs(subject, edges.first[chosen], edges.second[chosen], edges.score[chosen])


def spanning_forest(edges: Edges) -> NDArray[np.int64]:
    """Find the maximum spanning tree of each component of a graph.

    The ranks of the edges, highest score first, are the weights to minimise: no two are equal, so the forest is the
    same on every machine.

    Returns
    -------
    ndarray of int64
        Ascending places of the chosen edges in ``edges``.
    """
    first, second = edges.first, edges.second
    proper = np.flatnonzero(first != second)
    ranks = proper.astype(np.float64) + 1  # a weight of zero would mean no edge
    shape = (edges.num_photos, edges.num_photos)
    tree = minimum_spanning_tree(sparse.csr_array((ranks, (first[proper], second[proper])), shape=shape))
    return np.sort(tree.data.astype(np.int64) - 1)


def _best_pairs(
    weak: Edges, owner: NDArray[np.int64], order: NDArray[np.int64], log: JoinLog, join_after: NDArray[np.int64]
) -> EvidencePairs:
    """Find the best scored pairs between the two clusters of every join but those by positions."""
    position = np.empty(weak.num_photos, dtype=np.int64)
    position[order] = np.arange(len(order))
    is_inside = (owner[weak.first] == owner[weak.second]) & (owner[weak.first] != NONE) & (weak.first != weak.second)
    edge = np.flatnonzero(is_inside)
    places = position[np.column_stack((weak.first[edge], weak.second[edge]))]
    # two photos came together in the latest join among those between their places
    join = _range_maximum(join_after, places.min(axis=1), places.max(axis=1))
    counts = join != NONE
    counts[counts] = log.stage[join[counts]] != Stage.GPS
    edge, join = edge[counts], join[counts]
    by_join = stable_order(join, max(len(log.stage), 1))
    edge, join = edge[by_join], join[by_join]
    rank = np.arange(len(join)) - _starts(join, len(log.stage))[join]
    return _pairs_of(weak, edge[rank < MAX_PAIRS], join[rank < MAX_PAIRS])


def _range_maximum(values: NDArray[np.int64], starts: Integers, ends: Integers) -> NDArray[np.int64]:
    """Give the maximum of ``values[start:end]`` for many non-empty ranges (sparse table, one level at a time)."""
    result = np.empty(len(starts), dtype=np.int64)
    level = np.frexp((ends - starts).astype(np.float64))[1] - 1  # floor of the binary logarithm
    maxima, width = values, 1
    for step in range(int(level.max(initial=-1)) + 1):
        queries = np.flatnonzero(level == step)
        result[queries] = np.maximum(maxima[starts[queries]], maxima[ends[queries] - width])
        maxima = np.maximum(maxima[:-width], maxima[width:])
        width *= 2
    return result
