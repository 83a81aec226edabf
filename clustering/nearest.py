"""Find the lowest-numbered place within a radius; places can be taken away."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

EARTH_RADIUS_M = 6371008.8  # mean radius (IUGG)
LEAF_SIZE = 8
ROUNDING = 1e-12  # in Earth radii: 6 micrometres, far above the rounding of coordinates near 1


def haversine_m(latitude0: float, longitude0: float, latitude1: float, longitude1: float) -> float:
    """Give the great-circle distance of two positions in signed degrees, in metres (haversine formula)."""
    phi0, phi1 = math.radians(latitude0), math.radians(latitude1)
    half_longitude = math.radians(longitude1 - longitude0) / 2
    squared_sine = math.sin((phi1 - phi0) / 2) ** 2 + math.cos(phi0) * math.cos(phi1) * math.sin(half_longitude) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(squared_sine)))


def unit_vector(latitude: float, longitude: float) -> tuple[float, float, float]:
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
        self._surely_in = (chord - ROUNDING) ** 2 if chord > ROUNDING else -1.0
        self._reach = chord + ROUNDING
        points = np.array([unit_vector(*position) for position in self._positions]).reshape(-1, 3)
        self._gone = len(points)
        self._lows: list[list[float]] = []
        self._highs: list[list[float]] = []
        self._lowest: list[int] = []
        self._children: list[list[int]] = []
        self._parent: list[int] = []
        self._places: list[list[int]] = []
        self._leaf_of = [0] * len(points)
        self._is_gone = bytearray(len(points))
        if len(points):
            self._build(points)

    def _build(self, points: NDArray[np.float64]) -> None:
        pending = [(np.arange(len(points)), -1)]
        while pending:
            places, parent = pending.pop()
            node = len(self._lows)
            inside = points[places]
            low, high = inside.min(axis=0), inside.max(axis=0)
            self._lows.append(low.tolist())
            self._highs.append(high.tolist())
            self._lowest.append(int(places.min()))
            self._parent.append(parent)
            self._children.append([])
            self._places.append([])
            if parent >= 0:
                self._children[parent].append(node)
            if len(places) <= LEAF_SIZE or (low == high).all():
                self._fill_leaf(node, places)
                continue
            half = len(places) // 2
            ranked = np.argpartition(inside[:, int(np.argmax(high - low))], half)
            pending += [(places[ranked[half:]], node), (places[ranked[:half]], node)]

    def _fill_leaf(self, node: int, places: NDArray[np.intp]) -> None:
        # falling, so that the lowest is the last and goes first
        self._places[node] = np.sort(places)[::-1].tolist()
        for place in self._places[node]:
            self._leaf_of[place] = node

    def remove(self, place: int) -> None:
        """Take a place away."""
        self._is_gone[place] = True
        node = self._leaf_of[place]
        places = self._places[node]
        while places and self._is_gone[places[-1]]:
            places.pop()
        self._lowest[node] = places[-1] if places else self._gone
        while (node := self._parent[node]) >= 0:
            lowest = min(self._lowest[child] for child in self._children[node])
            if lowest == self._lowest[node]:
                break
            self._lowest[node] = lowest

    def find(self, latitude: float, longitude: float) -> int | None:
        """Give the lowest-numbered place within the radius of a position, None when there is none."""
        point = unit_vector(latitude, longitude)
        best = self._gone
        pending = [0] if self._lows else []
        while pending:
            node = pending.pop()
            if self._lowest[node] >= best or not self._is_near(node, point):
                continue
            if self._farthest_squared(node, point) <= self._surely_in:
                best = self._lowest[node]
            else:
                # the child with the lower number last, so that it comes first and spares the other
                pending += sorted(self._children[node], key=self._lowest.__getitem__, reverse=True)
                best = min(best, self._find_in_leaf(node, latitude, longitude))
        return best if best < self._gone else None

    def _find_in_leaf(self, node: int, latitude: float, longitude: float) -> int:
        for place in reversed(self._places[node]):
            is_near = haversine_m(latitude, longitude, *self._positions[place]) <= self._radius_m
            if is_near and not self._is_gone[place]:
                return place
        return self._gone

    def _is_near(self, node: int, point: tuple[float, float, float]) -> bool:
        x, y, z = point
        low_x, low_y, low_z = self._lows[node]
        high_x, high_y, high_z = self._highs[node]
        reach = self._reach
        return (
            low_x - reach <= x <= high_x + reach
            and low_y - reach <= y <= high_y + reach
            and low_z - reach <= z <= high_z + reach
        )

    def _farthest_squared(self, node: int, point: tuple[float, float, float]) -> float:
        """Give the squared distance from a point to the farthest corner of a node's box."""
        sides = zip(point, self._lows[node], self._highs[node], strict=True)
        return sum(max(value - low, high - value) ** 2 for value, low, high in sides)
