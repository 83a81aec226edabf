"""The highest entries per row of the product of unit vectors with themselves, tile by tile, on all cores.

The product is symmetric: a tile (rows, columns) above the diagonal serves its rows and, turned, its columns, so that
half of the product is never computed. The tiles on the diagonal come first: they give every row its first proposals.
After them a tile adds to a row what exceeds the row's lowest proposal so far; that is little, so choosing costs one
comparison per entry.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from storage.machine import usable_cores

Values = NDArray[np.float32]
Indices = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Proposals:
    """For each of N vectors the others with the highest products, as they were computed.

    Attributes
    ----------
    values : ndarray of float32, shape (N, count)
        Products in no order; -inf where there are fewer. What is not there is not higher than the row's lowest, or
        not wanted.
    indices : ndarray of int32, shape (N, count)
        Rows of the others.
    """

    values: Values
    indices: Indices

    @classmethod
    def empty(cls, num_rows: int, count: int) -> Proposals:
        """Give what holds no proposal yet."""
        return cls(np.full((num_rows, count), -np.inf, np.float32), np.zeros((num_rows, count), np.int32))


def propose(
    vectors: NDArray[np.floating],
    is_usable: NDArray[np.bool_],
    count: int,
    block: int,
    lowest: float = -np.inf,
) -> Proposals:
    """Give, for each vector, the others with the ``count`` highest float32 products.

    Parameters
    ----------
    vectors : ndarray of float, shape (N, D)
        Unit vectors; N below 2**31. May be mapped from a file: two blocks a core are read at a time.
    is_usable : ndarray of bool, shape (N,)
        Others are proposed to none, and have no proposals.
    count : int
        Proposals per vector.
    block : int
        Rows and columns of a tile.
    lowest : float
        Products up to this are not wanted.
    """
    sweep = _Sweep(vectors, is_usable, block, lowest, Proposals.empty(len(vectors), count))
    with threadpool_limits(1, user_api="blas"):  # a tile a core: choosing then keeps no core waiting
        sweep.run(usable_cores())
    return sweep.found


def block_of(vectors: NDArray[np.floating], rows: slice | NDArray[np.integer]) -> Values:
    """Give rows of descriptors as float32; where they lie in memory as such, without a copy of a slice."""
    return np.asarray(vectors[rows], dtype=np.float32)


@dataclass(eq=False)
class _Sweep:
    """All tiles on and above the diagonal, shared by the threads that take them one by one."""

    vectors: NDArray[np.floating]
    is_usable: NDArray[np.bool_]
    block: int
    lowest: float
    found: Proposals
    limits: Values = field(init=False)
    _tiles: Iterator[tuple[int, int]] = field(default_factory=lambda: iter(()))
    _next_tile: threading.Lock = field(default_factory=threading.Lock)
    _block_locks: list[threading.Lock] = field(init=False)

    def __post_init__(self) -> None:
        self.limits = np.where(self.is_usable, np.float32(self.lowest), np.float32(np.inf))
        self._block_locks = [threading.Lock() for _ in range(0, len(self.vectors), self.block)]

    def run(self, num_threads: int) -> None:
        starts = range(0, len(self.vectors), self.block)
        with ThreadPoolExecutor(num_threads) as threads:
            for tiles in (zip(starts, starts, strict=True), combinations(starts, 2)):
                self._tiles = iter(tiles)
                try:
                    list(threads.map(lambda _: self._take_tiles(), range(num_threads)))
                finally:
                    self._stop()  # an error in one thread, or in this one, ends the others after their tile

    def _stop(self) -> None:
        with self._next_tile:
            self._tiles = iter(())

    def _take_tiles(self) -> None:
        try:
            while (tile := self._take()) is not None:
                self._search(*tile)
        finally:
            self._stop()

    def _take(self) -> tuple[int, int] | None:
        with self._next_tile:
            return next(self._tiles, None)

    def _search(self, row: int, column: int) -> None:
        rows, columns = (slice(start, min(start + self.block, len(self.vectors))) for start in (row, column))
        left = block_of(self.vectors, rows)
        product = left @ (left if row == column else block_of(self.vectors, columns)).T
        product[~self.is_usable[rows]] = -np.inf
        product[:, ~self.is_usable[columns]] = -np.inf
        if row == column:
            np.fill_diagonal(product, -np.inf)
            self._keep_highest(rows, product)
            return
        above = np.flatnonzero(product > self.limits[rows, None])
        self._add(rows, columns, above // product.shape[1], above % product.shape[1], product.ravel()[above])
        above = np.flatnonzero(product > self.limits[columns])
        above = above[np.argsort(above % product.shape[1], kind="stable")]
        self._add(columns, rows, above % product.shape[1], above // product.shape[1], product.ravel()[above])

    def _keep_highest(self, rows: slice, product: Values) -> None:
        """Take the first proposals of some rows from their tile on the diagonal."""
        columns = _highest_columns(product, self.found.values.shape[1])
        self.found.values[rows, : columns.shape[1]] = np.take_along_axis(product, columns, 1)
        self.found.indices[rows, : columns.shape[1]] = columns + rows.start
        self._raise_limits(np.arange(rows.start, rows.stop))

    def _add(
        self, rows: slice, columns: slice, row: NDArray[np.intp], column: NDArray[np.intp], values: Values
    ) -> None:
        """Put products into the proposals; ``row``, ascending, and ``column`` are places within the tile."""
        if not len(row):
            return
        touched, starts, counts = np.unique(row, return_index=True, return_counts=True)
        place = np.repeat(np.arange(len(touched)), counts), np.arange(len(row)) - np.repeat(starts, counts)
        fresh = Proposals.empty(len(touched), int(counts.max()))
        fresh.values[place], fresh.indices[place] = values, column + columns.start
        touched += rows.start
        with self._block_locks[rows.start // self.block]:
            all_values = np.concatenate([self.found.values[touched], fresh.values], axis=1)
            all_indices = np.concatenate([self.found.indices[touched], fresh.indices], axis=1)
            kept = _highest_columns(all_values, self.found.values.shape[1])
            self.found.values[touched] = np.take_along_axis(all_values, kept, 1)
            self.found.indices[touched] = np.take_along_axis(all_indices, kept, 1)
            self._raise_limits(touched)

    def _raise_limits(self, rows: NDArray[np.integer]) -> None:
        self.limits[rows] = np.maximum(self.limits[rows], self.found.values[rows].min(axis=1))


def _highest_columns(product: Values, count: int) -> NDArray[np.intp]:
    if product.shape[1] <= count:
        return np.broadcast_to(np.arange(product.shape[1]), product.shape)
    return np.argpartition(product, -count, axis=1)[:, -count:]
