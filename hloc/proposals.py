"""The highest entries per row of the product of unit vectors with themselves, block by block.

The product is symmetric: a block (rows, columns) above the diagonal serves its rows and, turned, its columns, so that
half of the product is never computed. A block adds to a row what exceeds the row's lowest proposal so far; after the
first blocks that is little, so choosing costs one comparison per entry.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST_EMPTY = 0.5  # share of rows without enough proposals up to which only what is above the limits is sorted

Values = NDArray[np.float32]
Indices = NDArray[np.int32]


def propose(vectors: Values, is_usable: NDArray[np.bool_], count: int, block: int) -> tuple[Values, Indices]:
    """Give, for each vector, the others with the ``count`` highest float32 products.

    Parameters
    ----------
    vectors : ndarray of float32, shape (N, D)
        Unit vectors; N below 2**31.
    is_usable : ndarray of bool, shape (N,)
        Others are proposed to none, and have no proposals.
    count : int
        Proposals per vector.
    block : int
        Rows and columns of a block.

    Returns
    -------
    values : ndarray of float32, shape (N, count)
        Products in no order; -inf where there are fewer.
    indices : ndarray of int32, shape (N, count)
        Rows of the others.
    """
    values = np.full((len(vectors), count), -np.inf, np.float32)
    indices = np.zeros((len(vectors), count), np.int32)
    for row in range(0, len(vectors), block):
        rows = slice(row, min(row + block, len(vectors)))
        for column in range(row, len(vectors), block):
            columns = slice(column, min(column + block, len(vectors)))
            product = vectors[rows] @ vectors[columns].T
            product[~is_usable[rows]] = -np.inf
            product[:, ~is_usable[columns]] = -np.inf
            if row == column:
                np.fill_diagonal(product, -np.inf)
            else:
                _take_in(values[columns], indices[columns], product.T, row)
            _take_in(values[rows], indices[rows], product, column)
    return values, indices


def _take_in(values: Values, indices: Indices, product: Values, offset: int) -> None:
    """Put what is higher in ``product`` (R, C), its columns numbered from ``offset``, into the proposals (R, count)."""
    limits = values.min(axis=1)
    find = _highest if np.mean(np.isneginf(limits)) > MOST_EMPTY else _higher
    fresh_values, fresh_columns = find(product, limits, values.shape[1])
    both = np.concatenate([values, fresh_values], axis=1), np.concatenate([indices, fresh_columns + offset], axis=1)
    kept = _highest_columns(both[0], values.shape[1])
    values[:], indices[:] = (np.take_along_axis(part, kept, 1) for part in both)


def _highest(product: Values, _limits: Values, count: int) -> tuple[Values, Indices]:
    columns = _highest_columns(product, count)
    return np.take_along_axis(product, columns, 1), columns.astype(np.int32)


def _highest_columns(product: Values, count: int) -> NDArray[np.intp]:
    if product.shape[1] <= count:
        return np.broadcast_to(np.arange(product.shape[1]), product.shape)
    return np.argpartition(product, -count, axis=1)[:, -count:]


def _higher(product: Values, limits: Values, _count: int) -> tuple[Values, Indices]:
    """Give what is above the limit of its row, in (R, M) filled up with -inf."""
    rows, columns = _nonzero_by_row(product > limits[:, None])
    counts = np.bincount(rows, minlength=len(limits))
    place = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    values = np.full((len(limits), counts.max(initial=0)), -np.inf, np.float32)
    found = np.zeros(values.shape, np.int32)
    values[rows, place], found[rows, place] = product[rows, columns], columns
    return values, found


def _nonzero_by_row(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give rows and columns of the set entries, ascending in rows, whichever way the mask lies in memory."""
    if mask.flags.c_contiguous:
        rows, columns = np.nonzero(mask)
        return rows, columns
    columns, rows = np.nonzero(mask.T)
    order = np.argsort(rows, kind="stable")
    return rows[order], columns[order]
