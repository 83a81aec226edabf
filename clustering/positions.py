"""Stage D: clusters whose median positions lie close together are one building (docs/clustering.md).

References of hemisphere are honoured and every longitude counts, zero too.
"""

from __future__ import annotations

import heapq
import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from clustering.nearest import (
    ROUNDING,
    LonePlaces,
    LowestWithin,
    chord_length,
    find_alone,
    haversine_m,
    unit_vector,
)
from clustering.partition import Partition, Stage

Position = tuple[float, float]


def merge_by_position(
    partition: Partition, positions: NDArray[np.float64], min_count: int, max_distance_m: float
) -> None:
    """Join clusters whose medians lie within ``max_distance_m`` metres, in place.

    Among the clusters with at least ``min_count`` positions, of all pairs near enough the one with the lowest first
    number, then the lowest second number, is joined; the median of the two together counts from then on.

    Parameters
    ----------
    partition : Partition
        Clusters; changed.
    positions : ndarray of float64, shape (N, 2)
        Latitude and longitude of each photo in signed degrees; NaN for a photo without a position.
    min_count : int
        Positions that a cluster needs, at least 1.
    max_distance_m : float
        Metres, inclusive.

    Notes
    -----
    One cluster at a time is current. It takes in, or goes into, the lowest-numbered cluster near it until none is near.
    Clusters done before it are pairwise apart, so few of them fit near any place and a grid finds them; clusters after
    it have not moved yet, so one k-d tree holds them: of its own kind, as it must answer which is the lowest near a
    place without listing all near it, which may be thousands. Most clusters have no other near at the start. They can
    only be found by one that has moved, and need no turn. Clusters that decisions keep from some other come last, when
    all others are done: they are few.
    """
    medians = _medians(partition, positions, min_count)
    concerned = _take_concerned(partition, medians)
    _merge_free(partition, medians, max_distance_m)
    _merge_concerned(partition, medians | concerned, list(concerned), max_distance_m)


def _merge_free(partition: Partition, medians: dict[int, RunningMedian], max_distance_m: float) -> None:
    """Join the clusters that no decision keeps from another; ``medians`` is by ascending number, and is changed."""
    numbers = np.array(list(medians), dtype=np.int64)
    places = np.array([median.position() for median in medians.values()]).reshape(-1, 2)
    is_alone = find_alone(places, max_distance_m)
    alone = LonePlaces(numbers[is_alone], places[is_alone], max_distance_m)
    others, waiting = numbers[~is_alone].tolist(), LowestWithin(places[~is_alone], max_distance_m)
    done = _DoneGrid(max_distance_m)
    for place, number in enumerate(others):
        if not partition.is_alive(number):
            continue
        waiting.remove(place)
        current, has_moved = number, False
        while True:
            here = medians[current].position()
            near = alone.find(*here) if has_moved else []
            done_near = done.find_lowest(here)
            # who is done has a lower number than who waits
            next_near = waiting.find(*here) if done_near is None else None
            near += [] if done_near is None else [done_near]
            near += [] if next_near is None else [others[next_near]]
            if not near:
                done.add(current, here)
                break
            other, has_moved = min(near), True
            if other == done_near:
                done.remove(other)
            elif next_near is not None and other == others[next_near]:
                waiting.remove(next_near)
            else:
                alone.remove(other)
            current = _join(partition, medians, current, other)


def _take_concerned(partition: Partition, medians: dict[int, RunningMedian]) -> dict[int, RunningMedian]:
    """Take the clusters out that some other must not join; the closed ones for good."""
    barriers = partition.barriers
    if barriers is None:
        return {}
    taken = {number: medians.pop(number) for number in list(medians) if barriers.concern(number)}
    return {number: median for number, median in taken.items() if not barriers.is_closed(number)}


def _merge_concerned(
    partition: Partition, medians: dict[int, RunningMedian], concerned: list[int], max_distance_m: float
) -> None:
    """Let each cluster that decisions keep from some other join the lowest-numbered near one that it may join."""
    if not concerned:
        return
    numbers = np.array(list(medians))
    tree = cKDTree([unit_vector(*median.position()) for median in medians.values()])
    reach = chord_length(max_distance_m) + ROUNDING  # what lies farther is surely beyond; the rest is measured
    moved: set[int] = set()  # since the tree was made
    for number in concerned:
        current = number
        while partition.is_alive(current):
            here = medians[current].position()
            around = numbers[tree.query_ball_point(unit_vector(*here), reach)].tolist()
            near = [
                other
                for other in {*around, *moved} - {current}
                if other in medians
                and partition.may_join(current, other)
                and haversine_m(*here, *medians[other].position()) <= max_distance_m
            ]
            if not near:
                break
            current = _join(partition, medians, current, min(near))
            moved.add(current)


