"""What a person should look at: joins that pairs speak for and that were not made, and contradictions of positions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustering.agreement import Links, find_linkages
from clustering.graph import Edges
from clustering.grouping import Doubt, DoubtCause
from clustering.places import Places
from clustering.sorting import stable_order

CAUSES = (DoubtCause.POSITIONS, DoubtCause.TIE, DoubtCause.FEW_AGREE, DoubtCause.UNSURE)


@dataclass(frozen=True)
class Marks:
    """Where joins begin to be made, and to be worth a look.

    Attributes
    ----------
    strong, weak : float
        Probabilities.
    agreement : float
        Least agreement of a join.
    """

    strong: float
    weak: float
    agreement: float


def find_doubts(
    edges: Edges, links: Links, label: NDArray[np.int64], places: Places, marks: Marks
) -> tuple[Doubt, ...]:
    """List the doubtful joins between finished clusters, the best pairs first.

    Parameters
    ----------
    edges : Edges
        Pairs at the weak threshold that no decision forbids.
    links : Links
        Those of them that positions do not contradict, weak ones too.
    label : ndarray of int64, shape (N,)
        Cluster of each photo: the number of its lowest photo.
    places : Places
        Positions of the photos, and of the clusters by label.
    marks : Marks
        Thresholds.
    """
    ends = np.sort(np.column_stack((label[edges.first], label[edges.second])), axis=1)
    contradicts = places.contradict(edges.first, edges.second)
    is_between = ends[:, 0] != ends[:, 1]
    inside = np.flatnonzero(~is_between & contradicts)
    between = np.flatnonzero(is_between)
    # edges come by falling score: the first of each two clusters is their best pair
    keys = ends[between, 0] * len(label) + ends[between, 1]
    order = stable_order(keys, len(label) ** 2)
    is_new = np.diff(keys[order], prepend=-1) > 0
    best = between[order[is_new]]
    agreement = _agreement(links.at_least(marks.strong), label, ends[best])
    with_weak = _agreement(links, label, ends[best])
    is_far = contradicts[best] | places.clusters_contradict(ends[best, 0], ends[best, 1])
    is_strong = edges.score[best] >= marks.strong
    is_cause = [
        is_far,
        is_strong & (agreement >= marks.agreement),
        is_strong,
        with_weak >= marks.weak,
    ]
    cause = np.select(is_cause, np.arange(len(CAUSES)), -1)
    rows = np.concatenate((best[cause >= 0], inside))
    causes = np.concatenate((cause[cause >= 0], np.zeros(len(inside), dtype=np.int64)))
    agreement = np.where(is_strong, agreement, with_weak)
    agreements = np.concatenate((agreement[cause >= 0], np.full(len(inside), np.nan)))
    metres = places.distance_m(edges.first[rows], edges.second[rows])
    metres = np.where(np.isnan(metres), places.cluster_distance_m(ends[rows, 0], ends[rows, 1]), metres)
    order = np.argsort(rows)
    columns = (edges.first[rows], edges.second[rows], edges.score[rows], causes, agreements, metres)
    return tuple(
        Doubt(
            CAUSES[which],
            (first, second, score),
            None if np.isnan(value) else value,
            distance_m if CAUSES[which] is DoubtCause.POSITIONS else None,
        )
        for first, second, score, which, value, distance_m in zip(
            *(column[order].tolist() for column in columns), strict=True
        )
    )


def _agreement(links: Links, label: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give the agreement of pairs of clusters, ascending; 0 for those without a link."""
    size = np.bincount(label, minlength=len(label))
    linkages = find_linkages(links.take(label[links.first] != label[links.second]), label, size)
    factors = np.array([len(label), 1])
    known, asked = np.column_stack((linkages.first, linkages.second)) @ factors, ends @ factors
    found = np.zeros(len(asked))
    place = np.searchsorted(asked, known)
    is_asked = np.isin(known, asked)
    found[place[is_asked]] = linkages.agreement[is_asked]
    return found
