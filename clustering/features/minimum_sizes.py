"""The fewest vectors of a cluster: by a rule on their number, or by what several sizes give."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.stats import rankdata

from clustering.features.clusterers.base import Labels
from clustering.features.density_validity import ReachabilityTree, relative_validity

LARGEST_SHARE = 5  # no size is tried that fewer clusters than these could have
_GROWTH = math.sqrt(2)  # from one size that is tried to the next
# number of vectors below which a size holds; from the last on it is a hundredth of the vectors
_SIZES = ((20, 2), (41, 3))
_RULE_OF_TWENTIETH, _RULE_OF_FIVE = 100, 500


def minimum_cluster_size(num_vectors: int) -> int:
    """Give the fewest vectors of a cluster, by a rule of thumb for photos.

    Below 20 vectors 2, up to 40 3, up to 99 a twentieth (rounded up), up to 499 5, from there on a hundredth (rounded
    down). Always an integer of 2 or more.
    """
    for below, size in _SIZES:
        if num_vectors < below:
            return size
    if num_vectors < _RULE_OF_TWENTIETH:
        return -(-num_vectors // 20)
    return 5 if num_vectors < _RULE_OF_FIVE else num_vectors // 100


def sizes_to_try(num_vectors: int) -> list[int]:
    """Give sizes from 2 up to a fifth of the vectors, each about 1.4 times the one before."""
    sizes, size = [2], 2.0
    while round(size * _GROWTH) <= num_vectors // LARGEST_SHARE:
        size *= _GROWTH
        sizes.append(round(size))
    return sorted(set(sizes))


@dataclass(frozen=True)
class SizeTrial:
    """What one minimum size gives.

    Attributes
    ----------
    min_cluster_size : int
        The size.
    num_clusters : int
        Clusters found.
    noise_share : float
        Share of the vectors that are in none.
    largest : int
        Vectors of the largest cluster.
    validity : float
        See :func:`clustering.features.density_validity.relative_validity`.
    stability : float
        Mean adjusted Rand index (Hubert and Arabie 1985) with what the next smaller and the next larger size give,
        each noise vector a cluster of its own; 1 where one size only was tried.
    value : float or None
        What is judged by: the mean of the ranks by validity and by stability, 1 for the lowest; None where there are
        fewer than two clusters. Ranks, as the scale of the validity changes with the number of dimensions.
    is_chosen : bool
        Whether this one is the best: of equal ones the smallest size.
    """

    min_cluster_size: int
    num_clusters: int
    noise_share: float
    largest: int
    validity: float
    stability: float
    value: float | None = None
    is_chosen: bool = False


def try_sizes(
    sizes: list[int], fit: Callable[[int], Labels], tree: ReachabilityTree
) -> tuple[list[SizeTrial], list[Labels]]:
    """Fit each minimum size, and say which is best.

    Parameters
    ----------
    sizes : list of int
        Ascending.
    fit : callable
        A size to labels (N,), clusters from 0, -1 for noise.
    tree : ReachabilityTree
        Of the vectors.

    Returns
    -------
    trials : list of SizeTrial
        In the order of ``sizes``; one is chosen.
    labels : list of ndarray of int64, (N,)
        What each gave.
    """
    from sklearn.metrics import adjusted_rand_score

    every = [fit(size) for size in sizes]
    alone = [_noise_alone(labels) for labels in every]
    links = [float(adjusted_rand_score(one, other)) for one, other in pairwise(alone)]
    trials = []
    for place, (size, labels) in enumerate(zip(sizes, every, strict=True)):
        beside = links[max(place - 1, 0) : place + 1]
        counts = np.bincount(labels[labels >= 0])
        trials.append(
            SizeTrial(
                min_cluster_size=size,
                num_clusters=len(counts),
                noise_share=float((labels < 0).mean()),
                largest=int(counts.max(initial=0)),
                validity=relative_validity(tree, labels),
                stability=sum(beside) / len(beside) if beside else 1.0,
            )
        )
    return _judged(trials), every


def _judged(trials: list[SizeTrial]) -> list[SizeTrial]:
    places = [place for place, trial in enumerate(trials) if trial.num_clusters > 1]
    if not places:
        return [replace(trial, is_chosen=place == 0) for place, trial in enumerate(trials)]
    measures = np.round([(trials[place].validity, trials[place].stability) for place in places], 9)
    values = dict(zip(places, rankdata(measures, axis=0).mean(axis=1).tolist(), strict=True))
    best = max(places, key=lambda place: values[place])
    return [replace(trial, value=values.get(place), is_chosen=place == best) for place, trial in enumerate(trials)]


def _noise_alone(labels: Labels) -> Labels:
    """Make each noise vector a cluster of its own."""
    found = labels.copy()
    is_noise = labels < 0
    found[is_noise] = labels.max(initial=-1) + 1 + np.arange(is_noise.sum())
    return found
