"""How well descriptors find and group the photos of a building, and whether one network does it better than another.

The interval is a bootstrap over buildings (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13:
the percentile interval): photos of one building are alike, so they are drawn together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clustering.evaluation import Evaluation, evaluate
from clustering.features.cluster_statistics import ClusterStatistics, measure_clusters
from clustering.features.linkage import cut_tree, linkage_tree
from hloc.retrieval_measures import average_precision, rank_partners

STATISTICS = ("diameter", "separation", "dispersion", "centroid_to_centroid", "ratio_1", "ratio_2")
LEVEL = 0.95
BETTER, WORSE, UNCERTAIN = "better", "worse", "uncertain"


@dataclass(frozen=True, eq=False)
class Judged:
    """What is known of a network.

    Attributes
    ----------
    name : str
        What it is called.
    building : ndarray of int64, shape (Q,)
        The building of each photo that has a partner.
    precision : ndarray of float64, shape (Q,)
        Its average precision.
    first_rank : ndarray of int64, shape (Q,)
        Place of its best partner among all other photos, from 1.
    clusters : Evaluation
        Of a tree of average cosine distance, cut into as many clusters as there are buildings, against the truth.
    statistics : dict of int to ClusterStatistics
        Of each true building of two photos or more.
    """

    name: str
    building: NDArray[np.int64]
    precision: NDArray[np.float64]
    first_rank: NDArray[np.int64]
    clusters: Evaluation
    statistics: dict[int, ClusterStatistics]

    @cached_property
    def mean_average_precision(self) -> float:
        """Mean over the photos that have a partner."""
        return float(self.precision.mean())

    def recall_at(self, k: int) -> float:
        """Give the share of the photos that have a partner with one among the k best others."""
        return float((self.first_rank <= k).mean())

    def mean_of(self, statistic: str) -> float | None:
        """Give the mean of a statistic over the buildings that have one."""
        found = self.values_of(statistic)
        return float(np.mean(found)) if found else None

    def values_of(self, statistic: str) -> list[float]:
        """Give a statistic of all buildings that have one."""
        values = [getattr(one, statistic) for one in self.statistics.values()]
        return [float(value) for value in values if value is not None]

    def as_row(self, ks: Sequence[int]) -> dict[str, Any]:
        """Give the figures by name, as JSON values."""
        row: dict[str, Any] = {"mean_average_precision": self.mean_average_precision}
        row |= {f"recall_at_{k}": self.recall_at(k) for k in ks}
        shares = ("bcubed_precision", "bcubed_recall", "bcubed_f1")
        row |= {name: getattr(self.clusters, name) for name in shares}
        return row | {f"mean_{name}": self.mean_of(name) for name in STATISTICS}


@dataclass(frozen=True)
class Comparison:
    """A network beside the start.

    Attributes
    ----------
    gain : float
        Difference of the mean average precisions.
    low, high : float or None
        Ends of the interval of the gain; None where there is one building only.
    """

    gain: float
    low: float | None
    high: float | None

    @property
    def verdict(self) -> str:
        """``better`` or ``worse`` where the whole interval is on one side of 0, else ``uncertain``."""
        if self.low is not None and self.low > 0:
            return BETTER
        if self.high is not None and self.high < 0:
            return WORSE
        return UNCERTAIN


def judge(name: str, descriptors: NDArray[np.float32], buildings: NDArray[np.int64]) -> Judged:
    """Measure descriptors against the truth.

    Parameters
    ----------
    name : str
        What the network is called.
    descriptors : ndarray of float32, shape (N, D)
        Unit vectors.
    buildings : ndarray of int64, shape (N,)
        The building of each photo, numbered from 0; at least two photos are of one.
    """
    rows = [
        (int(buildings[query]), average_precision(is_partner), int(np.argmax(is_partner)) + 1)
        for query, is_partner in rank_partners(descriptors, buildings)
    ]
    building, precision, first_rank = zip(*rows, strict=True)
    tree = linkage_tree(descriptors, "average", "cosine")
    clusters = evaluate(buildings, cut_tree(tree, len(np.unique(buildings))))
    sizes = np.bincount(buildings)
    with_partner = np.where(sizes[buildings] > 1, buildings, -1)
    statistics = measure_clusters(descriptors, with_partner)
    return Judged(name, np.array(building), np.array(precision, np.float64), np.array(first_rank), clusters, statistics)


def compare(start: Judged, other: Judged, num_resamples: int, seed: int) -> Comparison:
    """Say by how much one network's mean average precision differs from the start's on the same photos.

    Parameters
    ----------
    start, other : Judged
        Both.
    num_resamples : int
        Draws of the buildings, with replacement.
    seed : int
        Of the draws.
    """
    gains = other.precision - start.precision
    _, places = np.unique(start.building, return_inverse=True)
    sums, counts = np.bincount(places, gains), np.bincount(places)
    gain = float(gains.mean())
    if len(counts) < 2:  # noqa: PLR2004
        return Comparison(gain, None, None)
    drawn = np.random.default_rng(seed).integers(len(counts), size=(num_resamples, len(counts)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Comparison(gain, float(low), float(high))


def sentence(start: Judged, other: Judged, found: Comparison) -> str:
    """Say in one plain sentence whether a network is better or worse than the start, by how much, and how sure."""
    num_buildings = len(np.unique(start.building))
    figures = (
        f"mean average precision {start.mean_average_precision:.3f} -> {other.mean_average_precision:.3f} "
        f"({found.gain:+.3f}"
    )
    if found.low is None or found.high is None:
        return f"{other.name} cannot be told from the start: {figures}; one building gives no interval)"
    interval = f"; 95 % interval over {num_buildings} buildings {found.low:+.3f} to {found.high:+.3f})"
    told = {
        BETTER: f"{other.name} is better than the start",
        WORSE: f"{other.name} is worse than the start, keep the start",
        UNCERTAIN: f"{other.name} is not shown to be better or worse than the start, the interval holds 0",
    }
    return f"{told[found.verdict]}: {figures}{interval}"
