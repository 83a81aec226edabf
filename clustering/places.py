"""Positions that contradict: photos, or clusters by their medians, that lie too far apart to show one building."""

from __future__ import annotations

from copy import copy

import numpy as np
from numpy.typing import NDArray

from clustering.graph import Integers
from clustering.nearest import EARTH_RADIUS_M, chord_length


class Places:
    """Where photos are, and the clusters that they form.

    A cluster's place is the median of its photos' points of the unit sphere, each of the three axes for itself: near
    enough to the median position at the distances that matter, and without a seam at 180 degrees.

    Parameters
    ----------
    positions : ndarray of float64, shape (N, 2), optional
        Latitude and longitude in signed degrees; NaN for a photo without.
    conflict_m : float
        Metres from which two places contradict each other.
    num_photos : int
        Number of photos N.
    """

    def __init__(self, positions: NDArray[np.float64] | None, conflict_m: float, num_photos: int) -> None:
        self._points = np.full((num_photos, 3), np.nan)
        self._chord = chord_length(conflict_m)
        if positions is not None:
            latitude, longitude = np.radians(positions).T
            self._points[:, 0] = np.cos(latitude) * np.cos(longitude)
            self._points[:, 1] = np.cos(latitude) * np.sin(longitude)
            self._points[:, 2] = np.sin(latitude)
        self._is_placed = np.isfinite(self._points[:, 0])
        self._medians = self._points.copy()
        self.has_any = bool(self._is_placed.any())

    def at_start(self) -> Places:
        """Give the same photos, each a cluster of its own."""
        places = copy(self)
        places._medians = self._points.copy()
        return places

    def distance_m(self, first: Integers, second: Integers) -> NDArray[np.float64]:
        """Give the metres between photos; NaN where one has no position."""
        return _metres(self._points[first] - self._points[second])

    def cluster_distance_m(self, first: Integers, second: Integers) -> NDArray[np.float64]:
        """Give the metres between clusters, by label; NaN where one has no position."""
        return _metres(self._medians[first] - self._medians[second])

    def contradict(self, first: Integers, second: Integers) -> NDArray[np.bool_]:
        """Tell which pairs of photos are too far apart."""
        if not self.has_any:
            return np.zeros(len(first), dtype=bool)
        return _is_beyond(self._points[first] - self._points[second], self._chord)

    def clusters_contradict(self, first: Integers, second: Integers) -> NDArray[np.bool_]:
        """Tell which pairs of clusters are too far apart."""
        return _is_beyond(self._medians[first] - self._medians[second], self._chord)

    def is_wide(self, clusters: Integers) -> bool:
        """Tell whether any two of some clusters could be too far apart, by the box around all."""
        points = self._medians[clusters]
        points = points[np.isfinite(points[:, 0])]
        return bool(len(points) and _is_beyond(points.max(axis=0) - points.min(axis=0), self._chord))

    def update(self, label: NDArray[np.int64], is_changed: NDArray[np.bool_]) -> None:
        """Find the places of the changed clusters anew.

        Parameters
        ----------
        label : ndarray of int64, shape (N,)
            Cluster of each photo.
        is_changed : ndarray of bool, shape (N,)
            Which labels' clusters have changed.
        """
        photos = np.flatnonzero(self._is_placed & is_changed[label])
        if not len(photos):
            return
        clusters, group, counts = np.unique(label[photos], return_inverse=True, return_counts=True)
        starts = np.cumsum(counts) - counts
        low, high = starts + (counts - 1) // 2, starts + counts // 2
        for axis in range(3):
            values = self._points[photos, axis]
            ranked = values[np.lexsort((values, group))]
            self._medians[clusters, axis] = (ranked[low] + ranked[high]) / 2


def _is_beyond(difference: NDArray[np.float64], chord: float) -> NDArray[np.bool_]:
    return np.sqrt((difference**2).sum(axis=-1)) > chord


def _metres(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    chord = np.sqrt((difference**2).sum(axis=-1))
    return 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(chord / 2, 1.0))
