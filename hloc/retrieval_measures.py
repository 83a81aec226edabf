"""How well scores find the photos of the same building.

Sources: average precision as in Manning et al., "Introduction to information retrieval" (2008), section 8.4.
"""

from __future__ import annotations

from collections.abc import Iterator
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
