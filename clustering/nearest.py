"""Find what lies within a radius: the lowest-numbered place of many, or all of few; places can be taken away."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

EARTH_RADIUS_M = 6371008.8  # mean radius (IUGG)
LEAF_SIZE = 8
ROUNDING = 1e-12  # in Earth radii: 6 micrometres, far above the rounding of coordinates near 1


Point = tuple[float, float, float]


def haversine_m(latitude0: float, longitude0: float, latitude1: float, longitude1: float) -> float:
    """Give the great-circle distance of two positions in signed degrees, in metres (haversine formula)."""
    phi0, phi1 = math.radians(latitude0), math.radians(latitude1)
    half_longitude = math.radians(longitude1 - longitude0) / 2
    squared_sine = math.sin((phi1 - phi0) / 2) ** 2 + math.cos(phi0) * math.cos(phi1) * math.sin(half_longitude) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(squared_sine)))


def unit_vector(latitude: float, longitude: float) -> Point:
    """Give the point of the unit sphere at a position in signed degrees."""
    phi, theta = math.radians(latitude), math.radians(longitude)
    return math.cos(phi) * math.cos(theta), math.cos(phi) * math.sin(theta), math.sin(phi)


def chord_length(distance_m: float) -> float:
    """Give the straight distance, in Earth radii, of two positions ``distance_m`` metres apart on the ground."""
    return 2 * math.sin(min(distance_m / (2 * EARTH_RADIUS_M), math.pi / 2))


class LowestWithin:
    """Answers: which is the lowest-numbered place within a radius of a position?

    A k-d tree over points of the unit sphere in which every node knows its box and the lowest number below it; a node
    that lies within the radius is answered without a look inside, so crowded places cost no more than empty ones.

    Parameters
    ----------
    positions : ndarray of float64, shape (K, 2)
        Latitude and longitude of each place in signed degrees. Places are numbered by their rows.
    radius_m : float
        The radius in metres, inclusive.
    """

    def __init__(self, positions: NDArray[np.float64], radius_m: float) -> None:
        self._positions: list[list[float]] = positions.tolist()
        self._radius_m = radius_m
        chord = chord_length(radius_m)
        self._reach = chord + ROUNDING
        self._surely_in = (chord - ROUNDING) ** 2 if chord > ROUNDING else -1.0
        self._surely_out = self._reach**2
        self._points = [unit_vector(*position) for position in self._positions]
        self._gone = len(self._points)
        self._is_gone = bytearray(self._gone)
        self._leaf_of = [0] * self._gone
        # of every node: its box widened by the reach (three lows, three highs), and what the names say
        self._boxes: list[list[float]] = []
        self._lowest: list[int] = []
        self._parent: list[int] = []
        self._children: list[list[int]] = []
        self._places: list[list[int]] = []
        if self._gone:
            self._build(np.array(self._points))

    def _build(self, points: NDArray[np.float64]) -> None:
        pending = [(np.arange(len(points)), -1)]
        while pending:
            places, parent = pending.pop()
            inside = points[places]
            low, high = inside.min(axis=0), inside.max(axis=0)
            node = self._add_node(low, high, int(places.min()), parent)
            if len(places) <= LEAF_SIZE or (low == high).all():
                # falling, so that the lowest is the last and goes first; of places at one point one stands for all
                self._places[node] = np.sort(places)[::-1].tolist()
                for place in self._places[node]:
                    self._leaf_of[place] = node
                continue
            half = len(places) // 2
            ranked = np.argpartition(inside[:, int(np.argmax(high - low))], half)
            pending += [(places[ranked[half:]], node), (places[ranked[:half]], node)]

    def _add_node(self, low: NDArray[np.float64], high: NDArray[np.float64], lowest: int, parent: int) -> int:
        node = len(self._boxes)
        self._boxes.append([*(low - self._reach).tolist(), *(high + self._reach).tolist()])
        self._lowest.append(lowest)
        self._parent.append(parent)
        self._children.append([])
        self._places.append([])
        if parent >= 0:
            self._children[parent].append(node)
        return node

    def remove(self, place: int) -> None:
        """Take a place away."""
        self._is_gone[place] = True
        node = self._leaf_of[place]
        places = self._places[node]
        while places and self._is_gone[places[-1]]:
            places.pop()
        self._lowest[node] = places[-1] if places else self._gone
        while (node := self._parent[node]) >= 0:
            left, right = self._children[node]
            lowest = min(self._lowest[left], self._lowest[right])
            if lowest == self._lowest[node]:
                break
            self._lowest[node] = lowest

    def find(self, latitude: float, longitude: float) -> int | None:
        """Give the lowest-numbered place within the radius of a position, None when there is none."""
        point = x, y, z = unit_vector(latitude, longitude)
        best = self._gone
        pending = [0] if self._boxes else []
        while pending:
            node = pending.pop()
            if self._lowest[node] >= best:
                continue
            low_x, low_y, low_z, high_x, high_y, high_z = self._boxes[node]
            if not (low_x <= x <= high_x and low_y <= y <= high_y and low_z <= z <= high_z):
                continue
            if not self._children[node]:
                best = min(best, self._find_in_leaf(node, latitude, longitude, point))
            elif self._is_surely_in(node, point):
                best = self._lowest[node]
            else:
                left, right = self._children[node]
                # the child with the lower number last, so that it comes first and spares the other
                pending += (left, right) if self._lowest[left] > self._lowest[right] else (right, left)
        return best if best < self._gone else None

    def _find_in_leaf(self, node: int, latitude: float, longitude: float, point: Point) -> int:
        x, y, z = point
        places = self._places[node]
        is_one_point = len(places) > LEAF_SIZE
        for place in places[-1:] if is_one_point else reversed(places):
            place_x, place_y, place_z = self._points[place]
            squared = (x - place_x) ** 2 + (y - place_y) ** 2 + (z - place_z) ** 2
            if squared > self._surely_out or self._is_gone[place]:
                continue
            if squared < self._surely_in:
                return place
            if haversine_m(latitude, longitude, *self._positions[place]) <= self._radius_m:
                return place
        return self._gone

    def _is_surely_in(self, node: int, point: Point) -> bool:
        """Tell whether the farthest corner of a node's box lies within the radius."""
        low_x, low_y, low_z, high_x, high_y, high_z = self._boxes[node]
        x, y, z = point
        to_x, to_y, to_z = max(x - low_x, high_x - x), max(y - low_y, high_y - y), max(z - low_z, high_z - z)
        reach = self._reach
        return (to_x - reach) ** 2 + (to_y - reach) ** 2 + (to_z - reach) ** 2 <= self._surely_in


