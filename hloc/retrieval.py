"""Scored pairs from global descriptors: each photo with its k most similar others, exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hloc.approximate import propose_approximately
from hloc.gpu_proposals import propose_with_torch
from hloc.proposals import Proposals, block_of, propose
from hloc.scoring import NO_PAIR, SCORE_UNITS, pack, score_pairs, unpack
from hloc.tile_products import rounding_bound

ROWS_PER_BLOCK = 1024
SPARE = 16
ROWS_PER_RANKING = 1 << 15  # photos whose proposals are scored at once
RECALL_SAMPLE = 200  # photos that are searched exactly too, to say what an approximate search missed


@dataclass(frozen=True)
class SearchWay:
    """How the proposals are made; the scores are exact all the same.

    Attributes
    ----------
    kind : {"exact", "approximate"}
        Whether it is proven that no photo was missed.
    device : str
        ``cpu``, or what :func:`hloc.gpu_proposals.choose_device` gives for a GPU (of the exact search).
    rows_per_block : int
        Side of a tile of the product.
    """

    kind: str = "exact"
    device: str = "cpu"
    rows_per_block: int = ROWS_PER_BLOCK


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The most similar others of N photos.

    Attributes
    ----------
    keys : ndarray of int64, shape (N, k)
        Packed as :func:`hloc.scoring.pack` says, in order, filled up with ``NO_PAIR``.
    recall : float
        Share of the true ones that are there, measured on a sample when the search was approximate; else 1.
    """

    keys: NDArray[np.int64]
    recall: float

    def rows(self) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.float64]]]:
        """Give row, others and scores of each photo, as :func:`top_k` does."""
        for row, keys in enumerate(self.keys):
            yield row, *unpack(keys[keys < NO_PAIR])


def top_k(
    descriptors: NDArray[np.floating],
    num_to_match: int,
    min_score: float = 0.0,
    rows_per_block: int = ROWS_PER_BLOCK,
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.float64]]]:
    """Give the k most similar other photos of every photo, exactly; see :func:`find_neighbours`.

    Yields
    ------
    row : int
        Index of the photo, ascending.
    others : ndarray, (<= k,), int64
        Indices of the most similar others: highest score first, equal scores by index.
    scores : ndarray, (<= k,), float64
        Cosine similarities, rounded to 7 decimals.
    """
    yield from find_neighbours(descriptors, num_to_match, min_score, SearchWay(rows_per_block=rows_per_block)).rows()


def find_neighbours(
    descriptors: NDArray[np.floating], num_to_match: int, min_score: float = 0.0, way: SearchWay | None = None
) -> Neighbours:
    """Find the k most similar other photos of every photo.

    Tiles of a float32 product propose, each for its rows and its columns, as the product is symmetric; the proposals
    are scored again in float64, each pair once and by itself, so that a score depends on its two descriptors alone. A
    bound on the rounding of the product proves that no photo was missed; rows where it does not are searched again
    for everything within that bound. The result is the same for any size of the tiles, number of cores and device.

    Parameters
    ----------
    descriptors : ndarray, (N, D), floating
        Unit vectors in sorted order of names; a zero vector is in no pair. May be mapped from a file. Memory beside
        them grows with N times k, and with the size of a tile times the cores.
    num_to_match : int
        k; where fewer photos are left, all of them are given.
    min_score : float
        Pairs below are left out.
    way : SearchWay
        Who proposes.
    """
    way = way or SearchWay()
    vectors = np.asarray(descriptors)  # of a mapped file: the same memory, without the cost of a memmap's indexing
    is_usable = is_nonzero(vectors, way.rows_per_block)
    search = Search(vectors, is_usable, num_to_match, min_score, way.rows_per_block)
    if way.kind == "approximate":
        keys = search.best(propose_approximately(vectors, is_usable, search.count), is_exact=False)
        return Neighbours(keys, search.recall(keys))
    if way.device != "cpu":
        proposals = propose_with_torch(vectors, is_usable, search.count, way.device)
    else:
        proposals = propose(vectors, is_usable, search.count, way.rows_per_block, search.lowest)
    return Neighbours(search.best(proposals), 1.0)


def is_nonzero(vectors: NDArray[np.floating], block: int = ROWS_PER_BLOCK) -> NDArray[np.bool_]:
    """Tell which rows are no zero vectors, (N,); so many rows are looked at at a time."""
    parts = (np.any(vectors[start : start + block], axis=1) for start in range(0, len(vectors), block))
    return np.concatenate([np.zeros(0, bool), *parts])


