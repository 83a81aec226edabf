"""What a person decided, carried out on labels that were made of vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clustering.constraints import Constraints
from clustering.features.clusterers.base import NOISE, Labels, Vectors, number_by_first


def obey(vectors: Vectors, labels: Labels, constraints: Constraints) -> tuple[Labels, NDArray[np.bool_]]:
    """Change labels so that all decisions hold.

    A locked cluster is its photos and no others. Of two photos that must be apart but are in one cluster, one leaves
    to a group of its own, with all of the cluster that must be with it: the one that must be with a photo elsewhere,
    else the one farther from the mean of the others. Then clusters whose photos must be together become one; where
    other decisions stand against that, the photos that they speak of leave and go together alone.

    Parameters
    ----------
    vectors : ndarray, (N, K)
        Prepared.
    labels : ndarray of int64, (N,)
        -1 for noise.
    constraints : Constraints
        Decisions that can all hold.

    Returns
    -------
    labels : ndarray of int64, (N,)
        Numbered by first members.
    is_moved : ndarray of bool, (N,)
        Photos that left a cluster, or whose cluster became part of a larger one.
    """
    carried = _Carried(vectors, labels, constraints)
    for photos in constraints.locked:
        carried.move(np.array(photos), carried.fresh_label())
    for one, other in constraints.apart:
        if carried.labels[one] == carried.labels[other] != NOISE:
            carried.part(one, other)
    for photos in constraints.together:
        carried.gather(np.array(photos))
    return number_by_first(carried.labels), carried.is_moved


class _Carried:
    """Labels on the way to what was decided."""

    def __init__(self, vectors: Vectors, labels: Labels, constraints: Constraints) -> None:
        self.vectors, self.labels = vectors, labels.copy()
        self.is_moved = np.zeros(len(labels), dtype=bool)
        self.group = constraints.group_of(len(labels))
        self.lock = constraints.lock_of(len(labels))
        apart = np.array(constraints.apart, dtype=np.int64).reshape(-1, 2)
        self.apart = self.group[apart]

    def fresh_label(self) -> int:
        """Give a label that no photo has."""
        return int(self.labels.max(initial=NOISE)) + 1

    def move(self, photos: NDArray[np.integer], target: int) -> None:
        """Give photos a label."""
        self.is_moved[photos] |= self.labels[photos] != target
        self.labels[photos] = target

    def part(self, one: int, other: int) -> None:
        """Let one of two photos leave their cluster, with what of it must be with it."""
        number = self.labels[one]
        sides = [np.flatnonzero((self.group == self.group[photo]) & (self.labels == number)) for photo in (one, other)]
        is_bound = [len(side) < int((self.group == self.group[side[0]]).sum()) for side in sides]
        if is_bound[0] != is_bound[1]:
            leaves = sides[is_bound.index(True)]
        else:
            leaves = sides[self._farther(number, sides)]
        self.move(leaves, self.fresh_label())

    def _farther(self, number: int, sides: list[NDArray[np.int64]]) -> int:
        """Say which of two parts of a cluster lies farther from the mean of its other members; the second in doubt."""
        others = np.setdiff1d(np.flatnonzero(self.labels == number), np.concatenate(sides))
        if not len(others):
            return 1
        mean = self.vectors[others].mean(axis=0)
        first, second = (float(np.linalg.norm(self.vectors[side].mean(axis=0) - mean)) for side in sides)
        return 0 if first > second else 1

    def gather(self, photos: NDArray[np.int64]) -> None:
        """Make one cluster of those that hold photos that must be together, or else of the photos alone."""
        touched = np.unique(self.labels[photos])
        touched = touched[touched != NOISE]
        whole = np.union1d(photos, np.flatnonzero(np.isin(self.labels, touched)))
        if not len(touched) or not self._may_be_one(whole):
            self.move(photos, self.fresh_label())
            return
        sizes = [int((self.labels == number).sum()) for number in touched]
        self.move(whole, int(touched[int(np.argmax(sizes))]))

    def _may_be_one(self, photos: NDArray[np.int64]) -> bool:
        """Say whether no decision keeps any two of these photos apart."""
        are_there = np.isin(self.apart, self.group[photos])
        return len(np.unique(self.lock[photos])) == 1 and not are_there.all(axis=1).any()
