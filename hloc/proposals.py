"""The highest entries per row of the product of unit vectors with themselves, tile by tile, on all cores.

The product is symmetric: a tile (rows, columns) above the diagonal serves its rows and, turned, its columns, so that
half of the product is never computed. The tiles on the diagonal come first: they give every row its first proposals.
After them a tile adds to a row what exceeds the row's lowest proposal so far; that is little, so choosing costs one
comparison per entry.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from hloc.tile_products import Product, product_for
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

    def of_rows(self, rows: slice, shift: int = 0) -> Proposals:
        """Give those of some rows, the numbers of the others moved by ``shift``."""
        return Proposals(self.values[rows], self.indices[rows] + np.int32(shift))

    def with_more(self, other: Proposals) -> Proposals:
        """Give the highest of these and of others for the same rows, as many as there are places in these."""
        values = np.concatenate([self.values, other.values], axis=1)
        indices = np.concatenate([self.indices, other.indices], axis=1)
        kept = _highest_columns(values, self.values.shape[1])
        return Proposals(np.take_along_axis(values, kept, 1), np.take_along_axis(indices, kept, 1))


def propose(
    vectors: NDArray[np.floating],
    is_usable: NDArray[np.bool_],
    count: int,
    block: int,
    lowest: float = -np.inf,
    *,
    num_threads: int | None = None,
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
    num_threads : int, optional
        As many as the process may use cores, when not given.
    """
    limits = np.full(len(vectors), lowest, np.float32)
    sweep = _Sweep(vectors, is_usable, block, Proposals.empty(len(vectors), count), limits)
    starts = range(0, len(vectors), block)
    sweep.run(zip(starts, starts, strict=True), num_threads)
    sweep.run(combinations(starts, 2), num_threads)
    return sweep.found


def propose_between(
    vectors: NDArray[np.floating],
    num_first: int,
    is_usable: NDArray[np.bool_],
    limits: Values,
    *,
    count: int,
    block: int,
    num_threads: int | None = None,
) -> Proposals:
    """Give, for each of two sets of vectors, those of the other set with the ``count`` highest float32 products.

    Parameters
    ----------
    vectors : ndarray of float, shape (N, D)
        Unit vectors of the first set, then those of the second.
    num_first : int
        Size of the first set, a multiple of ``block``.
    limits : ndarray of float32, shape (N,)
        Products up to that of their row are not wanted.
    is_usable, count, block, num_threads
        As of :func:`propose`.
    """
    if num_first % block:
        raise ValueError(f"the first set must be whole tiles of {block} rows, got {num_first} rows")
    sweep = _Sweep(vectors, is_usable, block, Proposals.empty(len(vectors), count), limits)
    sweep.run(product(range(0, num_first, block), range(num_first, len(vectors), block)), num_threads)
    return sweep.found


def block_of(vectors: NDArray[np.floating], rows: slice | NDArray[np.integer]) -> Values:
    """Give rows of descriptors as float32; where they lie in memory as such, without a copy of a slice."""
    return np.asarray(vectors[rows], dtype=np.float32)


@dataclass(eq=False)
class _Sweep:
    """Tiles on and above the diagonal, shared by the threads that take them one by one."""

    vectors: NDArray[np.floating]
    is_usable: NDArray[np.bool_]
    block: int
    found: Proposals
    limits: Values
    _multiply: Product = field(init=False)
    _tiles: Iterator[tuple[int, int]] = field(default_factory=lambda: iter(()))
    _next_tile: threading.Lock = field(default_factory=threading.Lock)
    _block_locks: list[threading.Lock] = field(init=False)

    def __post_init__(self) -> None:
        self._multiply = product_for(*self.vectors.shape)
        self.limits = np.where(self.is_usable, self.limits, np.float32(np.inf))
        self._block_locks = [threading.Lock() for _ in range(0, len(self.vectors), self.block)]

    def run(self, tiles: Iterable[tuple[int, int]], num_threads: int | None) -> None:
        num_threads = usable_cores() if num_threads is None else num_threads
        self._tiles = iter(tiles)
        # one thread of BLAS and a tile a core: choosing then keeps no core waiting
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(num_threads) as threads:
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
        products = self._multiply(left, left if row == column else block_of(self.vectors, columns))
        products[~self.is_usable[rows]] = -np.inf
        products[:, ~self.is_usable[columns]] = -np.inf
        if row == column:
            np.fill_diagonal(products, -np.inf)
            self._keep_highest(rows, products)
            return
        above = np.flatnonzero(products > self.limits[rows, None])
        self._add(rows, columns, above // products.shape[1], above % products.shape[1], products.ravel()[above])
        above = np.flatnonzero(products > self.limits[columns])
        above = above[np.argsort(above % products.shape[1], kind="stable")]
        self._add(columns, rows, above % products.shape[1], above // products.shape[1], products.ravel()[above])

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
            kept = Proposals(self.found.values[touched], self.found.indices[touched]).with_more(fresh)
            self.found.values[touched], self.found.indices[touched] = kept.values, kept.indices
            self._raise_limits(touched)

    def _raise_limits(self, rows: NDArray[np.integer]) -> None:
        self.limits[rows] = np.maximum(self.limits[rows], self.found.values[rows].min(axis=1))


def _highest_columns(product: Values, count: int) -> NDArray[np.intp]:
    if product.shape[1] <= count:
        return np.broadcast_to(np.arange(product.shape[1]), product.shape)
    return np.argpartition(product, -count, axis=1)[:, -count:]
