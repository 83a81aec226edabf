"""Clustering in batches: each by itself, then the medoids of all clusters, whose groups join clusters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from clustering.features.clusterers.base import NOISE, Labels, Vectors, number_by_first
from clustering.features.density import distance_blocks
from clustering.features.fits import Fit, chosen_fit
from clustering.features.grid import Grid
from clustering.features.pipeline import without_singles
from clustering.features.space import from_euclidean

ALL, REPRESENTATIVES = "all", "representatives"

MakeGrid = Callable[[Vectors], Grid]
FitGrid = Callable[[Grid, Vectors], list[Fit]]


@dataclass
class Clustered:
    """What clustering gave.

    Attributes
    ----------
    labels : ndarray of int64, (N,)
        -1 for noise and for clusters of one.
    fits : list of (str, list of Fit)
        All fits, by what they were fitted to: ``all``, or the number of each batch and ``representatives``.
    notes : list of str
        What was changed or left out, in sentences.
    """

    labels: Labels
    fits: list[tuple[str, list[Fit]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def cluster_vectors(
    vectors: Vectors, make_grid: MakeGrid, fit: FitGrid, batch_size: int | None, metric: str
) -> Clustered:
    """Group vectors by the best fit of a grid, whose labels are taken as they were scored.

    In batches, as clusterimg does: consecutive vectors, of numbers as equal as can be, are grouped by themselves; the
    medoid of each cluster stands for it, and the same grid, cut to their number, groups the medoids. Clusters whose
    medoids are in one group become one. Noise of a batch stays noise, and a medoid that is noise stays by itself.

    Parameters
    ----------
    vectors : ndarray, (N, K)
        Prepared for ``metric``.
    make_grid, fit : callable
        Vectors to their clusterers; clusterers and vectors to fits.
    batch_size : int or None
        Most vectors that are grouped at once; None for all.
    """
    count = len(vectors)
    found = Clustered(np.full(count, NOISE, dtype=np.int64))
    num_batches = -(-count // batch_size) if batch_size else 1
    if num_batches <= 1:
        found.labels = _cluster_part(vectors, ALL, make_grid, fit, found)
        return found
    start = 0
    for number, places in enumerate(np.array_split(np.arange(count), num_batches), 1):
        labels = _cluster_part(vectors[places], str(number), make_grid, fit, found)
        found.labels[places] = np.where(labels < 0, NOISE, labels + start)
        start += int(labels.max(initial=-1)) + 1
    if start > 1:
        medoids = find_medoids(vectors, found.labels, metric)
        groups = _cluster_part(vectors[medoids], REPRESENTATIVES, make_grid, fit, found)
        found.labels = join_groups(found.labels, groups)
    return found


def _cluster_part(vectors: Vectors, part: str, make_grid: MakeGrid, fit: FitGrid, found: Clustered) -> Labels:
    """Group some vectors, and keep their fits and notes in ``found``."""
    said = "" if part == ALL else f"{part if part == REPRESENTATIVES else f'batch {part}'}: "
    if len(vectors) < 2:
        return np.full(len(vectors), NOISE, dtype=np.int64)
    grid = make_grid(vectors)
    found.notes += [f"{said}{note}" for note in grid.notes]
    fits = fit(grid, vectors)
    found.fits.append((part, fits))
    best = chosen_fit(fits)
    if best is None or best.labels is None:
        problems = "; ".join(dict.fromkeys(each.problem for each in fits if each.problem))
        found.notes.append(f"{said}none of {len(fits)} fits can be judged ({problems}): every photo stays alone")
        return np.full(len(vectors), NOISE, dtype=np.int64)
    return without_singles(best.labels)


def find_medoids(vectors: Vectors, labels: Labels, metric: str) -> NDArray[np.int64]:
    """Give the member of each cluster whose distances to the others have the least sum; ties go to the first.

    Parameters
    ----------
    labels : ndarray of int64, (N,)
        Numbered from 0 without gaps; -1 for noise.

    Returns
    -------
    ndarray of int64, (K,)
        Place of the medoid of each cluster.
    """
    return np.array([_medoid(vectors, members, metric) for members in members_of(labels)], dtype=np.int64)


def members_of(labels: Labels) -> list[NDArray[np.int64]]:
    """Give the places of the members of each cluster, ascending, by label (one may have none); noise is in none."""
    order = np.argsort(labels, kind="stable")
    order = order[np.searchsorted(labels[order], 0) :]
    return np.split(order, np.cumsum(np.bincount(labels[order]))[:-1]) if len(order) else []


def _medoid(vectors: Vectors, members: NDArray[np.int64], metric: str) -> int:
    inside = vectors[members]
    sums = [
        from_euclidean(block.astype(np.float64), metric).sum(axis=1) for _, block in distance_blocks(inside, inside)
    ]
    return int(members[np.argmin(np.round(np.concatenate(sums), 9))])


def join_groups(labels: Labels, groups: Sequence[int] | Labels) -> Labels:
    """Join clusters that are in one group; the group of a cluster is -1 where it stays by itself."""
    groups = np.asarray(groups, dtype=np.int64)
    own = groups.max(initial=-1) + 1 + np.arange(len(groups))
    target = np.where(groups < 0, own, groups)
    return number_by_first(np.where(labels < 0, NOISE, target[labels] if len(target) else labels))
