"""The score of a pair: the scalar product of its two descriptors in float64, the same wherever the two stand.

A product is summed by itself, in one thread and from a buffer of fixed place, and rounded to 7 decimals, a billion
times what is left of float64's rounding. Of a matrix product the last digits hang on the shape of the block, on threads
and on the row. float32 sums in a fixed order were a third faster, but their errors, some 1e-8 for 4,096 dimensions by
estimate, reach into the seventh decimal, and close photos would change places.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from storage.machine import usable_cores

SCORE_DECIMALS = 7
SCORE_UNITS = 10**SCORE_DECIMALS
MOST_UNITS = 2 * SCORE_UNITS  # more than any score of unit vectors, rounded as they are
INDEX_BITS = 31
NO_PAIR = np.iinfo(np.int64).max
PAIRS_PER_TASK = 16_384
NUMBERS_PER_PART = 32_768  # 0.4 MiB with their float64 form: stays in the cache of a core

Rows = NDArray[np.integer]


def score_pairs(
    vectors: NDArray[np.floating], first: Rows, second: Rows, num_threads: int | None = None
) -> NDArray[np.int64]:
    """Give the scores of pairs in units of 1e-7, each pair of two photos computed once.

    Parameters
    ----------
    vectors : ndarray of float, shape (N, D)
        Descriptors; may be mapped from a file.
    first, second : ndarray of int, shape (P,)
        Rows of the pairs, in any order and direction; a pair may stand twice.
    num_threads : int, optional
        As many as the process may use cores, when not given.
    """
    keys = np.minimum(first, second).astype(np.int64) * len(vectors) + np.maximum(first, second)
    pairs, place = np.unique(keys, return_inverse=True)
    scores = np.empty(len(pairs))
    tasks = range(0, len(pairs), PAIRS_PER_TASK)

    def run(start: int) -> None:
        part = slice(start, start + PAIRS_PER_TASK)
        scores[part] = _products(vectors, pairs[part] // len(vectors), pairs[part] % len(vectors))

    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(num_threads or usable_cores()) as threads:
        list(threads.map(run, tasks))
    units: NDArray[np.int64] = np.rint(scores * SCORE_UNITS).astype(np.int64)[place]
    return units


def _products(vectors: NDArray[np.floating], first: Rows, second: Rows) -> NDArray[np.float64]:
    """Give the scalar products of pairs that are sorted by ``first``."""
    dimension = vectors.shape[1]
    size = max(1, NUMBERS_PER_PART // max(1, dimension))
    stored, wide = np.empty((size, dimension), vectors.dtype), np.empty((size, dimension))
    result, bounds = np.empty(len(first)), [*np.flatnonzero(np.diff(first, prepend=-1)), len(first)]
    for begin, end in zip(bounds[:-1], bounds[1:], strict=True):
        vector = vectors[first[begin]].astype(np.float64)
        for start in range(begin, end, size):
            count = min(size, end - start)
            np.take(vectors, second[start : start + count], axis=0, out=stored[:count], mode="clip")
            np.copyto(wide[:count], stored[:count])
            np.vecdot(wide[:count], vector, out=result[start : start + count])
    return result


def pack(others: Rows, units: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give numbers whose ascending order is that of pairs: highest score first, equal scores by the other's row."""
    return (MOST_UNITS - units) << INDEX_BITS | others


def unpack(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give the other's row and the score of each packed pair."""
    return keys & (2**INDEX_BITS - 1), (MOST_UNITS - (keys >> INDEX_BITS)) / SCORE_UNITS
