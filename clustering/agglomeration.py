"""Joining clusters that agree, all that are each other's best partner at once, until none agree enough.

Reciprocal nearest neighbours (de Rham 1980; in rounds over a sparse graph: Sumengen et al. 2021, "Scaling hierarchical
agglomerative clustering to billion-sized datasets", arXiv:2105.11653): no queue, only sorts of arrays. A round looks
only at links of clusters that the round before has changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustering.agreement import NO_LINKAGES, Links, find_linkages
from clustering.colours import Colours, mix
from clustering.constraints import Constraints
from clustering.places import Places
from clustering.ties import agreement_with_the_others, connect
from clustering.union_find import UnionFind

Joins = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
_NONE: NDArray[np.int64] = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Surroundings:
    """What is known of the photos apart from the links: positions, decisions, and colours that break ties."""

    places: Places
    constraints: Constraints
    colours: Colours


class Agglomeration:
    """Clusters that grow by rounds.

    Parameters
    ----------
    links : Links
        Pairs that count as evidence.
    least_agreement : float
        How well two clusters must agree to be joined, 0 to 1.
    around : Surroundings
        What else is known.

    Attributes
    ----------
    label : ndarray of int64, shape (N,)
        Cluster of each photo: the number of its lowest photo.
    size : ndarray of int64, shape (N,)
        Photos in the cluster of each label.
    seeds : list of list of int
        Photos that were together from the start.
    """

    def __init__(self, links: Links, least_agreement: float, around: Surroundings) -> None:
        num_photos = len(around.colours)
        self.least_agreement = least_agreement
        self.places = around.places
        self.label = around.constraints.group_of(num_photos)
        self.size = np.bincount(self.label, minlength=num_photos)
        self._joins: list[Joins] = [(_NONE, _NONE, np.empty(0))]
        self.seeds = around.constraints.together
        self._links = links
        self._apart = np.array(around.constraints.apart, dtype=np.int64).reshape(-1, 2)
        self._is_closed = np.zeros(num_photos, dtype=bool)
        self._is_closed[self.label[around.constraints.lock_of(num_photos) >= 0]] = True
        self._key = np.zeros(num_photos, dtype=np.uint64)
        np.add.at(self._key, self.label, around.colours)
        self._is_changed = np.ones(num_photos, dtype=bool)
        self.places.update(self.label, self._is_changed)
        self._ready = NO_LINKAGES

    def run(self) -> None:
        """Join until no two clusters may join."""
        while True:
            self._look_again()
            if not len(self._ready):
                return
            first, second, agreement = self._mutual_best()
            self._join(*self._without_conflicts(first, second, agreement))

    def join_decided(self, pairs: NDArray[np.int64]) -> None:
        """Make one of the two clusters of each pair of photos (J, 2), however well they agree."""
        ends = self.label[pairs]
        ends = ends[ends[:, 0] != ends[:, 1]]
        self._join(ends[:, 0], ends[:, 1], np.full(len(ends), np.nan))
        apart = self.label[self._apart]
        self._apart = self._apart[apart[:, 0] != apart[:, 1]]  # a decision overrules a tie

    def joins(self) -> Joins:
        """Give all joins in order, as three arrays: the label that stayed, the one that ended, how well they agreed.

        The agreement is NaN where a decision joined them.
        """
        survivor, absorbed, agreement = zip(*self._joins, strict=True)
        return np.concatenate(survivor), np.concatenate(absorbed), np.concatenate(agreement)

    def keys(self) -> Colours:
        """Give a number for each label that does not depend on names or order."""
        return self._key

    def _are_apart(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which pairs of clusters a decision, or a tie, keeps apart."""
        num_photos = len(self.label)
        ends = np.sort(self.label[self._apart], axis=1)
        keys = np.minimum(first, second) * num_photos + np.maximum(first, second)
        forbidden = np.isin(keys, ends[:, 0] * num_photos + ends[:, 1])
        return forbidden | self._is_closed[first] | self._is_closed[second]

    def _look_again(self) -> None:
        """Find what joins are open, anew for clusters that have changed."""
        ends = self.label[self._links.first], self.label[self._links.second]
        is_between = ends[0] != ends[1]
        if not is_between.all():
            self._links = self._links.take(is_between)
            ends = ends[0][is_between], ends[1][is_between]
        changed = self._is_changed
        linkages = find_linkages(self._links.take(changed[ends[0]] | changed[ends[1]]), self.label, self.size)
        linkages = linkages.take(linkages.agreement >= self.least_agreement)
        if len(self._apart) or self._is_closed.any():
            linkages = linkages.take(~self._are_apart(linkages.first, linkages.second))
        if self.places.has_any:
            linkages = linkages.take(~self.places.clusters_contradict(linkages.first, linkages.second))
        ready = self._ready
        self._ready = ready.take(~(changed[ready.first] | changed[ready.second])).with_more(linkages)
        self._is_changed = np.zeros(len(self.label), dtype=bool)

    def _mutual_best(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Find the pairs of clusters that are each other's best partner.

        The best is the one that agrees best, times the support of the pairs between: a wrong pair, however sure, waits
        until there are whole groups on both sides of it. Of equal ones, it is that of the highest key.
        """
        ready = self._ready
        value = ready.agreement * ready.support
        keys = mix(self._key)
        tie = mix(keys[ready.first] + keys[ready.second])
        rank = np.lexsort((tie, value))
        is_higher = np.diff(value[rank]) > 0
        is_higher |= tie[rank][1:] != tie[rank][:-1]
        grade = np.empty(len(ready), dtype=np.int64)
        grade[rank] = np.concatenate(([0], np.cumsum(is_higher)))
        best = np.full(len(self.label), -1, dtype=np.int64)
        np.maximum.at(best, ready.first, grade)
        np.maximum.at(best, ready.second, grade)
        is_mutual = (best[ready.first] == grade) & (best[ready.second] == grade)
        return ready.first[is_mutual], ready.second[is_mutual], ready.agreement[is_mutual]

    def _without_conflicts(
        self, first: NDArray[np.int64], second: NDArray[np.int64], agreement: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Leave out joins of three clusters or more, equal in all respects, that cannot all be made.

        To choose among them would be to choose by name: none of them is made, now or later.
        """
        num_labels = len(self.label)
        is_tied = np.bincount(np.concatenate((first, second)), minlength=num_labels) > 1
        if not is_tied.any():
            return first, second, agreement
        part = connect(first, second, num_labels)
        is_bad = np.zeros(int(part.max()) + 1, dtype=bool)
        is_bad[part[is_tied]] = True
        part[(part >= 0) & ~is_bad[part]] = -1
        is_bad = self._are_bad(part, len(is_bad))
        is_left_out = (part[first] >= 0) & is_bad[part[first]]
        left_out = np.column_stack((first, second))[is_left_out]
        self._apart = np.concatenate((self._apart, left_out))
        self._is_changed[left_out.ravel()] = True
        return first[~is_left_out], second[~is_left_out], agreement[~is_left_out]

    def _are_bad(self, part: NDArray[np.int64], num_parts: int) -> NDArray[np.bool_]:
        """Tell which parts of tied clusters cannot become one; ``part`` is that of each label, -1 for none."""
        is_bad = np.zeros(num_parts, dtype=bool)
        agreement = agreement_with_the_others(self._links, self.label, self.size, part)
        is_bad[part[agreement < self.least_agreement]] = True
        apart = part[self.label[self._apart]]
        is_bad[apart[(apart[:, 0] == apart[:, 1]) & (apart[:, 0] >= 0), 0]] = True
        if self.places.has_any:
            clusters = np.flatnonzero(part >= 0)
            for members in np.split(*_by(part[clusters], clusters)):
                is_bad[part[members[:1]]] |= self.places.is_wide(members)
        return is_bad

    def _join(self, first: NDArray[np.int64], second: NDArray[np.int64], agreement: NDArray[np.float64]) -> None:
        order = np.lexsort((second, first, -agreement))
        low, high = np.minimum(first, second)[order], np.maximum(first, second)[order]
        num_joins = np.bincount(np.concatenate((low, high)), minlength=len(self.label))
        is_alone = (num_joins[low] == 1) & (num_joins[high] == 1)
        into = np.arange(len(self.label))
        into[high[is_alone]] = low[is_alone]
        # joins of several clusters to one are chained
        union_find = UnionFind()
        is_made = np.ones(len(order), dtype=bool)
        for row in np.flatnonzero(~is_alone).tolist():
            joined = union_find.union(int(low[row]), int(high[row]))
            is_made[row] = joined is not None
            low[row], high[row] = joined or (low[row], high[row])
        chained = list(union_find)
        into[chained] = [union_find.find(label) for label in chained]
        self._joins.append((low[is_made], high[is_made], agreement[order][is_made]))
        ended = np.flatnonzero(into != np.arange(len(into)))
        np.add.at(self.size, into[ended], self.size[ended])
        np.add.at(self._key, into[ended], self._key[ended])
        self.size[ended] = 0
        self._is_changed[ended] = self._is_changed[into[ended]] = True
        self.label = into[self.label]
        self.places.update(self.label, self._is_changed)


def _by(key: NDArray[np.int64], values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the values by ascending key, and where each further key starts: what ``np.split`` takes."""
    order = np.argsort(key, kind="stable")
    return values[order], np.flatnonzero(np.diff(key[order])) + 1
