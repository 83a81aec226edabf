"""The most similar photos of a database for queries that need not be in it, exactly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hloc.proposals import block_of
from hloc.scoring import SCORE_UNITS, score_pairs
from hloc.tile_products import rounding_bound

QUERIES_PER_BLOCK = 64
COLUMNS_PER_BLOCK = 8192


def look_up(
    database: NDArray[np.floating],
    queries: NDArray[np.floating],
    num_to_match: int,
    own: NDArray[np.integer] | None = None,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Find the k most similar photos of a database for each query.

    A float32 product proposes all that a bound on its rounding (Higham 2002, section 3.1) cannot rule out; these are
    scored in float64 as :func:`hloc.scoring.score_pairs` does, so the result does not hang on blocks or threads.

    Parameters
    ----------
    database : ndarray, (N, D), floating
        Unit vectors in sorted order of names; a zero vector is never found. May be mapped from a file.
    queries : ndarray, (Q, D), floating
        Unit vectors; a zero vector finds nothing.
    num_to_match : int
        k; where there are fewer photos, all of them are given.
    own : ndarray, (Q,), int, optional
        Row of each query's own photo in the database, which it does not find; -1 where it is not there.

    Yields
    ------
    rows : ndarray, (<= k,), int64
        Of the database, highest score first, equal scores by row.
    scores : ndarray, (<= k,), float64
        Cosine similarities, rounded to 7 decimals.
    """
    is_usable = np.any(database, axis=1)
    for start in range(0, len(queries), QUERIES_PER_BLOCK):
        part = slice(start, start + QUERIES_PER_BLOCK)
        block = np.asarray(queries[part])
        products = _products(database, block)
        products[:, ~is_usable] = -np.inf
        products[~np.any(block, axis=1)] = -np.inf
        if own is not None:
            there = np.flatnonzero(own[part] >= 0)
            products[there, own[part][there]] = -np.inf
        yield from _best(database, block, products, num_to_match)


def _products(database: NDArray[np.floating], block: NDArray[np.floating]) -> NDArray[np.float32]:
    left = block_of(block, slice(None))
    products = np.empty((len(block), len(database)), np.float32)
    for start in range(0, len(database), COLUMNS_PER_BLOCK):
        columns = slice(start, start + COLUMNS_PER_BLOCK)
        products[:, columns] = left @ block_of(database, columns).T
    return products


def _best(
    database: NDArray[np.floating], block: NDArray[np.floating], products: NDArray[np.float32], num_to_match: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    count = min(num_to_match, len(database))
    limits = np.partition(products, -count, axis=1)[:, -count].astype(np.float64)
    slack = 2 * rounding_bound(database.shape[1]) + 1 / SCORE_UNITS
    places, rows = np.nonzero(np.isfinite(products) & (products >= (limits - slack)[:, None]))
    looked_at, numbers = np.unique(rows, return_inverse=True)
    vectors = np.concatenate([block, database[looked_at]])
    units = score_pairs(vectors, places, len(block) + numbers)
    for place in range(len(block)):
        own = np.flatnonzero(places == place)
        order = own[np.lexsort((rows[own], -units[own]))][:num_to_match]
        yield rows[order].astype(np.int64), units[order] / SCORE_UNITS
