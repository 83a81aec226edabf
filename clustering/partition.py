"""Numbered clusters that can only be joined, and the record of every join."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from clustering.constraints import Barriers, Constraints
from clustering.graph import Integers

NONE = -1
NAN = float("nan")


class Stage(IntEnum):
    """What joined photos: strong edges, strict expansion, small-cluster rule, positions, evidence, a decision."""

    STRONG = 0
    EXPANSION = 1
    SMALL = 2
    GPS = 3
    EVIDENCE = 4
    DECISION = 5


@dataclass(frozen=True)
class JoinLog:
    """All joins in the order in which they happened; J of them.

    Attributes
    ----------
    stage : ndarray of int8, shape (J,)
        :class:`Stage` of each join.
    survivor, absorbed : ndarray of int64, shape (J,)
        Numbers of the cluster that went on and of the one that ended.
    start, middle, end : ndarray of int64, shape (J,)
        The survivor's photos at that time are ``order[start:middle]``, those it absorbed ``order[middle:end]``.
    distance_m : ndarray of float64, shape (J,)
        Metres between the two medians; NaN where positions had no part in it.
    agreement : ndarray of float64, shape (J,)
        How well the two agreed, 0 to 1; NaN where the clusterer does not measure it.
    """

    stage: NDArray[np.int8]
    survivor: NDArray[np.int64]
    absorbed: NDArray[np.int64]
    start: NDArray[np.int64]
    middle: NDArray[np.int64]
    end: NDArray[np.int64]
    distance_m: NDArray[np.float64]
    agreement: NDArray[np.float64]


class Partition:
    """Clusters of photos, numbered from 0; a join appends one cluster's photos to another's in constant time.

    Parameters
    ----------
    num_photos : int
        Number of photos N; some may be in no cluster.
    order : ndarray of int
        The photos of cluster 0 in their order, then those of cluster 1, and so on.
    sizes : ndarray of int
        Number of photos of each cluster, all above 0.
    constraints : Constraints, optional
        What a person decided; :meth:`may_join` answers by it.
    """

    def __init__(
        self, num_photos: int, order: Integers, sizes: Integers, constraints: Constraints | None = None
    ) -> None:
        ends = np.cumsum(sizes)
        following = np.full(num_photos, NONE, dtype=np.int64)
        following[order[:-1]] = order[1:]
        following[order[ends - 1]] = NONE
        # plain lists: single elements are read and written far faster than an array's
        self.sizes: list[int] = sizes.tolist()
        self._heads: list[int] = order[ends - sizes].tolist()
        self._tails: list[int] = order[ends - 1].tolist()
        self._following: list[int] = following.tolist()
        self._joined_tails: list[int] = []  # the photo that each join put others behind
        self._order: tuple[int, NDArray[np.int64]] = 0, order.astype(np.int64)  # and after how many joins it is so
        # all joins, column by column: stage, survivor, absorbed, their sizes then; metres, agreement
        self._counted: tuple[list[int], ...] = [], [], [], [], []
        self._measured: tuple[list[float], ...] = [], []
        self.barriers = Barriers(constraints, self.owners()) if constraints else None

    @property
    def num_numbers(self) -> int:
        """Number of clusters that there ever were."""
        return len(self.sizes)

    def is_alive(self, number: int) -> bool:
        """Tell whether the cluster still stands."""
        return self.sizes[number] > 0

    def numbers(self) -> list[int]:
        """List the numbers of the standing clusters, ascending."""
        return [number for number, size in enumerate(self.sizes) if size]

    def members(self, number: int) -> Iterator[int]:
        """Give the photos of a cluster in order."""
        photo = self._heads[number] if self.sizes[number] else NONE
        while photo != NONE:
            yield photo
            photo = self._following[photo]

    def may_join(self, one: int, two: int) -> bool:
        """Tell whether no decision keeps two clusters apart."""
        return self.barriers is None or self.barriers.allow(one, two)

    def join(self, survivor: int, absorbed: int, stage: Stage, distance_m: float = NAN, agreement: float = NAN) -> None:
        """Append the photos of ``absorbed`` to those of ``survivor``; ``absorbed`` ends."""
        if self.barriers is not None:
            self.barriers.join(survivor, absorbed)
        for column, value in zip(self._measured, (distance_m, agreement), strict=True):
            column.append(value)
        self._append([int(stage)], [survivor], [absorbed])

    def join_all(self, survivor: Integers, absorbed: Integers, stage: Integers, agreement: NDArray[np.float64]) -> None:
        """Make many joins in order, as :meth:`join` does; only for clusters that no decision keeps apart."""
        for column, values in zip(self._measured, ([NAN] * len(agreement), agreement.tolist()), strict=True):
            column += values
        self._append(stage.tolist(), survivor.tolist(), absorbed.tolist())

    def _append(self, *numbers: list[int]) -> None:
        """Make joins; ``numbers`` are their stages, survivors and absorbed clusters."""
        for column, values in zip(self._counted, numbers, strict=False):
            column += values
        sizes, heads, tails, following, joined = (
            self.sizes,
            self._heads,
            self._tails,
            self._following,
            self._joined_tails,
        )
        survivor_sizes, absorbed_sizes = self._counted[3:]
        for one, two in zip(*numbers[1:], strict=True):
            tail, size, more = tails[one], sizes[one], sizes[two]
            joined.append(tail)
            survivor_sizes.append(size)
            absorbed_sizes.append(more)
            following[tail] = heads[two]
            tails[one] = tails[two]
            sizes[one] = size + more
            sizes[two] = 0

    def owners(self) -> NDArray[np.int64]:
        """Give the cluster number of every photo, -1 for none; shape (N,)."""
        owners = np.full(len(self._following), NONE, dtype=np.int64)
        numbers = np.array(self.numbers(), dtype=np.int64)
        owners[self.order()] = np.repeat(numbers, np.array(self.sizes, dtype=np.int64)[numbers])
        return owners

    def order(self) -> NDArray[np.int64]:
        """Give the photos of all standing clusters, cluster by cluster, ascending."""
        num_joins, order = self._order
        if num_joins != len(self._joined_tails):
            following, photos = self._following, list[int]()
            append = photos.append
            for number in self.numbers():
                photo = self._heads[number]
                while photo != NONE:
                    append(photo)
                    photo = following[photo]
            order = np.array(photos, dtype=np.int64)
            self._order = len(self._joined_tails), order
        return order

    def join_log(self, order: NDArray[np.int64]) -> tuple[JoinLog, NDArray[np.int64]]:
        """Give all joins, and for every place of ``order`` the join that put the next place's photo behind it.

        The second array has the length of ``order``; -1 stands where no join made that neighbourhood.
        """
        position = np.empty(len(self._following), dtype=np.int64)
        position[order] = np.arange(len(order))
        join_after = np.full(len(order), NONE, dtype=np.int64)
        join_after[position[np.array(self._joined_tails, dtype=np.int64)]] = np.arange(len(self._joined_tails))
        stage, survivor, absorbed, survivor_size, absorbed_size = (
            np.array(column, dtype=np.int64) for column in self._counted
        )
        middle = np.empty(len(stage), dtype=np.int64)
        middle[join_after[join_after != NONE]] = np.flatnonzero(join_after != NONE) + 1
        log = JoinLog(
            stage.astype(np.int8),
            survivor,
            absorbed,
            middle - survivor_size,
            middle,
            middle + absorbed_size,
            *(np.array(column, dtype=np.float64) for column in self._measured),
        )
        return log, join_after
