"""Which of several groupings of the same vectors is best, by three measures of compactness and separation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import rankdata

from clustering.features.clusterers.base import Labels, Vectors
from clustering.features.density import distance_blocks
from clustering.features.space import from_euclidean

SILHOUETTE_ROWS = 5_000  # vectors whose silhouettes are taken; of more a seeded sample
SELECTIONS = ("minmax", "rank", "silhouette")


@dataclass(frozen=True)
class Scores:
    """Measures of one grouping, of the vectors in clusters, each weakened by their share.

    Attributes
    ----------
    silhouette : float
        Mean silhouette (Rousseeuw 1987), times the share of vectors in clusters; higher is better.
    davies_bouldin : float
        Davies and Bouldin 1979, divided by that share; lower is better.
    calinski_harabasz : float
        Calinski and Harabasz 1974, times that share; higher is better.
    num_sampled : int
        Vectors whose silhouettes were taken.
    """

    silhouette: float
    davies_bouldin: float
    calinski_harabasz: float
    num_sampled: int


class InfeasibleError(ValueError):
    """A grouping that the measures say nothing of."""


def score_groups(vectors: Vectors, labels: Labels, metric: str, seed: int = 0) -> Scores:
    """Score a grouping.

    Noise is in no cluster. It is left out, and all measures are weakened by the share of vectors that are not noise,
    as in the validity index of Moulavi et al. 2014: else the grouping that calls all but a few vectors noise is best.

    Parameters
    ----------
    vectors : ndarray, (N, K)
        Prepared for ``metric``.
    labels : ndarray of int64, (N,)
        -1 for noise.
    metric : str
        Of the silhouette; the other two are Euclidean by definition.
    seed : int
        Of the sample of more than ``SILHOUETTE_ROWS`` vectors.

    Raises
    ------
    InfeasibleError
        When there are fewer than two clusters, or as many as vectors in them.
    """
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

    is_in = labels >= 0
    inside, groups = vectors[is_in], np.unique(labels[is_in], return_inverse=True)[1]
    count = int(groups.max()) + 1 if len(groups) else 0
    if count < 2:
        raise InfeasibleError("one cluster" if count else "no cluster")
    if count >= len(inside):
        raise InfeasibleError("every cluster is one photo")
    share = float(is_in.mean())
    rows = np.arange(len(inside))
    if len(inside) > SILHOUETTE_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(len(inside), SILHOUETTE_ROWS, replace=False))
    return Scores(
        float(silhouettes(inside, groups, rows, metric).mean()) * share,
        float(davies_bouldin_score(inside, groups)) / share,
        float(calinski_harabasz_score(inside, groups)) * share,
        len(rows),
    )


def silhouettes(
    vectors: Vectors, groups: NDArray[np.integer], rows: NDArray[np.integer], metric: str
) -> NDArray[np.float64]:
    """Give the silhouettes of some vectors among all, without holding all distances.

    Parameters
    ----------
    vectors : ndarray, (N, K)
        Prepared for ``metric``.
    groups : ndarray of int, (N,)
        Numbered from 0 without gaps, two at least.
    rows : ndarray of int, (R,)
        The vectors asked for.

    Returns
    -------
    ndarray of float64, (R,)
        -1 to 1; 0 for a vector that is a group of its own.
    """
    count = len(vectors)
    members = sparse.csr_array((np.ones(count), (groups, np.arange(count))))
    sizes = np.bincount(groups)
    found = np.zeros(len(rows))
    for part, block in distance_blocks(vectors[rows], vectors):
        distances = from_euclidean(block.astype(np.float64), metric)
        own = groups[rows[part]]
        distances[np.arange(len(own)), rows[part]] = 0
        sums = np.asarray(members @ distances.T).T
        at = np.arange(len(own)), own
        within = sums[at] / np.maximum(sizes[own] - 1, 1)
        means = sums / sizes
        means[at] = np.inf
        nearest = means.min(axis=1)
        widest = np.maximum(within, nearest)
        found[part] = np.where((sizes[own] > 1) & (widest > 0), (nearest - within) / np.where(widest > 0, widest, 1), 0)
    return found


def select(scores: Sequence[Scores | None], selection: str) -> tuple[int | None, list[float | None]]:
    """Choose the best of several groupings.

    Parameters
    ----------
    scores : sequence of Scores or None
        None for those that cannot be scored; they are not chosen, but where there is but one grouping at all.
    selection : str
        ``minmax``: each measure scaled to 0..1 over the groupings, S' - D' + H', a measure that is the same for all
        counts 0. ``rank``: the mean rank by the three, counted so that higher is better. ``silhouette``: that alone.

    Returns
    -------
    best : int or None
        Place of the best one, of equal ones the first; None where none can be scored.
    values : list of float or None
        What each was judged by.
    """
    values: list[float | None] = [None] * len(scores)
    places = [place for place, each in enumerate(scores) if each is not None]
    if len(scores) == 1:
        return 0, values
    if not places:
        return None, values
    table = np.array([(s.silhouette, -s.davies_bouldin, s.calinski_harabasz) for s in scores if s is not None])
    if selection == "silhouette":
        found = table[:, 0]
    elif selection == "rank":
        found = rankdata(table, axis=0).mean(axis=1)
    else:  # the second column is 1 - D' where D is not the same for all
        found = _scaled(table).sum(axis=1) - _has_extent(table)[1]
    for place, value in zip(places, found.tolist(), strict=True):
        values[place] = value
    return places[int(np.argmax(np.round(found, 12)))], values


def _has_extent(table: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(np.ptp(table, axis=0) > 0)


def _scaled(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale each column to 0..1; one that is constant becomes 0."""
    extent = np.ptp(table, axis=0)
    return np.asarray((table - table.min(axis=0)) / np.where(extent > 0, extent, math.inf))
