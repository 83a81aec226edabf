"""Stage B: the strict expansion. Clusters of which enough photos agree, both ways, become one.

A photo agrees with a cluster when at least one sixth of its weak neighbours are in it; a cluster agrees with another
when at least one sixth of its photos do; two clusters merge when both agree with each other. Stage B of
docs/clustering.md.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from clustering.graph import Adjacency
from clustering.partition import Partition, Stage

SHARE = 6  # one sixth, as an integer so that no rounding decides


@dataclass
class _Frontier:
    """What a cluster knows of the photos and clusters around it, kept up to date as it grows.

    Attributes
    ----------
    reached : dict of int to int
        Photo outside -> number of its neighbours in this cluster.
    agreeing : dict of int to int
        Label of another cluster -> number of its photos that agree with this one.
    own : dict of int to int
        Label of another cluster, one without a frontier -> number of photos of this one that agree with it.
        For a cluster with a frontier, its own ``agreeing`` says it.
    """

    reached: dict[int, int] = field(default_factory=dict)
    agreeing: dict[int, int] = field(default_factory=dict)
    own: dict[int, int] = field(default_factory=dict)


def expand_strictly(partition: Partition, weak: Adjacency) -> None:
    """Join the clusters that agree with each other, in place and in the order of docs/clustering.md.

    Each cluster in turn, ascending, takes in the lowest-numbered cluster that it merges with, again and again;
    clusters below its own number only after it took in one. Afterwards no two clusters merge.

    Notes
    -----
    Work grows with the edges times the logarithm of the photos: a join touches only the neighbours of the part with
    fewer edges. Two facts carry this. A cluster grows only in its own turn, so before its first join a cluster can
    only meet later clusters that are as they were at the start; whether those merge is found for all at once. And no
    cluster that had its turn merges with an unchanged cluster, so only clusters next to the part that came in have to
    be looked at again.

    Parameters
    ----------
    partition : Partition
        The strong components and the photos without strong edges; changed.
    weak : Adjacency
        The graph at the weak threshold.
    """
    mergeable = _mergeable_at_start(partition, weak)
    expansion = _Expansion(partition, weak)
    for number in np.flatnonzero(np.diff(mergeable.indptr)).tolist():
        if partition.is_alive(number):
            later = mergeable.indices[mergeable.indptr[number] : mergeable.indptr[number + 1]].tolist()
            partners = [other for other in later if partition.is_alive(other) and partition.may_join(number, other)]
            expansion.take_turn(number, partners)


def _mergeable_at_start(partition: Partition, weak: Adjacency) -> sparse.csr_array:
    """Find all pairs of clusters that merge as they stand; entry (a, b) with a < b."""
    size = np.array(partition.sizes, dtype=np.int64)
    owner = partition.owners()
    sources = weak.sources()
    is_between = owner[sources] != owner[weak.neighbours]
    photos, clusters = sources[is_between], owner[weak.neighbours[is_between]]
    # photos by clusters: how many neighbours a photo has in a cluster
    counts = _count(photos, clusters, (weak.num_photos, len(size)))
    agrees = SHARE * counts.data >= weak.degrees[counts.row]
    # clusters by clusters: how many photos of one agree with the other
    counts = _count(owner[counts.row[agrees]], counts.col[agrees], (len(size), len(size)))
    is_enough = SHARE * counts.data >= size[counts.row]
    shape = (len(size), len(size))
    rows, columns = counts.row[is_enough], counts.col[is_enough]
    one_way = sparse.csr_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=shape)
    return sparse.triu(one_way.multiply(one_way.T), k=1, format="csr")


def _count(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> sparse.coo_array:
    ones = np.ones(len(rows), dtype=np.int32)
    return sparse.coo_array((ones, (rows, columns)), shape=shape).tocsr().tocoo()


class _Expansion:
    """The turns of the clusters.

    Inside, clusters go by labels. When two join, the photos of the part with fewer edges change their label; the
    number that the cluster goes by outside may come from either part.
    """

    def __init__(self, partition: Partition, weak: Adjacency) -> None:
        self.partition = partition
        self.neighbours = weak.neighbours
        self.starts: list[int] = weak.starts.tolist()
        self.degree: list[int] = weak.degrees.tolist()
        owner = partition.owners()
        self.label: list[int] = owner.tolist()
        self.number_of = list(range(partition.num_numbers))
        self.label_of = list(range(partition.num_numbers))
        has_owner = owner >= 0
        num_edges = np.bincount(owner[has_owner], weak.degrees[has_owner], minlength=partition.num_numbers)
        self.num_edges: list[int] = num_edges.astype(np.int64).tolist()
        self.frontiers: dict[int, _Frontier] = {}

    def take_turn(self, number: int, later: list[int]) -> None:
        """Let one cluster take in others until none merges with it; ``later`` merge with it at the start."""
        if not later:
            return
        self._open_frontier(number)
        first = min(later)
        waiting = [other for other in later if other != first]
        waiting += self._absorb(number, first)
        heapq.heapify(waiting)
        while waiting:
            other = heapq.heappop(waiting)
            # a cluster that fails here is put back when the counts between it and this one rise
            if other != number and self.partition.is_alive(other) and self._merges(number, other):
                for touched in self._absorb(number, other):
                    heapq.heappush(waiting, touched)

    def _merges(self, number: int, other: int) -> bool:
        if not self.partition.may_join(number, other):
            return False
        label, there = self.label_of[number], self.label_of[other]
        frontier = self.frontiers[label]
        known = self.frontiers.get(there)
        own = frontier.own.get(there, 0) if known is None else known.agreeing.get(label, 0)
        sizes = self.partition.sizes
        return SHARE * own >= sizes[number] and SHARE * frontier.agreeing.get(there, 0) >= sizes[other]

    def _look_around(self, number: int) -> _Frontier:
        """Make the frontier, all but ``agreeing``, of a cluster from the edges of its photos."""
        frontier = _Frontier()
        reached, own, label = frontier.reached, frontier.own, self.label
        here = self.label_of[number]
        for photo in self.partition.members(number):
            counts: dict[int, int] = {}
            for other in self.neighbours[self.starts[photo] : self.starts[photo + 1]].tolist():
                there = label[other]
                if there != here:
                    reached[other] = reached.get(other, 0) + 1
                    counts[there] = counts.get(there, 0) + 1
            for there, count in counts.items():
                if SHARE * count >= self.degree[photo] and there not in self.frontiers:
                    own[there] = own.get(there, 0) + 1
        return frontier

    def _open_frontier(self, number: int) -> None:
        frontier = self._look_around(number)
        for photo, count in frontier.reached.items():
            if SHARE * count >= self.degree[photo]:
                there = self.label[photo]
                frontier.agreeing[there] = frontier.agreeing.get(there, 0) + 1
        self.frontiers[self.label_of[number]] = frontier

    def _absorb(self, number: int, other: int) -> Iterable[int]:
        """Join ``other`` to ``number``; give the numbers of the clusters next to the part that was moved."""
        kept, moved = self.label_of[number], self.label_of[other]
        moving = other
        if moved in self.frontiers and self.num_edges[moved] > self.num_edges[kept]:
            kept, moved, moving = moved, kept, number
        part = self.frontiers.pop(moved, None) or self._look_around(moving)
        frontier = self.frontiers[kept]
        for photo in self.partition.members(moving):
            self.label[photo] = kept
            frontier.reached.pop(photo, None)
        touched = self._add_reached(kept, part)
        self._add_clusters(kept, moved, part, touched)
        self.num_edges[kept] += self.num_edges[moved]
        self.number_of[kept], self.label_of[number] = number, kept
        self.partition.join(number, other, Stage.EXPANSION)
        return [self.number_of[there] for there in touched]

    def _add_reached(self, kept: int, part: _Frontier) -> list[int]:
        """Add what ``part`` reached to the frontier of ``kept``; give the labels met."""
        frontier = self.frontiers[kept]
        touched: dict[int, None] = {}
        for photo, count in part.reached.items():
            there = self.label[photo]
            if there == kept:
                continue
            before = frontier.reached.get(photo, 0)
            frontier.reached[photo] = before + count
            if SHARE * before < self.degree[photo] <= SHARE * (before + count):
                frontier.agreeing[there] = frontier.agreeing.get(there, 0) + 1
            touched[there] = None
        return list(touched)

    def _add_clusters(self, kept: int, moved: int, part: _Frontier, touched: list[int]) -> None:
        """Put ``kept`` in the place of ``moved`` in all counts between clusters."""
        frontier = self.frontiers[kept]
        frontier.agreeing.pop(moved, None)
        frontier.own.pop(moved, None)
        for there in touched:
            known = self.frontiers.get(there)
            if known is None:
                _raise_count(frontier.own, there, part.own.get(there, 0))
            else:
                _raise_count(known.agreeing, kept, known.agreeing.pop(moved, 0))


def _raise_count(counts: dict[int, int], key: int, by: int) -> None:
    if by:
        counts[key] = counts.get(key, 0) + by
