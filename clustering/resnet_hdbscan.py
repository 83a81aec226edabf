"""HDBSCAN of network features, close clusters joined, noise assigned, large clusters split: one way in whole.

The way is that of a program which clustered the 2048 features of a ResNet; its steps are here, each mended, and beside
each what does the same better. Nothing of it depends on the network.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from clustering.close_clusters import (
    MERGE_THRESHOLD,
    cluster_means,
    merge_by_average_linkage,
    merge_by_steps,
    merge_labels,
)
from clustering.cluster_sizes import SizeTrial, minimum_cluster_size, sizes_to_try, try_sizes
from clustering.density_validity import reachability_tree
from clustering.feature_clusterers.base import NOISE, Labels, Vectors, number_by_first
from clustering.feature_clusterers.hdbscan import HdbscanClusterer
from clustering.feature_pipeline import without_singles
from clustering.noise import AUTO, NoiseRule, assign_noise, boost_neighbours, tsne_space

MIN_SAMPLES = 2
MERGES = ("average", "steps", "none")
BOOSTS = ("none", "pca", "tsne")
_MERGE = {"average": merge_by_average_linkage, "steps": merge_by_steps}


@dataclass(frozen=True)
class PresetRule:
    """What is done in which step.

    Attributes
    ----------
    min_cluster_size : int or "auto" or None
        None is :func:`clustering.cluster_sizes.minimum_cluster_size`; ``auto`` tries several.
    min_samples : int
        Of HDBSCAN.
    selection_method : str
        Of HDBSCAN: ``eom`` or ``leaf``.
    merge, merge_threshold : str, float
        One of ``MERGES``; see :mod:`clustering.close_clusters`.
    noise : NoiseRule
        What becomes of noise.
    boost : str
        One of ``BOOSTS``: the vote of the root of the mean cluster size of neighbours, in the place of the noise
        rule's own; among the components, or among the points of t-SNE.
    split_larger_than : int or None
        Clusters of more vectors are clustered again by themselves.
    seed : int
        Of t-SNE.
    """

    min_cluster_size: int | str | None = None
    min_samples: int = MIN_SAMPLES
    selection_method: str = "eom"
    merge: str = "average"
    merge_threshold: float = MERGE_THRESHOLD
    noise: NoiseRule = field(default_factory=NoiseRule)
    boost: str = "none"
    split_larger_than: int | None = None
    seed: int = 0


@dataclass(frozen=True, eq=False)
class PresetResult:
    """What came of it.

    Attributes
    ----------
    labels : ndarray of int64, (N,)
        Clusters from 0 in the order of first members; -1 for noise.
    parents : ndarray of int64, (N,)
        The same before large clusters were split: of each cluster one parent, which may be itself.
    min_cluster_size : int
        The size that was taken.
    trials : list of SizeTrial
        All that were tried; empty where none had to be chosen.
    num_found, num_merged, num_split : int
        Clusters that HDBSCAN found, that merging left, that were split.
    noise_found, noise_left : int
        Noise that HDBSCAN found and that is left in the end.
    """

    labels: Labels
    parents: Labels
    min_cluster_size: int
    trials: list[SizeTrial]
    num_found: int = 0
    num_merged: int = 0
    num_split: int = 0
    noise_found: int = 0
    noise_left: int = 0


def cluster_by_preset(vectors: Vectors, directions: Vectors, rule: PresetRule) -> PresetResult:
    """Cluster vectors in all steps.

    Parameters
    ----------
    vectors : ndarray, (N, K)
        What density and distances are taken of: usually principal components.
    directions : ndarray, (N, D)
        What means and cosines are taken of: not centred.
    rule : PresetRule
        The steps.

    Raises
    ------
    UsageError
        When there are too many vectors for t-SNE.
    """
    found, size, trials = _found(vectors, rule)
    table = _merge_table(cluster_means(directions, found), rule)
    merged = merge_labels(found, table)
    if rule.boost == "none" and rule.noise.how == "centroid":
        # The nearest mean is that of a cluster as it was found: the mean of joined ones may lie where nothing is.
        parents = merge_labels(assign_noise(vectors, found, rule.noise), table)
    else:
        parents = _voted(vectors, directions, merged, rule)
    labels, num_split = _split(vectors, parents, rule)
    labels, parents = without_singles(labels), number_by_first(parents)
    return PresetResult(
        labels=labels,
        parents=parents,
        min_cluster_size=size,
        trials=trials,
        num_found=int(found.max(initial=-1)) + 1,
        num_merged=int(merged.max(initial=-1)) + 1,
        num_split=num_split,
        noise_found=int((found < 0).sum()),
        noise_left=int((labels < 0).sum()),
    )


def _found(vectors: Vectors, rule: PresetRule) -> tuple[Labels, int, list[SizeTrial]]:
    """Give HDBSCAN's clusters, the minimum size that they were found with, and the sizes that were tried."""
    if len(vectors) <= rule.min_samples:  # too few for any cluster
        return np.full(len(vectors), NOISE, np.int64), minimum_cluster_size(len(vectors)), []
    if rule.min_cluster_size != AUTO:
        size = int(rule.min_cluster_size or minimum_cluster_size(len(vectors)))
        return _dense(vectors, size, rule), size, []
    tree = reachability_tree(vectors, rule.min_samples)
    trials, every = try_sizes(sizes_to_try(len(vectors)), lambda size: _dense(vectors, size, rule), tree)
    best = next(place for place, trial in enumerate(trials) if trial.is_chosen)
    return every[best], trials[best].min_cluster_size, trials


def _dense(vectors: Vectors, size: int, rule: PresetRule) -> Labels:
    clusterer = HdbscanClusterer(
        min_cluster_size=min(size, len(vectors)),
        min_samples=rule.min_samples,
        cluster_selection_method=rule.selection_method,
    )
    return clusterer.fit(vectors)


def _merge_table(means: Vectors, rule: PresetRule) -> Labels:
    if rule.merge == "none":
        return np.arange(len(means))
    return _MERGE[rule.merge](means, rule.merge_threshold)


def _voted(vectors: Vectors, directions: Vectors, labels: Labels, rule: PresetRule) -> Labels:
    """Assign noise by the rule, or by the vote of a precision boost."""
    if rule.boost == "none" or not (labels < 0).any():
        return assign_noise(vectors, labels, rule.noise)
    neighbours = boost_neighbours(len(labels), int(labels.max(initial=-1)) + 1)
    noise_rule = replace(rule.noise, how="knn", num_neighbours=neighbours)
    voting = tsne_space(directions, rule.seed) if rule.boost == "tsne" else None
    return assign_noise(vectors, labels, noise_rule, voting)


def _split(vectors: Vectors, labels: Labels, rule: PresetRule) -> tuple[Labels, int]:
    """Cluster each cluster that is too large by itself, once; give the new labels and how many were split.

    No photo leaves its cluster by that: what is noise within it joins the nearest part.
    """
    if rule.split_larger_than is None:
        return labels, 0
    found, num_split = labels.copy(), 0
    everything = NoiseRule("centroid", max_distance=None)
    for label in np.flatnonzero(np.bincount(labels[labels >= 0]) > rule.split_larger_than):
        members = np.flatnonzero(labels == label)
        parts = _dense(vectors[members], minimum_cluster_size(len(members)), rule)
        if parts.max(initial=-1) > 0:
            found[members] = assign_noise(vectors[members], parts, everything) + found.max() + 1
            num_split += 1
    return number_by_first(found), num_split
