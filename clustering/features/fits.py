"""All fits of a grid, scored, and the best of them."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from clustering.features.clusterers.base import FeatureClusterer, Labels, Vectors
from clustering.features.pipeline import without_singles
from clustering.features.selection import Scores, score_groups, select

Track = Callable[[Iterator[Any], int], Iterator[Any]]


@dataclass(frozen=True)
class Fit:
    """One fit.

    Attributes
    ----------
    clusterer : FeatureClusterer
        What was fitted.
    labels : ndarray of int64 (N,) or None
        As it gave them; None where it cannot be fitted.
    seconds : float
        Wall time of the fit; fits that share work share the time of it.
    scores : Scores or None
        None where the labels cannot be scored.
    problem : str
        Why there are no labels or no scores; empty where there are.
    value : float or None
        What the selection judged it by.
    is_chosen : bool
        Whether it is the best.
    """

    clusterer: FeatureClusterer
    labels: Labels | None
    seconds: float
    scores: Scores | None = None
    problem: str = ""
    value: float | None = None
    is_chosen: bool = False

    @property
    def num_clusters(self) -> int:
        """Clusters of two vectors or more."""
        return 0 if self.labels is None else int(without_singles(self.labels).max(initial=-1)) + 1

    @property
    def num_alone(self) -> int | None:
        """Vectors that are noise or a cluster of one; None where it cannot be fitted."""
        return None if self.labels is None else int((without_singles(self.labels) < 0).sum())


def fit_grid(
    clusterers: Sequence[FeatureClusterer],
    vectors: Vectors,
    selection: str = "minmax",
    num_workers: int = 1,
    track: Track | None = None,
) -> list[Fit]:
    """Fit clusterers to vectors and score what they give.

    Fits run in threads: the libraries' loops run outside of Python's lock, the vectors are not copied, and memory
    grows with ``num_workers`` by what one fit takes. Each fit has one thread of its own, so that labels do not depend
    on ``num_workers``.

    Parameters
    ----------
    clusterers : sequence of FeatureClusterer
        All of one metric.
    vectors : ndarray, (N, K)
        Prepared.
    selection : str
        See :func:`clustering.features.selection.select`.
    track : callable, optional
        Wraps an iterator of given length, for progress.

    Returns
    -------
    list of Fit
        In the order of ``clusterers``; one is chosen, none where none can be scored.
    """
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    shared: dict[Any, list[int]] = {}
    for place, clusterer in enumerate(clusterers):
        shared.setdefault(clusterer.work_key(), []).append(place)
    groups = list(shared.values())
    fits: list[Fit | None] = [None] * len(clusterers)
    with (
        warnings.catch_warnings(),
        threadpool_limits(1),
        ThreadPoolExecutor(max(1, num_workers), initializer=lambda: threadpool_limits(1, "openmp")) as pool,
    ):
        warnings.simplefilter("ignore", ConvergenceWarning)  # max_iter is the caller's: what a fit gives is scored
        done = pool.map(lambda group: _fit_group([clusterers[place] for place in group], vectors), groups)
        for group, found in zip(groups, track(done, len(groups)) if track else done, strict=True):
            for place, fit in zip(group, found, strict=True):
                fits[place] = fit
    every = [fit for fit in fits if fit is not None]
    best, values = select([fit.scores for fit in every], selection)
    return [
        replace(fit, value=value, is_chosen=place == best)
        for place, (fit, value) in enumerate(zip(every, values, strict=True))
    ]


def _fit_group(clusterers: Sequence[FeatureClusterer], vectors: Vectors) -> list[Fit]:
    started = time.monotonic()
    found = type(clusterers[0]).fit_all(clusterers, vectors)
    seconds = (time.monotonic() - started) / len(clusterers)
    return [_scored(each, labels, seconds, vectors) for each, labels in zip(clusterers, found, strict=True)]


def _scored(clusterer: FeatureClusterer, labels: Labels | ValueError, seconds: float, vectors: Vectors) -> Fit:
    if isinstance(labels, ValueError):
        return Fit(clusterer, None, seconds, problem=_one_line(labels))
    try:
        scores = score_groups(vectors, labels, clusterer.metric, clusterer.seed)
    except ValueError as error:
        return Fit(clusterer, labels, seconds, problem=_one_line(error))
    if not np.isfinite((scores.silhouette, scores.davies_bouldin, scores.calinski_harabasz)).all():
        return Fit(clusterer, labels, seconds, problem="a measure is not finite")
    return Fit(clusterer, labels, seconds, scores)


def _one_line(error: ValueError) -> str:
    return " ".join(str(error).split())


def chosen_fit(fits: Sequence[Fit]) -> Fit | None:
    """Give the chosen fit; None where none can be scored."""
    return next((fit for fit in fits if fit.is_chosen), None)