@dataclass(frozen=True, eq=False)
class Search:
    """Proposals to the best k: what may be among them is scored, what is not proven is searched again.

    Attributes
    ----------
    vectors, num_to_match, min_score
        As of :func:`find_neighbours`.
    is_usable : ndarray of bool, shape (N,)
        What :func:`is_nonzero` says of the vectors.
    block : int
        Rows and columns of a tile.
    num_threads : int or None
        That scores are computed by; None for as many as the process may use cores.
    """

    vectors: NDArray[np.floating]
    is_usable: NDArray[np.bool_]
    num_to_match: int
    min_score: float
    block: int = ROWS_PER_BLOCK
    num_threads: int | None = None

    @property
    def count(self) -> int:
        """Proposals that each photo needs."""
        return self.num_to_match + SPARE

    @property
    def slack(self) -> float:
        """Most that the products of two pairs can differ by when their scores are equal."""
        return 2 * rounding_bound(self.vectors.shape[1]) + 1 / SCORE_UNITS

    @property
    def lowest(self) -> float:
        """The product up to which a pair's score is certainly below the wanted ones."""
        return self.min_score - self.slack

    def best(self, proposals: Proposals, is_exact: bool = True, start: int = 0) -> NDArray[np.int64]:
        """Give the packed best others of the photos from ``start`` on that there are proposals for.

        They are in order, (rows, k), filled up with ``NO_PAIR``. Proposals that are not exact prove nothing.
        """
        num_rows = len(proposals.values)
        best = np.empty((num_rows, self.num_to_match), np.int64)
        for begin in range(0, num_rows, ROWS_PER_RANKING):
            rows = slice(begin, begin + ROWS_PER_RANKING)
            best[rows] = self._best(proposals.of_rows(rows), is_exact, start + begin)
        return best

    def _best(self, proposals: Proposals, is_exact: bool, start: int) -> NDArray[np.int64]:
        limits, is_proven = self._limits(proposals.values)
        is_near = (proposals.values >= limits[:, None]) | (not is_exact)  # products of an index are rounded far more
        rows, places = np.nonzero(np.isfinite(proposals.values) & is_near)
        best = self._ranked(len(limits), rows, rows + start, proposals.indices[rows, places])
        unproven = np.flatnonzero(~is_proven & is_exact)
        for begin in range(0, len(unproven), self.block):
            again = unproven[begin : begin + self.block]
            best[again] = self._searched_again(again + start, limits[again])
        return best

    def recall(self, keys: NDArray[np.int64]) -> float:
        """Give the share of the true best that ``keys`` hold, over a sample of rows spread evenly."""
        rows = np.unique(np.linspace(0, len(keys) - 1, RECALL_SAMPLE).astype(np.intp))[: len(keys)]
        exact = self._searched_again(rows, self._lowest_of_best(rows))
        is_true = exact < NO_PAIR
        is_found = np.array([np.isin(wanted, found) for wanted, found in zip(exact, keys[rows], strict=True)])
        return float((is_found & is_true).sum() / max(1, is_true.sum()))

    def _limits(self, values: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Give the lowest product that may belong to a row's best, and whether the row's proposals hold all above."""
        highest = np.partition(values, -self.num_to_match, axis=1)[:, -self.num_to_match].astype(np.float64)
        limits, ends = np.maximum(highest - self.slack, self.lowest), values.min(axis=1)
        return limits, (ends < limits) | (ends <= self.lowest)

    def _lowest_of_best(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Give what a product must reach to be among the best of its row, as :meth:`_limits` does."""
        left, highest = block_of(self.vectors, rows), np.full((len(rows), self.num_to_match), -np.inf, np.float32)
        for columns, product in self._products(left):
            product[:, ~self.is_usable[columns]] = -np.inf
            product[columns.start + np.arange(product.shape[1]) == rows[:, None]] = -np.inf
            both = np.concatenate([highest, product], axis=1)
            highest = np.partition(both, -self.num_to_match, axis=1)[:, -self.num_to_match :]
        return np.maximum(highest.min(axis=1).astype(np.float64) - self.slack, self.lowest)

    def _products(self, left: NDArray[np.float32]) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        for start in range(0, len(self.vectors), self.block):
            columns = slice(start, start + self.block)
            yield columns, left @ block_of(self.vectors, columns).T

    def _searched_again(self, rows: NDArray[np.intp], limits: NDArray[np.float64]) -> NDArray[np.int64]:
        """Give the same as :meth:`best` for some rows, of all photos whose product reaches the row's limit."""
        found = [np.zeros((2, 0), np.intp)]
        for columns, product in self._products(block_of(self.vectors, rows)):
            place, column = np.nonzero(product >= limits[:, None])
            found.append(np.stack([place, column + columns.start]))
        place, others = np.concatenate(found, axis=1)
        is_pair = self.is_usable[others] & (others != rows[place])
        place, others = place[is_pair], others[is_pair]
        order = np.argsort(place, kind="stable")
        place, others = place[order], others[order]
        return self._ranked(len(rows), place, rows[place], others)

    def _ranked(
        self, num_rows: int, place: NDArray[np.intp], rows: NDArray[np.intp], others: NDArray[np.integer]
    ) -> NDArray[np.int64]:
        """Score pairs of ``rows`` and ``others``; give the best for each place, ascending, they belong to."""
        units = score_pairs(self.vectors, rows, others, self.num_threads)
        counts = np.bincount(place, minlength=num_rows)
        rank = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
        keys = np.full((num_rows, max(self.num_to_match, int(counts.max(initial=0)))), NO_PAIR)
        keys[place, rank] = np.where(units / SCORE_UNITS >= self.min_score, pack(others, units), NO_PAIR)
        keys.sort(axis=1)
        return np.ascontiguousarray(keys[:, : self.num_to_match])
