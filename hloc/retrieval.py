"""Scored pairs from global descriptors: each photo with its k most similar others, exactly, in blocks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

ROWS_PER_BLOCK = 1024
COLUMNS_PER_BLOCK = 8192
SCORE_DECIMALS = 7
_SPARE = 16


def top_k(
    descriptors: NDArray[np.floating],
    num_to_match: int,
    min_score: float = 0.0,
    rows_per_block: int = ROWS_PER_BLOCK,
    columns_per_block: int = COLUMNS_PER_BLOCK,
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.float64]]]:
    """Give the k most similar other photos of every photo.

    Blocks of a float32 product propose; the proposals are scored again in float64, one pair at a time, so that a
    score depends on its two descriptors alone. A bound on the rounding of the product proves that no photo was
    missed; a row where it does not is searched in float64. The result is the same for any block size.

    Parameters
    ----------
    descriptors : ndarray, (N, D), floating
        Unit vectors in sorted order of names; a zero vector is in no pair.
    num_to_match : int
        k; where fewer photos are left, all of them are given.
    min_score : float
        Pairs below are left out.
    rows_per_block, columns_per_block : int
        Size of a block of the product; memory grows with their product.

    Yields
    ------
    row : int
        Index of the photo, ascending.
    others : ndarray, (<= k,), int64
        Indices of the most similar others: highest score first, equal scores by index.
    scores : ndarray, (<= k,), float64
        Cosine similarities, rounded to 7 decimals.
    """
    vectors = np.ascontiguousarray(descriptors, dtype=np.float32)
    is_usable = np.einsum("ij,ij->i", vectors, vectors) > 0
    slack = 2 * _rounding_bound(vectors.shape[1] if vectors.ndim == 2 else 0)
    for start in range(0, len(vectors), rows_per_block):
        rows = np.arange(start, min(start + rows_per_block, len(vectors)))
        values, indices = _propose(vectors, rows, is_usable, num_to_match + _SPARE, columns_per_block)
        for position, row in enumerate(rows):
            candidates = _proven(values[position], indices[position], num_to_match, slack)
            if candidates is None:
                candidates = np.flatnonzero(is_usable & (np.arange(len(vectors)) != row))
            if not is_usable[row]:
                candidates = candidates[:0]
            yield int(row), *_best(vectors, int(row), candidates, num_to_match, min_score)


def _rounding_bound(dimension: int) -> float:
    """Most that a float32 dot product of unit vectors can be off (Higham 2002, section 3.1), with room for lengths."""
    return 1.05 * (dimension + 1) * 2.0**-24


def _propose(
    vectors: NDArray[np.float32], rows: NDArray[np.int64], is_usable: NDArray[np.bool_], count: int, width: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Give the ``count`` highest products per row and their columns, -inf where there are fewer."""
    values = np.full((len(rows), 0), -np.inf, dtype=np.float32)
    indices = np.zeros((len(rows), 0), dtype=np.int64)
    for start in range(0, len(vectors), width):
        columns = np.arange(start, min(start + width, len(vectors)))
        product = vectors[rows] @ vectors[columns].T
        product[:, ~is_usable[columns]] = -np.inf
        product[rows[:, None] == columns[None, :]] = -np.inf
        values = np.concatenate([values, product], axis=1)
        indices = np.concatenate([indices, np.broadcast_to(columns, product.shape)], axis=1)
        if values.shape[1] > count:
            kept = np.argpartition(-values, count - 1, axis=1)[:, :count]
            values, indices = np.take_along_axis(values, kept, 1), np.take_along_axis(indices, kept, 1)
    return values, indices


def _proven(
    values: NDArray[np.float32], indices: NDArray[np.int64], num_to_match: int, slack: float
) -> NDArray[np.int64] | None:
    """Give the candidates that may be among the best k, or None when some may be missing."""
    is_real = values > -np.inf
    values, indices = values[is_real], indices[is_real]
    if len(values) < num_to_match + _SPARE:
        return indices
    limit = np.partition(values, -num_to_match)[-num_to_match] - slack
    return indices[values >= limit] if values.min() < limit else None


def _best(
    vectors: NDArray[np.float32], row: int, candidates: NDArray[np.int64], num_to_match: int, min_score: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    scores = np.empty(len(candidates))
    for start in range(0, len(candidates), COLUMNS_PER_BLOCK):
        part = candidates[start : start + COLUMNS_PER_BLOCK]
        products = vectors[part].astype(np.float64) * vectors[row].astype(np.float64)
        scores[start : start + COLUMNS_PER_BLOCK] = products.sum(axis=1)
    scores = np.round(scores, SCORE_DECIMALS) + 0.0
    keep = scores >= min_score
    candidates, scores = candidates[keep], scores[keep]
    order = np.lexsort((candidates, -scores))[:num_to_match]
    return candidates[order], scores[order]
