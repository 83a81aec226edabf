"""How well scores find the photos of the same building.

Sources: average precision as in Manning et al., "Introduction to information retrieval" (2008), section 8.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOP = 10


@dataclass(frozen=True)
class RetrievalMeasures:
    """Means over all photos that have a partner.

    Attributes
    ----------
    mean_average_precision : float
        Over the ranking of all other photos.
    precision_at_1 : float
        Share of photos whose best other photo is a partner.
    recall_of_pairs : float
        Share of true (photo, partner) pairs with the partner among the photo's ten best.
    num_queries : int
        Photos that have a partner.
    """

    mean_average_precision: float
    precision_at_1: float
    recall_of_pairs: float
    num_queries: int


def average_precision(is_relevant: NDArray[np.bool_]) -> float:
    """Give the mean, over the relevant items of a ranking, of the share of relevant items up to each.

    Parameters
    ----------
    is_relevant : ndarray of bool, shape (n,)
        Best first.

    Raises
    ------
    ValueError
        When nothing is relevant.
    """
    ranks = np.flatnonzero(is_relevant)
    if not len(ranks):
        raise ValueError("is_relevant has no true item: the average precision of such a ranking is not defined")
    return float(np.mean(np.arange(1, len(ranks) + 1) / (ranks + 1)))


def measure_retrieval(descriptors: NDArray[np.floating], labels: NDArray, top: int = TOP) -> RetrievalMeasures:
    """Rank all other photos for each photo that has a partner, and compare with the labels.

    Parameters
    ----------
    descriptors : ndarray of float, shape (n, D)
        The score of two photos is their scalar product; of equal scores the earlier photo comes first.
    labels : ndarray, shape (n,)
        The building of each photo; a photo with a label of its own is nobody's partner, but stays in the rankings.
    top : int
        Length of the list that ``recall_of_pairs`` looks at.

    Raises
    ------
    ValueError
        When no two photos share a label.
    """
    precisions, firsts, num_found, num_true = [], [], 0, 0
    for _, is_partner in rank_partners(descriptors, labels):
        precisions.append(average_precision(is_partner))
        firsts.append(bool(is_partner[0]))
        num_found += int(is_partner[:top].sum())
        num_true += int(is_partner.sum())
    if not precisions:
        raise ValueError("no two photos share a label, so there is nothing to find")
    return RetrievalMeasures(float(np.mean(precisions)), float(np.mean(firsts)), num_found / num_true, len(precisions))


def rank_partners(descriptors: NDArray[np.floating], labels: NDArray) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Rank all other photos for each photo that has a partner.

    Parameters
    ----------
    descriptors, labels
        As :func:`measure_retrieval` takes them.

    Yields
    ------
    int
        The photo.
    ndarray of bool, shape (n - 1,)
        Whether each of the others, best first, is a partner.
    """
    labels = np.asarray(labels)
    for query in range(len(labels)):
        others = np.delete(np.arange(len(labels)), query)
        scores = descriptors[others].astype(np.float64) @ descriptors[query].astype(np.float64)
        is_partner = (labels[others] == labels[query])[np.argsort(-scores, kind="stable")]
        if is_partner.any():
            yield query, is_partner


@dataclass(frozen=True)
class RankMeasures:
    """How well lists of neighbours, cut at some length, find what queries should find; means over queries.

    Attributes
    ----------
    num_queries : int
        Queries that should find something.
    recall : dict of int to float
        By k: share of queries with a right photo among the first k, the hit rate. Where each query should find one
        photo it is the recall at k.
    mean_average_precision : float
        Of the whole lists: the average precision divides by the number of right photos, or by the length of the list
        where there are more of them.
    mean_reciprocal_rank : float
        1 / rank of the first right photo; 0 for a list without one.
    """

    num_queries: int
    recall: dict[int, float]
    mean_average_precision: float
    mean_reciprocal_rank: float


def measure_ranks(is_right: NDArray[np.bool_], num_right: NDArray[np.integer], ks: Sequence[int]) -> RankMeasures:
    """Measure lists of neighbours.

    Parameters
    ----------
    is_right : ndarray of bool, shape (Q, K)
        Best first; False where a list is shorter.
    num_right : ndarray of int, shape (Q,)
        Photos that each query should find, 1 or more.
    ks : sequence of int
        Lengths to look at, K at the most.

    Raises
    ------
    ValueError
        When there is no query, or one should find nothing.
    """
    if not len(is_right) or num_right.min() < 1:
        raise ValueError("each query must have something to find, and there must be one")
    length = is_right.shape[1]
    first = np.where(is_right.any(axis=1), is_right.argmax(axis=1), length)
    precisions = np.cumsum(is_right, axis=1) / np.arange(1, length + 1) * is_right
    return RankMeasures(
        len(is_right),
        {k: float(np.mean(first < k)) for k in ks},
        float(np.mean(precisions.sum(axis=1) / np.minimum(num_right, length))),
        float(np.mean(np.where(first < length, 1 / (first + 1), 0.0))),
    )


def overlap(scores: NDArray[np.float64], exact: NDArray[np.float64], k: int) -> float:
    """Give the share of the k nearest that an approximate search finds; what ties with the k-th nearest counts.

    Parameters
    ----------
    scores : ndarray, shape (Q, K)
        Exact scores of what it found, -inf where it found less.
    exact : ndarray, shape (Q, K)
        Scores of the nearest, best first, -inf where there are fewer.
    """
    there = np.isfinite(exact[:, :k])
    limits = np.where(there, exact[:, :k], np.inf).min(axis=1)
    num_found = (scores[:, :k] >= limits[:, None]).sum(axis=1)
    has_any = there.any(axis=1)
    return float(np.mean(num_found[has_any] / there.sum(axis=1)[has_any])) if has_any.any() else 1.0
