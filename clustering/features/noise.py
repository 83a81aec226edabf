"""Noise to clusters: by the nearest mean or by a vote of neighbours, and only where it is near enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustering.features.close_clusters import cluster_means
from clustering.features.clusterers.base import NOISE, Labels, Vectors
from clustering.features.density import distance_blocks
from storage.errors import UsageError

AUTO = "auto"
REACH_QUANTILE = 0.75
NUM_NEIGHBOURS = 5
ASSIGNMENTS = ("keep", "centroid", "knn")

# t-SNE as the program had it whose way this is. Barnes-Hut in the place of the exact method, which holds all pairs.
TSNE_SETTINGS = {"n_components": 3, "perplexity": 15.0, "learning_rate": 150.0, "max_iter": 310, "metric": "cosine"}
MOST_FOR_TSNE = 20_000  # photos; minutes of one core each 10,000

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NoiseRule:
    """How noise gets a cluster.

    Attributes
    ----------
    how : str
        ``keep``: not at all. ``centroid``: the cluster of the nearest mean. ``knn``: the cluster that most of the
        nearest vectors in clusters are of, of equal ones the one with the nearest.
    num_neighbours : int
        Vectors that vote.
    max_distance : float or "auto" or None
        Euclidean distance up to which a vector joins: to the mean, or on average to the voters for its cluster.
        ``auto``: as far as three quarters of that cluster's members are, from the mean or from their own nearest
        fellows, so that its outliers bring no more in. None: any.
    """

    how: str = "keep"
    num_neighbours: int = NUM_NEIGHBOURS
    max_distance: float | str | None = AUTO


def assign_noise(vectors: Vectors, labels: Labels, rule: NoiseRule, voting: Vectors | None = None) -> Labels:
    """Give noise the label of a cluster, where the rule finds one.

    Parameters
    ----------
    vectors : ndarray, (N, K)
        In which distances are limited.
    labels : ndarray of int64, (N,)
        Clusters from 0 without gaps; -1 for noise.
    rule : NoiseRule
        How.
    voting : ndarray, (N, V), optional
        In which neighbours are looked for, where that is not ``vectors``.

    Returns
    -------
    ndarray of int64, (N,)
        Labels of vectors in clusters are as before.
    """
    noise, inside = np.flatnonzero(labels < 0), np.flatnonzero(labels >= 0)
    if rule.how == "keep" or not len(noise) or not len(inside):
        return labels.copy()
    propose = _by_mean if rule.how == "centroid" else _by_vote
    found, distance, reach = propose(vectors, labels, rule, vectors if voting is None else voting)
    if rule.max_distance is None:
        limit = np.full(len(noise), np.inf)
    elif rule.max_distance == AUTO:
        limit = reach[found]
    else:
        limit = np.full(len(noise), float(rule.max_distance))
    assigned = labels.copy()
    # What lies exactly as far must not depend on rounding.
    assigned[noise] = np.where(distance <= limit * (1 + 1e-9), found, NOISE)
    return assigned


def _by_mean(vectors: Vectors, labels: Labels, _rule: NoiseRule, _voting: Vectors) -> tuple[Labels, Floats, Floats]:
    """Give the cluster of the nearest mean of each noise vector, its distance, and each cluster's reach."""
    means = cluster_means(vectors, labels)
    noise, inside = np.flatnonzero(labels < 0), np.flatnonzero(labels >= 0)
    found, distance = np.zeros(len(noise), np.int64), np.zeros(len(noise))
    for part, block in distance_blocks(vectors[noise], means):
        found[part] = block.argmin(axis=1)
        distance[part] = block.min(axis=1)
    lengths = np.linalg.norm(vectors[inside] - means[labels[inside]], axis=1)
    reach = [np.quantile(lengths[labels[inside] == label], REACH_QUANTILE) for label in range(len(means))]
    return found, distance, np.array(reach)


def _by_vote(vectors: Vectors, labels: Labels, rule: NoiseRule, voting: Vectors) -> tuple[Labels, Floats, Floats]:
    """Give the cluster that the neighbours of each noise vector vote for, the distance, and each cluster's reach."""
    noise, inside = np.flatnonzero(labels < 0), np.flatnonzero(labels >= 0)
    near = inside[nearest_rows(voting[noise], voting[inside], rule.num_neighbours)]
    found, distance = _votes(vectors, noise, near, labels)
    reach = np.zeros(int(labels.max()) + 1)
    for label in range(len(reach)):
        members = np.flatnonzero(labels == label)
        if len(members) > 1:
            fellows = members[nearest_rows(vectors[members], vectors[members], rule.num_neighbours + 1)[:, 1:]]
            reach[label] = np.quantile(_votes(vectors, members, fellows, labels)[1], REACH_QUANTILE)
    return found, distance, reach


def nearest_rows(rows: Vectors, vectors: Vectors, count: int) -> NDArray[np.int64]:
    """Give the places of the ``count`` nearest ``vectors`` of each row, the nearest first, ties by place."""
    count = min(count, len(vectors))
    found = np.zeros((len(rows), count), np.int64)
    for part, block in distance_blocks(rows, vectors):
        found[part] = np.argsort(block, axis=1, kind="stable")[:, :count]
    return found


def _votes(vectors: Vectors, rows: NDArray[np.int64], near: NDArray[np.int64], labels: Labels) -> tuple[Labels, Floats]:
    """Give the winner of each row's vote, and the mean distance to those that voted for it."""
    votes = labels[near]
    distances = np.linalg.norm(vectors[near] - vectors[rows][:, None], axis=2)
    found = np.array([_winner(each.tolist()) for each in votes], np.int64)
    is_for = votes == found[:, None]
    return found, (distances * is_for).sum(axis=1) / is_for.sum(axis=1)


def _winner(votes: list[int]) -> int:
    return max(votes, key=votes.count)  # of equal ones the first, which is the nearest


def boost_neighbours(num_vectors: int, num_clusters: int) -> int:
    """Give the number of neighbours that vote in a precision boost: the root of the mean size of a cluster."""
    return max(1, int(math.sqrt(num_vectors / max(num_clusters, 1))))


def tsne_space(vectors: Vectors, seed: int) -> Vectors:
    """Give vectors (N, D) as points (N, 3) of t-SNE (van der Maaten 2014, Barnes-Hut).

    Raises
    ------
    UsageError
        When there are more than ``MOST_FOR_TSNE``.
    """
    if len(vectors) > MOST_FOR_TSNE:
        raise UsageError(
            f"--precision_boost tsne takes at most {MOST_FOR_TSNE:,} photos, but there are {len(vectors):,}: give "
            "--precision_boost pca, which is better besides"
        )
    from sklearn.manifold import TSNE

    dimensions = int(TSNE_SETTINGS["n_components"])  # type: ignore[call-overload]
    if len(vectors) <= dimensions + 1:
        return vectors  # too few for a map
    start = "pca" if min(vectors.shape) >= dimensions else "random"
    perplexity = min(15.0, (len(vectors) - 1) / 3)
    settings = TSNE_SETTINGS | {"perplexity": perplexity, "init": start, "random_state": seed}
    points: Vectors = TSNE(method="barnes_hut", **settings).fit_transform(vectors)
    return points
