"""Vectors to groups, step by step: reduce, cluster, then whatever steps change the labels (merge, noise, split)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from clustering.features.clusterers.base import NOISE, Labels, Vectors, number_by_first

# prepared vectors (N, K) and labels (N,) to labels (N,)
Step = Callable[[Vectors, Labels], Labels]


@dataclass(frozen=True)
class Pipeline:
    """The steps from vectors to labels.

    Attributes
    ----------
    reduce : callable
        Vectors (N, D) to the vectors (N, K) that all other steps look at.
    cluster : callable
        Those to labels.
    steps : sequence of Step
        What is done to the labels, in order: merging of clusters, noise to clusters, splitting of large ones.
    """

    reduce: Callable[[Vectors], Vectors]
    cluster: Callable[[Vectors], Labels]
    steps: Sequence[Step] = field(default=())

    def run(self, vectors: Vectors) -> Labels:
        """Give the group of each vector: int64 (N,), numbered by first members, -1 for noise and for groups of one."""
        return self.run_reduced(self.reduce(vectors))

    def run_reduced(self, reduced: Vectors) -> Labels:
        """Do all steps but the first."""
        labels = self.cluster(reduced)
        for step in self.steps:
            labels = number_by_first(step(reduced, labels))
        return without_singles(labels)


def without_singles(labels: Labels) -> Labels:
    """Make groups of one photo noise, and number the others from 0 in the order of their first members."""
    found, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    is_kept = (counts > 1) & (found >= 0)
    return number_by_first(np.where(is_kept[place], labels, NOISE))
