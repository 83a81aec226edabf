"""What stands for a cluster, how firmly it holds, and what a lone photo is nearest to."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from clustering.graph import Edges

MAX_REPRESENTATIVES = 4
NONE = -1


@dataclass(frozen=True)
class Summaries:
    """What stands for each cluster.

    Attributes
    ----------
    representatives : dict of int to list of int
        Cluster number to at most four photos, the most central first.
    cohesion : dict of int to float
        Cluster number to the mean score of the scored pairs within it; clusters without any are left out.
    """

    representatives: dict[int, list[int]]
    cohesion: dict[int, float]


def summarise(edges: Edges, clusters: dict[int, list[int]]) -> Summaries:
    """Choose representatives and measure cohesion.

    Each representative is the photo that adds most to what is covered: a photo is covered as well as its best score
    with a representative says, a representative fully (facility location; greedy is within 1 - 1/e of the best choice,
    Nemhauser, Wolsey and Fisher 1978). So the first is the most central, the others show what it does not.

    Parameters
    ----------
    edges : Edges
        All scored pairs; scores below 0 count as 0.
    clusters : dict of int to list of int
        Number to photos.
    """
    numbers = np.array(list(clusters), dtype=np.int64)
    owner = rows_of_photos(clusters, edges.num_photos)
    is_inside = (owner[edges.first] == owner[edges.second]) & (owner[edges.first] != NONE)
    inside = edges.take(is_inside & (edges.first != edges.second))
    chosen = _cover(inside, owner, len(numbers))
    place = owner[inside.first]
    counts = np.bincount(place, minlength=len(numbers))
    means = np.bincount(place, inside.score, len(numbers)) / np.maximum(counts, 1)
    return Summaries(
        dict(zip(numbers.tolist(), chosen, strict=True)),
        {
            number: mean
            for number, mean, count in zip(numbers.tolist(), means.tolist(), counts.tolist(), strict=True)
            if count
        },
    )


def rows_of_photos(clusters: dict[int, list[int]], num_photos: int) -> NDArray[np.int64]:
    """Give for each photo the place of its cluster among the clusters, -1 for none; shape (N,)."""
    sizes = np.fromiter(map(len, clusters.values()), np.int64, len(clusters))
    row = np.full(num_photos, NONE, dtype=np.int64)
    row[np.fromiter(chain.from_iterable(clusters.values()), np.int64, sizes.sum())] = np.repeat(
        np.arange(len(clusters)), sizes
    )
    return row


def _cover(inside: Edges, owner: NDArray[np.int64], num_clusters: int) -> list[list[int]]:
    """Choose up to four photos of every cluster, one a round, for all clusters at once."""
    first = np.concatenate((inside.first, inside.second))
    second = np.concatenate((inside.second, inside.first))
    score = np.clip(np.concatenate((inside.score, inside.score)), 0, 1)
    covered = np.zeros(inside.num_photos)
    photos = np.argsort(owner, kind="stable")
    photos = photos[np.searchsorted(owner[photos], 0) :]
    places, starts, counts = np.unique(owner[photos], return_index=True, return_counts=True)
    is_free = np.ones(len(photos), dtype=bool)
    chosen: list[list[int]] = [[] for _ in range(num_clusters)]
    for _ in range(MAX_REPRESENTATIVES if len(photos) else 0):
        gain = 1 - covered + np.bincount(first, np.maximum(score - covered[second], 0), inside.num_photos)
        # rounded, so that the order in which scores were added decides nothing; ties go to the lower photo
        value = np.where(is_free, np.round(gain[photos], 9), -np.inf)
        is_best = value == np.repeat(np.maximum.reduceat(value, starts), counts)
        rows = np.minimum.reduceat(np.where(is_best, np.arange(len(photos)), len(photos)), starts)
        is_open = is_free[rows]
        best = photos[rows[is_open]]
        for place, photo in zip(places[is_open].tolist(), best.tolist(), strict=True):
            chosen[place].append(photo)
        is_free[rows[is_open]] = False
        covered[best] = 1
        is_new = np.zeros(inside.num_photos, dtype=bool)
        is_new[best] = True
        np.maximum.at(covered, second[is_new[first]], score[is_new[first]])
    return chosen


def nearest_neighbours(edges: Edges, photos: list[int]) -> dict[int, tuple[int, float]]:
    """Find, for each photo given, the other photo that it has the best score with; those without any are left out."""
    edges = edges.take(edges.first != edges.second)
    is_asked = np.zeros(edges.num_photos, dtype=bool)
    is_asked[photos] = True
    rows = np.arange(len(edges))
    ends = np.concatenate((edges.first, edges.second))
    others = np.concatenate((edges.second, edges.first))
    rows = np.concatenate((rows, rows))[is_asked[ends]]
    ends, others = ends[is_asked[ends]], others[is_asked[ends]]
    order = np.lexsort((others, rows, ends))
    found, starts = np.unique(ends[order], return_index=True)
    best = order[starts]
    columns = (found.tolist(), others[best].tolist(), edges.score[rows[best]].tolist())
    return {photo: (other, score) for photo, other, score in zip(*columns, strict=True)}
