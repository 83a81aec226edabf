"""How near two vectors are: cosine, scalar product, squared Euclidean, Manhattan, Jensen-Shannon, Hamming.

All give *scores*, higher is nearer: of a distance its negative.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.special import rel_entr

from storage.errors import UsageError

SCORE_DECIMALS = 7
BLOCK_BYTES = 1 << 26  # of what lies between two steps of the Jensen-Shannon divergence
Vectors = NDArray[Any]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """One way to compare vectors.

    Attributes
    ----------
    name : str
        As ``--metric`` says it.
    faiss_name : str or None
        Constant of faiss; None where it has none that can be relied on.
    prepare : callable
        Turns descriptors (N, D) into the vectors (N, D) that are compared; float32, of Hamming uint8.
    block : callable
        Scores (A, B) of each of A prepared vectors with each of B, to rounding.
    pairs : callable
        Scores (P,) of one prepared vector (D,) with each of P (P, D); that of a row hangs on no other row.
    """

    name: str
    faiss_name: str | None
    prepare: Callable[[Vectors], Vectors]
    block: Callable[[Vectors, Vectors], Scores]
    pairs: Callable[[Vectors, Vectors], Scores]


def unit_rows(vectors: Vectors) -> NDArray[np.float32]:
    """Divide each row by its Euclidean length; a row of zeros stays."""
    rows = np.asarray(vectors, np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    return (rows / np.where(lengths > 0, lengths, 1.0)[:, None]).astype(np.float32)


def probability_rows(vectors: Vectors) -> NDArray[np.float32]:
    """Divide each row by its sum, so that it is a distribution; a row of zeros stays.

    Raises
    ------
    UsageError
        When a number is negative.
    """
    rows = np.asarray(vectors, np.float32)
    if rows.size and rows.min() < 0:
        raise UsageError(
            "--metric js compares distributions, but these vectors have negative numbers; take l1 or cosine"
        )
    sums = rows.sum(axis=1, dtype=np.float64)
    return (rows / np.where(sums > 0, sums, 1.0)[:, None]).astype(np.float32)


def jensen_shannon(one: Vectors, others: Vectors) -> Scores:
    """Give the Jensen-Shannon divergence of a distribution (D,) to each of others (P, D), in nats.

    It is (KL(p || m) + KL(q || m)) / 2 with m = (p + q) / 2 (Lin, "Divergence measures based on the Shannon entropy",
    1991), from 0 to ln 2; the square of what ``scipy.spatial.distance.jensenshannon`` gives. A coordinate that is 0 in
    one or both adds what its limit is: 0 ln 0 = 0. faiss takes the logarithm of 0 there and loses the row.
    """
    found = np.empty(len(others))
    own = np.asarray(one, np.float64)
    own = own / max(own.sum(), np.finfo(np.float64).tiny)  # float32 rows sum to 1 but for rounding
    step = max(1, BLOCK_BYTES // (8 * max(1, own.size)))
    for start in range(0, len(others), step):
        part = np.asarray(others[start : start + step], np.float64)
        part = part / np.maximum(part.sum(axis=1), np.finfo(np.float64).tiny)[:, None]
        middle = (part + own) / 2
        found[start : start + step] = (rel_entr(part, middle).sum(axis=1) + rel_entr(own, middle).sum(axis=1)) / 2
    return np.maximum(found, 0.0)


def _floats(vectors: Vectors) -> Vectors:
    return np.asarray(vectors, np.float32)


def _products(some: Vectors, others: Vectors) -> Scores:
    return np.asarray(some, np.float64) @ np.asarray(others, np.float64).T


def _product_pairs(one: Vectors, others: Vectors) -> Scores:
    return np.einsum("j,ij->i", np.asarray(one, np.float64), np.asarray(others, np.float64))


def _negative_squares(some: Vectors, others: Vectors) -> Scores:
    left, right = np.asarray(some, np.float64), np.asarray(others, np.float64)
    squares = np.einsum("ij,ij->i", left, left)[:, None] + np.einsum("ij,ij->i", right, right)
    return 2 * (left @ right.T) - squares


def _negative_square_pairs(one: Vectors, others: Vectors) -> Scores:
    difference = np.asarray(others, np.float64) - np.asarray(one, np.float64)
    return -np.einsum("ij,ij->i", difference, difference)


def _negative_manhattan(some: Vectors, others: Vectors) -> Scores:
    return -cdist(np.asarray(some, np.float64), np.asarray(others, np.float64), "cityblock")


def _negative_manhattan_pairs(one: Vectors, others: Vectors) -> Scores:
    return _negative_manhattan(one[None], others)[0]


def _negative_divergences(some: Vectors, others: Vectors) -> Scores:
    return np.array([-jensen_shannon(one, others) for one in some]).reshape(len(some), len(others))


def _negative_divergence_pairs(one: Vectors, others: Vectors) -> Scores:
    return -jensen_shannon(one, others)


def _bits(vectors: Vectors) -> NDArray[np.uint8]:
    return np.ascontiguousarray(vectors, np.uint8)


def _negative_bits(some: Vectors, others: Vectors) -> Scores:
    return np.array([_negative_bit_pairs(one, others) for one in some]).reshape(len(some), len(others))


def _negative_bit_pairs(one: Vectors, others: Vectors) -> Scores:
    return -np.bitwise_count(np.bitwise_xor(one, others)).sum(axis=1, dtype=np.int64).astype(np.float64)


HAMMING = "hamming"
METRICS = {
    metric.name: metric
    for metric in (
        Metric("cosine", "METRIC_INNER_PRODUCT", unit_rows, _products, _product_pairs),
        Metric("l2", "METRIC_L2", _floats, _negative_squares, _negative_square_pairs),
        Metric("l1", "METRIC_L1", _floats, _negative_manhattan, _negative_manhattan_pairs),
        Metric("ip", "METRIC_INNER_PRODUCT", _floats, _products, _product_pairs),
        Metric("js", None, probability_rows, _negative_divergences, _negative_divergence_pairs),
        Metric(HAMMING, None, _bits, _negative_bits, _negative_bit_pairs),
    )
}