def _join(partition: Partition, medians: dict[int, RunningMedian], number: int, other: int) -> int:
    survivor, absorbed = min(number, other), max(number, other)
    distance_m = haversine_m(*medians[survivor].position(), *medians[absorbed].position())
    partition.join(survivor, absorbed, Stage.GPS, distance_m)
    medians[survivor] = medians[survivor].united(medians.pop(absorbed))
    return survivor


def _medians(partition: Partition, positions: NDArray[np.float64], min_count: int) -> dict[int, RunningMedian]:
    """Give the median of every cluster that has enough positions, by ascending number."""
    order = partition.order()
    owner = partition.owners()[order]
    is_placed = np.isfinite(positions[order]).all(axis=1)
    placed, owner = order[is_placed], owner[is_placed]
    numbers, starts, counts = np.unique(owner, return_index=True, return_counts=True)
    medians = {}
    for number, start, count in zip(numbers.tolist(), starts.tolist(), counts.tolist(), strict=True):
        if count >= min_count:
            medians[number] = RunningMedian(positions[placed[start : start + count]].tolist())
    return medians


class RunningMedian:
    """The median latitude and the median longitude, each for itself, of a growing set of positions.

    Longitudes are taken within 180 degrees of the first one: a cluster on the antimeridian has its median there.

    Parameters
    ----------
    positions : list of [latitude, longitude]
        At least one, signed degrees.
    """

    def __init__(self, positions: list[list[float]]) -> None:
        self._reference = positions[0][1]
        self._latitudes = _RunningMiddle([latitude for latitude, _ in positions])
        self._longitudes = _RunningMiddle([self._unwrapped(longitude) for _, longitude in positions])

    def __len__(self) -> int:
        return len(self._latitudes)

    def position(self) -> Position:
        """Give the median latitude and longitude, the latter between -180 and 180 degrees."""
        longitude = self._longitudes.middle()
        return self._latitudes.middle(), longitude - 360 * round(longitude / 360) if abs(longitude) > 180 else longitude

    def united(self, other: RunningMedian) -> RunningMedian:
        """Give the median of both sets: the smaller goes into the larger, whose first longitude stays the reference."""
        small, large = (other, self) if len(other) <= len(self) else (self, other)
        for latitude in small._latitudes.values():
            large._latitudes.add(latitude)
        for longitude in small._longitudes.values():
            large._longitudes.add(large._unwrapped(longitude))
        return large

    def _unwrapped(self, longitude: float) -> float:
        turns = math.ceil((longitude - self._reference - 180) / 360)
        return longitude - 360 * turns if turns else longitude


class _RunningMiddle:
    """The median of a growing set of numbers, kept as two heaps that meet in the middle."""

    def __init__(self, values: list[float]) -> None:
        ranked = sorted(values)
        half = (len(ranked) + 1) // 2
        self._lower = [-value for value in reversed(ranked[:half])]
        self._upper = ranked[half:]

    def __len__(self) -> int:
        return len(self._lower) + len(self._upper)

    def values(self) -> list[float]:
        return [-value for value in self._lower] + self._upper

    def add(self, value: float) -> None:
        if value <= -self._lower[0]:
            heapq.heappush(self._lower, -value)
        else:
            heapq.heappush(self._upper, value)
        if len(self._lower) > len(self._upper) + 1:
            heapq.heappush(self._upper, -heapq.heappop(self._lower))
        elif len(self._upper) > len(self._lower):
            heapq.heappush(self._lower, -heapq.heappop(self._upper))

    def middle(self) -> float:
        if len(self._lower) > len(self._upper):
            return -self._lower[0]
        return (self._upper[0] - self._lower[0]) / 2


class _DoneGrid:
    """Clusters that are done, by cells of the unit sphere's space as wide as the radius."""

    def __init__(self, radius_m: float) -> None:
        self._radius_m = radius_m
        # a little wider, so that no rounding puts a cluster within the radius two cells away
        self._width = chord_length(radius_m) * (1 + 1e-9) + 1e-9
        self._cells: dict[tuple[int, int, int], dict[int, Position]] = {}
        self._cell_of: dict[int, tuple[int, int, int]] = {}

    def add(self, number: int, position: Position) -> None:
        cell = self._cell(position)
        self._cells.setdefault(cell, {})[number] = position
        self._cell_of[number] = cell

    def remove(self, number: int) -> None:
        del self._cells[self._cell_of.pop(number)][number]

    def find_lowest(self, position: Position) -> int | None:
        x, y, z = self._cell(position)
        near = [
            number
            for cell in ((x + i, y + j, z + k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1))
            for number, there in self._cells.get(cell, {}).items()
            if haversine_m(*position, *there) <= self._radius_m
        ]
        return min(near, default=None)

    def _cell(self, position: Position) -> tuple[int, int, int]:
        x, y, z = (math.floor(coordinate / self._width) for coordinate in unit_vector(*position))
        return x, y, z
