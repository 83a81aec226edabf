"""The exact nearest rows of a database for queries, by any metric; equal scores go to the lowest row first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hloc.search_metrics import SCORE_DECIMALS, Metric, Vectors
from hloc.tile_products import rounding_bound

NONE = -1  # row where there are fewer neighbours than asked for
QUERIES_PER_BLOCK = 64
COLUMNS_PER_BLOCK = 8192
DOUBTS = 1e-6  # scores of a block differ by less from those of pairs, which count
SPARE = 16  # candidates beyond k, so that most answers of an index can be proven without another search

Rows = NDArray[np.int64]
Propose = Callable[[Vectors, int], tuple[NDArray[np.floating], Rows]]


@dataclass(frozen=True, eq=False)
class Found:
    """Neighbours of Q queries.

    Attributes
    ----------
    rows : ndarray, (Q, k), int64
        Of the database, best first; ``NONE`` where there are fewer.
    scores : ndarray, (Q, k), float64
        Higher is nearer; -inf where there are fewer.
    """

    rows: Rows
    scores: NDArray[np.float64]

    @classmethod
    def empty(cls, num_queries: int, k: int) -> Found:
        """Give room for the neighbours of so many queries."""
        return cls(np.full((num_queries, k), NONE, np.int64), np.full((num_queries, k), -np.inf))

    def put(self, query: int, rows: Rows, scores: NDArray[np.float64]) -> None:
        """Set the neighbours of one query: at most k, best first."""
        self.rows[query, : len(rows)] = rows[: self.rows.shape[1]]
        self.scores[query, : len(rows)] = scores[: self.rows.shape[1]]


def search_exactly(
    metric: Metric, database: Vectors, queries: Vectors, k: int, own: NDArray[np.integer] | None = None
) -> Found:
    """Compare each query with each row of the database.

    Parameters
    ----------
    database, queries : ndarray, (N, D) and (Q, D)
        As ``metric.prepare`` gives them.
    k : int
        Neighbours of each query.
    own : ndarray of int, (Q,), optional
        Row of the query itself, which it does not find; -1 where it is not in the database.

    Returns
    -------
    Found
        Scores are rounded to 7 decimals; equal ones are in the order of rows.
    """
    found = Found.empty(len(queries), k)
    for start in range(0, len(queries), QUERIES_PER_BLOCK):
        block = queries[start : start + QUERIES_PER_BLOCK]
        scores = np.empty((len(block), len(database)))
        for first in range(0, len(database), COLUMNS_PER_BLOCK):
            columns = slice(first, first + COLUMNS_PER_BLOCK)
            scores[:, columns] = metric.block(block, database[columns])
        for place, of_query in enumerate(scores):
            if own is not None and own[start + place] >= 0:
                of_query[own[start + place]] = -np.inf
            limit = np.partition(of_query, -min(k, len(of_query)))[-min(k, len(of_query))]
            candidates = np.flatnonzero((of_query >= limit - DOUBTS) & np.isfinite(of_query))
            found.put(start + place, *rank(metric, block[place], database, candidates))
    return found


def rank(
    metric: Metric, query: Vectors, database: Vectors, candidates: NDArray[np.integer]
) -> tuple[Rows, NDArray[np.float64]]:
    """Give rows of the database, best first, equal ones by row, and their rounded scores."""
    rows = np.sort(candidates).astype(np.int64)
    scores = np.round(metric.pairs(query, database[rows]), SCORE_DECIMALS) + 0.0  # no negative zero
    order = np.argsort(-scores, kind="stable")
    return rows[order], scores[order]


def prove(
    propose: Propose,
    metric: Metric,
    database: Vectors,
    queries: Vectors,
    k: int,
    own: NDArray[np.integer] | None = None,
) -> Found:
    """Turn what an exact index of another library proposes into what :func:`search_exactly` gives.

    The library computes in float32 and orders equal rows as it likes. So it is asked for a few more than k; these are
    scored in float64. Where the last proposal is not worse than the k-th by more than rounding explains, a row that
    was not proposed may belong among the k: such queries are searched again, by :func:`search_exactly`.

    Parameters
    ----------
    propose : callable
        Takes queries (Q, D) and a count; gives scores (Q, count), best first, and rows (Q, count).
    """
    count = min(len(database), k + SPARE)
    values, rows = propose(queries, count)
    found, doubtful = Found.empty(len(queries), k), []
    slack = 4 * rounding_bound(queries.shape[1]) + 10.0**-SCORE_DECIMALS
    for query in range(len(queries)):
        is_other = (rows[query] >= 0) & (rows[query] != (NONE if own is None else own[query]))
        ranked, scores = rank(metric, queries[query], database, rows[query][is_other])
        found.put(query, ranked, scores)
        last = float(values[query][-1])
        largest = max(1.0, float(np.abs(values[query]).max(initial=0.0)))
        if count < len(database) and not last < scores[:k][-1] - slack * largest:
            doubtful.append(query)
    if doubtful:
        again = search_exactly(metric, database, queries[doubtful], k, None if own is None else own[doubtful])
        found.rows[doubtful], found.scores[doubtful] = again.rows, again.scores
    return found


def without_own(values: NDArray[np.floating], rows: Rows, k: int, own: NDArray[np.integer] | None = None) -> Found:
    """Give the k best of what an approximate index found, without the query itself, equal scores by row.

    Parameters
    ----------
    values, rows : ndarray, (Q, count)
        Scores as the index has them, which may be approximate, and rows; a row below 0 is none.
    """
    found = Found.empty(len(rows), k)
    for query, (of_query, places) in enumerate(zip(values, rows, strict=True)):
        is_other = (places >= 0) & (places != (NONE if own is None else own[query]))
        scores, others = of_query[is_other].astype(np.float64), places[is_other]
        order = np.lexsort((others, -scores))
        found.put(query, others[order].astype(np.int64), scores[order])
    return found


def scores_of(metric: Metric, database: Vectors, queries: Vectors, rows: Rows) -> NDArray[np.float64]:
    """Give the exact scores (Q, K) of rows (Q, K) that something found; -inf for ``NONE``."""
    scores = np.full(rows.shape, -np.inf)
    for query, of_query in enumerate(rows):
        there = of_query >= 0
        exact = metric.pairs(queries[query], database[of_query[there]])
        scores[query, there] = np.round(exact, SCORE_DECIMALS) + 0.0
    return scores