def find_alone(places: NDArray[np.float64], radius_m: float) -> NDArray[np.bool_]:
    """Tell which places certainly have no other within a radius.

    Parameters
    ----------
    places : ndarray of float64, shape (K, 2)
        Latitude and longitude in signed degrees.
    radius_m : float
        In metres.

    Returns
    -------
    ndarray of bool, shape (K,)
        False, too, where rounding leaves a doubt.
    """
    if not len(places):
        return np.zeros(0, dtype=bool)
    points, group, counts = np.unique(places, axis=0, return_inverse=True, return_counts=True)
    vectors = _unit_vectors(points)
    reach = chord_length(radius_m) + ROUNDING
    distances = np.asarray(cKDTree(vectors).query(vectors, k=2, distance_upper_bound=reach)[0])
    is_alone: NDArray[np.bool_] = (np.isinf(distances[:, 1]) & (counts == 1))[group]
    return is_alone


def _unit_vectors(places: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([unit_vector(*place) for place in places.tolist()]).reshape(-1, 3)


class LonePlaces:
    """Answers: which places are within a radius of a position? Of places that are apart: few fit near any position.

    Parameters
    ----------
    numbers : ndarray of int64, shape (K,)
        What each place goes by.
    places : ndarray of float64, shape (K, 2)
        Latitude and longitude in signed degrees.
    radius_m : float
        The radius in metres, inclusive.
    """

    def __init__(self, numbers: NDArray[np.int64], places: NDArray[np.float64], radius_m: float) -> None:
        self._places = dict(zip(numbers.tolist(), places.tolist(), strict=True))
        self._numbers = numbers
        self._radius_m = radius_m
        self._reach = chord_length(radius_m) + ROUNDING  # what lies farther is surely beyond
        self._tree = cKDTree(_unit_vectors(places)) if len(places) else None

    def find(self, latitude: float, longitude: float) -> list[int]:
        """List the numbers of those that are still there."""
        if self._tree is None:
            return []
        around = self._numbers[self._tree.query_ball_point(unit_vector(latitude, longitude), self._reach)].tolist()
        near = [number for number in around if number in self._places]
        return [number for number in near if haversine_m(latitude, longitude, *self._places[number]) <= self._radius_m]

    def remove(self, number: int) -> None:
        """Take a place away."""
        del self._places[number]
