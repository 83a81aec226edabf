"""How well descriptors find the other photos of a building: what retrieval papers report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TOP = 10


@dataclass(frozen=True)
class RetrievalMeasures:
    """Measures over all photos whose building has a second photo; each is asked for, all others are ranked.

    Attributes
    ----------
    mean_average_precision : float
        Mean over the queries of the mean precision at each true photo's rank.
    precision_at_1 : float
        Share of queries whose best photo is of the same building.
    true_pairs_in_top_10 : float
        Share of all true (query, photo) pairs that stand among the query's ten best.
    num_queries : int
        Number of queries.
    """

    mean_average_precision: float
    precision_at_1: float
    true_pairs_in_top_10: float
    num_queries: int


def measure_retrieval(similarity: NDArray[np.floating], buildings: Sequence[str]) -> RetrievalMeasures:
    """Measure a similarity matrix against labels.

    Parameters
    ----------
    similarity : ndarray of float, shape (N, N)
        Higher is closer; the diagonal is not looked at. Ties go to the earlier photo.
    buildings : sequence of str
        N labels; a label that occurs once only distracts.

    Raises
    ------
    ValueError
        When no building has two photos.
    """
    labels = np.asarray(buildings)
    precisions, firsts, found, possible = [], [], 0, 0
    for query in range(len(labels)):
        order = np.argsort(-similarity[query], kind="stable")
        is_true = (labels == labels[query])[order[order != query]]
        ranks = np.flatnonzero(is_true) + 1
        if len(ranks):
            precisions.append(float(np.mean(np.arange(1, len(ranks) + 1) / ranks)))
            firsts.append(bool(is_true[0]))
            found += int(np.count_nonzero(ranks <= TOP))
            possible += len(ranks)
    if not precisions:
        raise ValueError("no building has two photos")
    return RetrievalMeasures(float(np.mean(precisions)), float(np.mean(firsts)), found / possible, len(precisions))
