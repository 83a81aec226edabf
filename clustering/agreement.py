"""How well two clusters agree, for all pairs of clusters at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clustering.graph import Edges, Integers
from clustering.sorting import stable_order
from clustering.support import measure_support

LINKAGE_COLUMNS = ("first", "second", "agreement", "support")
ONE = 1 << 30  # probabilities are counted in these parts: sums of integers do not depend on their order


@dataclass(frozen=True)
class Links:
    """Pairs of photos that speak for one building.

    Attributes
    ----------
    first, second : ndarray of int, shape (E,)
        The two photos.
    weight : ndarray of int64, shape (E,)
        The probability in parts of ``ONE``.
    support : ndarray of float64, shape (E,)
        How far the photos around agree (:func:`clustering.support.measure_support`).
    """

    first: Integers
    second: Integers
    weight: NDArray[np.int64]
    support: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.first)

    @classmethod
    def of_edges(cls, edges: Edges) -> Links:
        """Make links, not told apart by support, of edges whose scores are probabilities."""
        edges = edges.take(edges.first != edges.second)
        weight = np.rint(edges.score * ONE).astype(np.int64)
        return cls(edges.first, edges.second, weight, np.ones(len(weight)))

    def at_least(self, probability: float) -> Links:
        """Give the links of this probability or more."""
        return self.take(self.weight >= round(probability * ONE))

    def with_support(self, num_photos: int) -> Links:
        """Give the same links with the support that they give each other."""
        support = measure_support(self.first, self.second, self.weight / ONE, num_photos)
        return replace(self, support=support)

    def take(self, chosen: NDArray[np.bool_]) -> Links:
        """Give the chosen links."""
        return Links(self.first[chosen], self.second[chosen], self.weight[chosen], self.support[chosen])


@dataclass(frozen=True)
class Linkages:
    """How firmly pairs of clusters with a link between them are linked.

    Attributes
    ----------
    first, second : ndarray of int64, shape (J,)
        Labels of the two clusters, the lower one first.
    agreement : ndarray of float64, shape (J,)
        How well they agree, 0 to 1.
    support : ndarray of float64, shape (J,)
        The best support of a link between them.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    agreement: NDArray[np.float64]
    support: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.first)

    def take(self, chosen: NDArray[np.bool_]) -> Linkages:
        """Give the chosen ones."""
        return Linkages(*(getattr(self, name)[chosen] for name in LINKAGE_COLUMNS))

    def with_more(self, other: Linkages) -> Linkages:
        """Give these and others."""
        return Linkages(*(np.concatenate((getattr(self, name), getattr(other, name))) for name in LINKAGE_COLUMNS))


_NONE: NDArray[np.int64] = np.empty(0, dtype=np.int64)
NO_LINKAGES = Linkages(_NONE, _NONE, np.empty(0), np.empty(0))


def find_linkages(links: Links, label: NDArray[np.int64], size: NDArray[np.int64]) -> Linkages:
    """Measure how well every two clusters with a link between them agree.

    Each photo of a cluster has a best link to the other cluster, or none, which counts as zero. The agreement is the
    geometric mean of the two means of these, one mean over the photos of each cluster. For two single photos it is the
    probability itself. One pair between two clusters of ten photos can give 0.1 at most: it takes several photos on
    both sides, and many pairs of one photo count as one on its side.

    Parameters
    ----------
    links : Links
        All between different clusters.
    label : ndarray of int64, shape (N,)
        Cluster of each photo.
    size : ndarray of int64, shape (N,)
        Number of photos of the cluster of each label.
    """
    num_photos = len(label)
    ends = label[links.first], label[links.second]
    is_turned = ends[0] > ends[1]
    first, second = np.where(is_turned, ends[1], ends[0]), np.where(is_turned, ends[0], ends[1])
    order = stable_order(first * num_photos + second, num_photos**2)
    first, second, weight, support = first[order], second[order], links.weight[order], links.support[order]
    is_new = np.ones(len(order), dtype=bool)
    is_new[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    starts = np.flatnonzero(is_new)
    if not len(starts):
        return NO_LINKAGES
    group = np.cumsum(is_new) - 1
    near = np.where(is_turned, links.second, links.first)[order].astype(np.int64)
    far = np.where(is_turned, links.first, links.second)[order].astype(np.int64)
    sums = [sum_of_best(group, photos, weight, len(starts), num_photos) for photos in (near, far)]
    first, second = first[starts], second[starts]
    squared = (sums[0] / ONE) * (sums[1] / ONE) / (size[first] * size[second])
    return Linkages(first, second, np.sqrt(squared), np.maximum.reduceat(support, starts))


def sum_of_best(
    group: NDArray[np.int64], photo: NDArray[np.int64], weight: NDArray[np.int64], num_groups: int, num_photos: int
) -> NDArray[np.float64]:
    """Sum, over the photos of each group of links, the greatest weight of the photo's links; exact below 2**53."""
    is_alone = np.bincount(group, minlength=num_groups)[group] == 1
    total = np.zeros(num_groups)
    total[group[is_alone]] = weight[is_alone]
    group, photo, weight = group[~is_alone], photo[~is_alone], weight[~is_alone]
    if not len(group):
        return total
    keys = group * num_photos + photo
    order = stable_order(keys, num_groups * num_photos)
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    best = np.maximum.reduceat(weight[order], starts)
    return total + np.bincount(group[order[starts]], best, num_groups)
