"""What is done to the labels of a clusterer: close clusters joined, noise assigned, large clusters split.

The steps are those of a program that clustered the 2048 features of a ResNet with HDBSCAN, each mended, and beside each
what does the same better. They work on the labels of any clusterer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from clustering.features.close_clusters import (
    MERGE_THRESHOLD,
    cluster_means,
    merge_by_average_linkage,
    merge_by_steps,
    merge_labels,
)
from clustering.features.clusterers.base import Labels, Vectors, number_by_first
from clustering.features.clusterers.hdbscan import HdbscanClusterer
from clustering.features.minimum_sizes import minimum_cluster_size
from clustering.features.noise import NoiseRule, assign_noise, boost_neighbours, tsne_space

MIN_SAMPLES = 2
_MERGE = {"average": merge_by_average_linkage, "steps": merge_by_steps}


@dataclass(frozen=True)
class StepRule:
    """What is done in which step; without arguments nothing.

    Attributes
    ----------
    merge, merge_threshold : str, float
        ``none``, ``average`` or ``steps``; see :mod:`clustering.features.close_clusters`.
    noise : NoiseRule
        What becomes of noise.
    boost : str
        ``none``, or the space in which neighbours vote on noise, in the place of the noise rule's own way: ``pca``,
        the vectors as they were clustered, or ``tsne``, points of t-SNE. As many vote as the root of the mean size
        of a cluster.
    split_larger_than : int or None
        Clusters of more vectors are clustered again by themselves, by HDBSCAN.
    seed : int
        Of t-SNE.
    """

    merge: str = "none"
    merge_threshold: float = MERGE_THRESHOLD
    noise: NoiseRule = field(default_factory=NoiseRule)
    boost: str = "none"
    split_larger_than: int | None = None
    seed: int = 0


@dataclass(frozen=True, eq=False)
class StepResult:
    """What came of the steps.

    Attributes
    ----------
    labels : ndarray of int64, (N,)
        Clusters from 0 in the order of first members; -1 for noise.
    parents : ndarray of int64, (N,)
        The same before large clusters were split.
    num_found, num_merged, num_split : int
        Clusters before, clusters that joining left, clusters of these that were split.
    noise_found, noise_left : int
        Noise before and in the end.
    """

    labels: Labels
    parents: Labels
    num_found: int
    num_merged: int
    num_split: int
    noise_found: int
    noise_left: int


def take_steps(vectors: Vectors, directions: Vectors, labels: Labels, rule: StepRule) -> StepResult:
    """Join, assign and split.

    Parameters
    ----------
    vectors : ndarray, (N, K)
        As they were clustered; distances are taken of them.
    directions : ndarray, (N, D)
        Not centred; the cosines of means are taken of them.
    labels : ndarray of int64, (N,)
        Clusters from 0 without gaps; -1 for noise.

    Raises
    ------
    UsageError
        When there are too many vectors for t-SNE.
    """
    table = _merge_table(cluster_means(directions, labels), rule)
    merged = merge_labels(labels, table)
    if rule.boost == "none" and rule.noise.how == "centroid":
        # The nearest mean is that of a cluster as it was found: the mean of joined ones may lie where nothing is.
        parents = merge_labels(assign_noise(vectors, labels, rule.noise), table)
    else:
        parents = _voted(vectors, directions, merged, rule)
    parents = number_by_first(parents)
    found, num_split = split_large(vectors, parents, rule.split_larger_than)
    return StepResult(
        labels=found,
        parents=parents,
        num_found=len(table),
        num_merged=int(merged.max(initial=-1)) + 1,
        num_split=num_split,
        noise_found=int((labels < 0).sum()),
        noise_left=int((found < 0).sum()),
    )


def _merge_table(means: Vectors, rule: StepRule) -> Labels:
    if rule.merge == "none":
        return np.arange(len(means))
    return _MERGE[rule.merge](means, rule.merge_threshold)


def _voted(vectors: Vectors, directions: Vectors, labels: Labels, rule: StepRule) -> Labels:
    """Assign noise by the rule, or by the vote of a precision boost."""
    if rule.boost == "none" or not (labels < 0).any():
        return assign_noise(vectors, labels, rule.noise)
    neighbours = boost_neighbours(len(labels), int(labels.max(initial=-1)) + 1)
    noise_rule = replace(rule.noise, how="knn", num_neighbours=neighbours)
    voting = tsne_space(directions, rule.seed) if rule.boost == "tsne" else None
    return assign_noise(vectors, labels, noise_rule, voting)


def split_large(vectors: Vectors, labels: Labels, larger_than: int | None) -> tuple[Labels, int]:
    """Cluster each cluster of more than ``larger_than`` vectors by itself, once; give labels and how many were split.

    By HDBSCAN with the minimum size that its number of vectors asks for. A cluster in which it finds no two parts
    stays whole. No vector leaves its cluster for the noise: what is noise within it joins the nearest part.
    """
    if larger_than is None:
        return labels, 0
    found, num_split = labels.copy(), 0
    everything = NoiseRule("centroid", max_distance=None)
    for label in np.flatnonzero(np.bincount(labels[labels >= 0]) > larger_than):
        members = np.flatnonzero(labels == label)
        size = minimum_cluster_size(len(members))
        parts = HdbscanClusterer(min_cluster_size=size, min_samples=MIN_SAMPLES).fit(vectors[members])
        if parts.max(initial=-1) > 0:
            found[members] = assign_noise(vectors[members], parts, everything) + found.max() + 1
            num_split += 1
    return number_by_first(found), num_split
