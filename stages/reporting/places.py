"""Where buildings are: the median of their photos' positions, and the convex outline around them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clustering.nearest import EARTH_RADIUS_M
from clustering.positions import RunningMedian

Position = tuple[float, float]
MAX_LATITUDE = 85.0511287798066  # where Web Mercator ends: the map is a square


@dataclass(frozen=True)
class Place:
    """Where a building is.

    Attributes
    ----------
    latitude_deg, longitude_deg : float
        Median of the positions of its photos.
    num_positions : int
        Photos with a position.
    outline : tuple of (float, float)
        Corners (latitude, longitude) of the smallest convex shape around the positions, anticlockwise, the first not
        repeated. Two corners are a line, one is a point.
    """

    latitude_deg: float
    longitude_deg: float
    num_positions: int
    outline: tuple[Position, ...]


def find_place(positions: Sequence[Position]) -> Place | None:
    """Find where a building is; None when no photo has a position.

    Parameters
    ----------
    positions : sequence of (float, float)
        Latitude and longitude in signed degrees.
    """
    if not positions:
        return None
    latitude, longitude = RunningMedian([list(position) for position in positions]).position()
    return Place(latitude, longitude, len(positions), convex_outline(positions))


def convex_outline(positions: Sequence[Position]) -> tuple[Position, ...]:
    """Give the corners of the convex hull of positions: three or more anticlockwise, or two ends of a line, or one."""
    from scipy.spatial import ConvexHull, QhullError

    distinct = sorted(set(positions))
    if len(distinct) < 3:
        return tuple(distinct)
    points = mercator_m(distinct, distinct[0])
    try:
        corners = ConvexHull(points).vertices
    except QhullError:  # all on one line, which has no area
        along = points @ (points[-1] - points[0] if np.ptp(points) else np.ones(2))
        return distinct[int(along.argmin())], distinct[int(along.argmax())]
    return tuple(distinct[corner] for corner in corners)


def mercator_m(positions: Sequence[Position], centre: Position) -> NDArray[np.float64]:
    """Project positions to metres east and north of ``centre``.

    Web Mercator (EPSG:3857, on the mean sphere), scaled so that lengths are true at the latitude of the centre.
    Longitudes are taken within 180 degrees of the centre's.

    Parameters
    ----------
    positions : sequence of (float, float)
        N positions, latitude and longitude in signed degrees.
    centre : (float, float)
        The origin.

    Returns
    -------
    ndarray of float64, shape (N, 2)
        Metres east and north.
    """
    degrees = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
    latitude = np.clip(degrees[:, 0], -MAX_LATITUDE, MAX_LATITUDE)
    east = np.radians((degrees[:, 1] - centre[1] + 180) % 360 - 180)
    north = _isometric(latitude) - _isometric(np.clip(np.array([centre[0]]), -MAX_LATITUDE, MAX_LATITUDE))
    scale = EARTH_RADIUS_M * math.cos(math.radians(min(max(centre[0], -MAX_LATITUDE), MAX_LATITUDE)))
    return np.column_stack([east, north]) * scale


def _isometric(latitude_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.arcsinh(np.tan(np.radians(latitude_deg)))
