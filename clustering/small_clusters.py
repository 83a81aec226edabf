"""Stage C: a small cluster whose photos all point at one other cluster joins it (docs/clustering.md)."""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from clustering.graph import Adjacency
from clustering.partition import Partition, Stage

MAX_SMALL = 4
NUM_TOP = 3


def merge_small_clusters(partition: Partition, weak: Adjacency) -> None:
    """Join small clusters with the one cluster that their photos' top neighbours are in, in place.

    A cluster of at most four photos points at every other cluster that owns one of the first three neighbours of one
    of its photos. The lowest-numbered cluster that points at exactly one other takes it in, whatever its size, and
    so on until none is left.

    Parameters
    ----------
    partition : Partition
        The clusters after the strict expansion; changed.
    weak : Adjacency
        The graph at the weak threshold; the order of neighbours says which three are the top ones.
    """
    pointers = _Pointers(partition, weak)
    while pointers.ready:
        number = heapq.heappop(pointers.ready)
        target = pointers.only_target(number)
        if target is not None and partition.may_join(number, target):
            partition.join(number, target, Stage.SMALL)
            pointers.join(number, target)


class _Pointers:
    """Which small cluster points at which clusters, kept up to date under joins.

    A join changes only the pointers to the two clusters and those of the small cluster itself. Clusters go by labels
    inside, so that of two clusters the one with fewer pointers to it can be moved over to the other.
    """

    def __init__(self, partition: Partition, weak: Adjacency) -> None:
        self.partition = partition
        self.label_of = list(range(partition.num_numbers))
        self.number_of = list(range(partition.num_numbers))
        small, target = _top_neighbours(partition, weak)
        num_targets = np.bincount(small, minlength=partition.num_numbers)
        self.ready: list[int] = np.flatnonzero(num_targets == 1).tolist()
        self._targets = _Sets(small, target)
        self._pointing = _Sets(target, small)

    def only_target(self, number: int) -> int | None:
        """Give the number of the one cluster that this one points at; None if it ended, grew, or points at several."""
        targets = self._targets[self.label_of[number]] if self.partition.is_alive(number) else set()
        return self.number_of[next(iter(targets))] if len(targets) == 1 else None

    def join(self, number: int, other: int) -> None:
        """Account for the join of ``other`` to ``number``, which the partition has made already."""
        kept, moved = self.label_of[number], self.label_of[other]
        if len(self._pointing[moved]) > len(self._pointing[kept]):
            kept, moved = moved, kept
        self.label_of[number], self.number_of[kept] = kept, number
        self._redirect(moved, kept)
        self._unite_targets(kept, moved, is_small=self.partition.sizes[number] <= MAX_SMALL)

    def _redirect(self, moved: int, kept: int) -> None:
        """Let all clusters that point at ``moved`` point at ``kept``."""
        for here in self._pointing.take(moved):
            self._targets[here].discard(moved)
            if here != kept:
                self._targets[here].add(kept)
                self._pointing[kept].add(here)
                self._check(here)

    def _unite_targets(self, kept: int, moved: int, is_small: bool) -> None:
        """Give ``kept`` the pointers of ``moved`` as well, or take all away when the cluster is small no more."""
        targets = set()
        for label in (kept, moved):
            for there in self._targets.take(label):
                self._pointing[there].discard(label)
                targets.add(there)
        if is_small:
            self._targets[kept].update(targets - {kept, moved})
            for there in self._targets[kept]:
                self._pointing[there].add(kept)
            self._check(kept)

    def _check(self, here: int) -> None:
        if len(self._targets[here]) == 1:
            heapq.heappush(self.ready, self.number_of[here])


class _Sets:
    """A set of numbers for every number, made from arrays of both when first asked for: most never are."""

    def __init__(self, keys: NDArray[np.int64], members: NDArray[np.int64]) -> None:
        order = np.argsort(keys, kind="stable")
        self._keys, self._members = keys[order], members[order]
        self._made: dict[int, set[int]] = {}

    def __getitem__(self, key: int) -> set[int]:
        if key not in self._made:
            start, end = np.searchsorted(self._keys, (key, key + 1))
            self._made[key] = set(self._members[start:end].tolist())
        return self._made[key]

    def take(self, key: int) -> set[int]:
        """Give the set and leave an empty one."""
        found = self[key]
        self._made[key] = set()
        return found


def _top_neighbours(partition: Partition, weak: Adjacency) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the clusters that each small cluster points at: numbers of small clusters, and of their targets."""
    owner = partition.owners()
    is_small = np.array([0 < size <= MAX_SMALL for size in partition.sizes], dtype=bool)
    photos = np.flatnonzero(owner >= 0)
    photos = photos[is_small[owner[photos]]]
    small, target = [], []
    for place in range(NUM_TOP):
        photos = photos[weak.degrees[photos] > place]
        small.append(owner[photos])
        target.append(owner[weak.neighbours[weak.starts[photos] + place]])
    here, there = np.concatenate(small), np.concatenate(target)
    keys = np.unique(here[here != there] * max(partition.num_numbers, 1) + there[here != there])
    small_numbers, targets = np.divmod(keys, max(partition.num_numbers, 1))
    return small_numbers, targets
