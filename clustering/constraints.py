"""What a person decided about photos: together, apart, or a cluster that is closed; and whether that can all hold."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from clustering.graph import Integers, ScoredPairs, find_edges
from clustering.union_find import UnionFind

DECIDED = float("inf")


@dataclass(frozen=True)
class Decided:
    """Decisions about photos by number; photos that are gone have numbers from ``num_photos`` on.

    Attributes
    ----------
    together : sequence of sequences of int
        Photos of one building each.
    apart : sequence of (int, int)
        Two photos of two buildings each.
    locked : sequence of sequences of int
        Whole clusters: their photos are together, and no other photo is with them.
    """

    together: Sequence[Sequence[int]] = ()
    apart: Sequence[tuple[int, int]] = ()
    locked: Sequence[Sequence[int]] = ()


@dataclass(frozen=True)
class Clash:
    """Decisions that cannot all hold.

    Attributes
    ----------
    apart : int or None
        Place of the broken one in ``apart``.
    locked : tuple of int
        Places in ``locked`` of the clusters concerned.
    together : tuple of int
        Places in ``together`` that chain the photos.
    """

    apart: int | None
    locked: tuple[int, ...]
    together: tuple[int, ...]


class ClashError(ValueError):
    """Decisions contradict each other; ``clashes`` says which."""

    def __init__(self, clashes: list[Clash]) -> None:
        super().__init__(f"{len(clashes)} decisions contradict others")
        self.clashes = clashes


@dataclass(frozen=True)
class Constraints:
    """Decisions that can all hold, transitively closed, about the photos that are there.

    Attributes
    ----------
    together : list of list of int
        Disjoint groups of two photos or more, each ascending.
    apart : list of (int, int)
        One photo of each of two groups that must not be in one cluster.
    locked : list of list of int
        Photos of each closed cluster, each ascending.
    """

    together: list[list[int]] = field(default_factory=list)
    apart: list[tuple[int, int]] = field(default_factory=list)
    locked: list[list[int]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.together or self.apart or self.locked)

    def group_of(self, num_photos: int) -> NDArray[np.int64]:
        """Give for each photo the lowest photo that it must be with; shape (N,)."""
        group = np.arange(num_photos)
        for photos in self.together:
            group[photos] = photos[0]
        return group

    def lock_of(self, num_photos: int) -> NDArray[np.int64]:
        """Give for each photo the place of its closed cluster, -1 for none; shape (N,)."""
        lock = np.full(num_photos, -1, dtype=np.int64)
        for place, photos in enumerate(self.locked):
            lock[photos] = place
        return lock

    def allow(self, first: Integers, second: Integers, num_photos: int) -> NDArray[np.bool_]:
        """Tell which pairs of photos may be in one cluster; of those that must be together it says yes."""
        group, lock = self.group_of(num_photos), self.lock_of(num_photos)
        apart = np.array(self.apart, dtype=np.int64).reshape(-1, 2)
        factors = np.array([num_photos, 1])
        forbidden = np.sort(group[apart], axis=1) @ factors
        ends = np.sort(np.column_stack((group[first], group[second])), axis=1)
        return ~np.isin(ends @ factors, forbidden) & (lock[first] == lock[second])


def resolve(decided: Decided, num_photos: int) -> Constraints:
    """Close decisions transitively and check that they can all hold.

    A photo that is gone still chains the photos that it was said to be with: what was said of it stays true.

    Parameters
    ----------
    decided : Decided
        What was decided.
    num_photos : int
        Photos that are there: numbers below it.

    Raises
    ------
    ClashError
        When two decisions contradict each other; all such are listed.
    """
    chain = _Chains(decided)
    clashes = list(chain.clashes())
    if clashes:
        raise ClashError(clashes)
    there: dict[int, list[int]] = {}
    for photo in sorted(chain.neighbours):
        if photo < num_photos:
            there.setdefault(chain.root[photo], []).append(photo)
    groups = [photos for photos in there.values() if len(photos) > 1]
    ends = [tuple(there.get(chain.root_of(photo), [photo])[0] for photo in pair) for pair in decided.apart]
    apart = sorted({(min(pair), max(pair)) for pair in ends if max(pair) < num_photos})
    locked = [sorted({photo for photo in photos if photo < num_photos}) for photos in decided.locked]
    return Constraints(groups, apart, [photos for photos in locked if photos])


class _Chains:
    """The graph of all that must be together, each edge with the decision that it comes from."""

    def __init__(self, decided: Decided) -> None:
        self.decided = decided
        self.neighbours: dict[int, list[tuple[int, int | None]]] = {}
        for place, photos in enumerate(decided.together):
            self._add(photos, place)
        for photos in decided.locked:
            self._add(photos, None)
        self.root: dict[int, int] = {}
        for photo in sorted(self.neighbours):
            if photo not in self.root:
                for reached in self._walk(photo):
                    self.root[reached] = photo

    def _add(self, photos: Sequence[int], place: int | None) -> None:
        for photo in photos:
            self.neighbours.setdefault(photo, [])
        for one, two in zip(photos, photos[1:], strict=False):
            self.neighbours[one].append((two, place))
            self.neighbours[two].append((one, place))

    def root_of(self, photo: int) -> int:
        return self.root.get(photo, photo)

    def clashes(self) -> Iterable[Clash]:
        lock_of: dict[int, set[int]] = {}
        for place, photos in enumerate(self.decided.locked):
            for photo in photos:
                lock_of.setdefault(photo, set()).add(place)
        for place, (one, two) in enumerate(self.decided.apart):
            if self.root_of(one) == self.root_of(two):
                locked = tuple(sorted(lock_of.get(one, set()) & lock_of.get(two, set())))
                yield Clash(place, locked, () if locked else self._chain(one, {two}))
        for place, photos in enumerate(self.decided.locked):
            outside = {other for other, root in self.root.items() if root == self.root_of(photos[0])} - set(photos)
            sharing = {other for photo in photos for other in lock_of[photo]} - {place}
            if sharing and min(sharing) > place:
                yield Clash(None, (place, *sorted(sharing)), ())
            elif outside and not sharing:
                yield Clash(None, (place,), self._chain(photos[0], outside))

    def _walk(self, start: int) -> dict[int, tuple[int, int | None]]:
        """Give every photo that is reached, with the photo before it and the decision that leads to it."""
        came: dict[int, tuple[int, int | None]] = {start: (start, None)}
        pending = deque([start])
        while pending:
            photo = pending.popleft()
            for other, place in self.neighbours.get(photo, ()):
                if other not in came:
                    came[other] = (photo, place)
                    pending.append(other)
        return came

    def _chain(self, start: int, goals: set[int]) -> tuple[int, ...]:
        came = self._walk(start)
        photo = next(other for other in came if other in goals)
        places = []
        while photo != start:
            photo, place = came[photo]
            if place is not None and place not in places:
                places.append(place)
        return tuple(reversed(places))


class Barriers:
    """Which clusters of a partition must not join, kept up to date under joins.

    Parameters
    ----------
    constraints : Constraints
        What was decided.
    owner : ndarray of int, shape (N,)
        Cluster number of every photo, -1 for none.
    """

    def __init__(self, constraints: Constraints, owner: NDArray[np.int64]) -> None:
        self._closed = {int(owner[photo]) for photos in constraints.locked for photo in photos}
        self._apart: dict[int, set[int]] = {}
        for pair in constraints.apart:
            one, two = (int(owner[photo]) for photo in pair)
            self._apart.setdefault(one, set()).add(two)
            self._apart.setdefault(two, set()).add(one)

    def allow(self, one: int, two: int) -> bool:
        """Tell whether two clusters may join."""
        return not (one in self._closed or two in self._closed or two in self._apart.get(one, ()))

    def is_closed(self, number: int) -> bool:
        """Tell whether no cluster may join this one."""
        return number in self._closed

    def concern(self, number: int) -> bool:
        """Tell whether there is any cluster that this one must not join."""
        return number in self._closed or number in self._apart

    def join(self, survivor: int, absorbed: int) -> None:
        """Account for a join."""
        for other in self._apart.pop(absorbed, set()):
            self._apart[other].discard(absorbed)
            self._apart[other].add(survivor)
            self._apart.setdefault(survivor, set()).add(other)


def constrain_pairs(pairs: ScoredPairs, strong_thresh: float, constraints: Constraints) -> ScoredPairs:
    """Give the pairs as decisions leave them, for a clusterer that joins whatever strong pairs chain.

    Pairs between photos that must not be together are left out; so are the strong ones, the lowest scores first, that
    would chain such photos. Photos that must be together get a pair of infinite score, after all others.
    """
    is_kept = constraints.allow(pairs.first, pairs.second, pairs.num_photos)
    chains = [(photos[0], photo) for photos in constraints.together for photo in photos[1:]]
    added = np.array(chains, dtype=pairs.first.dtype).reshape(-1, 2)
    kept = ScoredPairs(
        pairs.num_photos,
        np.concatenate((pairs.first[is_kept], added[:, 0])),
        np.concatenate((pairs.second[is_kept], added[:, 1])),
        np.concatenate((pairs.score[is_kept], np.full(len(added), DECIDED))),
    )
    part = _strong_parts(kept, strong_thresh, constraints) if constraints.apart else np.zeros(pairs.num_photos)
    crosses = (part[kept.first] != part[kept.second]) & (kept.score >= strong_thresh)
    return ScoredPairs(kept.num_photos, kept.first[~crosses], kept.second[~crosses], kept.score[~crosses])


def _strong_parts(pairs: ScoredPairs, strong_thresh: float, constraints: Constraints) -> NDArray[np.int64]:
    """Join photos by strong pairs, the highest scores first, wherever that is allowed (Kruskal's order)."""
    barriers = Barriers(constraints, np.arange(pairs.num_photos))
    union_find = UnionFind()
    edges = find_edges(pairs, strong_thresh)
    for first, second, score in zip(edges.first.tolist(), edges.second.tolist(), edges.score.tolist(), strict=True):
        one, two = sorted((union_find.find(first), union_find.find(second)))
        # a locked cluster has pairs of its own photos only, so what is closed to others does not matter here
        if one != two and (score == DECIDED or barriers.allow(one, two) or barriers.is_closed(one)):
            union_find.union(one, two)
            barriers.join(one, two)
    part = np.arange(pairs.num_photos)
    joined = list(union_find)
    part[joined] = [union_find.find(photo) for photo in joined]
    return part
