"""The map of the report: positions and outlines in metres around their middle, as the paths of an SVG picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.reporting.content import Building, ReportContent
from stages.reporting.places import Position, mercator_m

ASPECT = 4 / 3
MARGIN = 1.3  # of the view around the positions
LEAST_VIEW_M = 60.0
NUM_COLOURS = 8

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class MappedBuilding:
    """A building on the map.

    Attributes
    ----------
    building : Building
        What it is.
    dots, outline : str
        Paths of the SVG picture: a dot for each photo; the outline, empty for a single point.
    x, y : float
        Its median, metres east and south of the middle.
    radius_m : float
        Half of the view that shows it whole.
    colour : int
        One of ``NUM_COLOURS``.
    """

    building: Building
    dots: str
    outline: str
    x: float
    y: float
    radius_m: float
    colour: int


@dataclass(frozen=True)
class MapView:
    """Everything on the map; x is metres east, y metres south of ``centre``.

    Attributes
    ----------
    centre : (float, float)
        Latitude and longitude of the origin.
    buildings : list of MappedBuilding
        Those with a position.
    singles : str
        Path of the dots of photos that are alone.
    num_singles : int
        How many these are.
    view, whole : tuple of float
        Left, top, width and height of what is shown at first, the medians of the buildings; and of everything.
    bar_m : float
        Length of the scale bar at first: 1, 2 or 5 times a power of ten.
    """

    centre: Position
    buildings: list[MappedBuilding]
    singles: str
    num_singles: int
    view: Box
    whole: Box
    bar_m: float


def map_view(content: ReportContent) -> MapView | None:
    """Lay out the map; None when no photo has a position."""
    positions = [photo.position for photo in content.photos if photo.position is not None]
    if not positions:
        return None
    centre = _middle(positions)
    placed = [building for building in content.buildings if building.place is not None]
    singles = [single.photo.position for single in content.singletons if single.photo.position is not None]
    mapped = [_mapped(building, centre, place) for place, building in enumerate(placed)]
    whole = _view(_points(positions, centre))
    view = _view(np.array([(each.x, each.y) for each in mapped])) if mapped else whole
    return MapView(
        centre=centre,
        buildings=mapped,
        singles=_dots(_points(singles, centre)),
        num_singles=len(singles),
        view=view,
        whole=whole,
        bar_m=nice_length(view[2] / 4),
    )


def nice_length(most: float) -> float:
    """Give the longest length of 1, 2 or 5 times a power of ten that is not above ``most``, which is above 0."""
    # 0.5, as the logarithm of what is hardly below a power of ten is rounded up to it.
    power = 10.0 ** math.floor(math.log10(most))
    return next(factor * power for factor in (5, 2, 1, 0.5) if factor * power <= most)


def length_words(length_m: float) -> str:
    """Say a length of a scale bar."""
    return f"{length_m / 1000:,.10g} km" if length_m >= 1000 else f"{length_m:.10g} m"


def _middle(positions: Sequence[Position]) -> Position:
    """Give the middle of the extent, longitudes within 180 degrees of their mean direction."""
    degrees = np.array(positions)
    angles = np.radians(degrees[:, 1])
    mean = math.degrees(math.atan2(np.sin(angles).mean(), np.cos(angles).mean()))
    east = (degrees[:, 1] - mean + 180) % 360 - 180
    longitude = (mean + (east.min() + east.max()) / 2 + 180) % 360 - 180
    return float((degrees[:, 0].min() + degrees[:, 0].max()) / 2), float(longitude)


def _points(positions: Sequence[Position], centre: Position) -> NDArray[np.float64]:
    """Give metres east and south of the middle, (N, 2)."""
    return mercator_m(positions, centre) * (1, -1) + 0.0


def _view(points: NDArray[np.float64]) -> Box:
    """Give the box of the picture's proportions round points, with some room."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, extent = (low + high) / 2, (high - low) * MARGIN
    width = max(extent[0], extent[1] * ASPECT, LEAST_VIEW_M)
    height = width / ASPECT
    return (
        round(float(middle[0] - width / 2), 2),
        round(float(middle[1] - height / 2), 2),
        round(float(width), 2),
        round(float(height), 2),
    )


def _mapped(building: Building, centre: Position, number: int) -> MappedBuilding:
    place = building.place
    assert place is not None
    points = _points([photo.position for photo in building.photos if photo.position is not None], centre)
    corners = _points(place.outline, centre)
    x, y = _points([(place.latitude_deg, place.longitude_deg)], centre)[0]
    radius = float(np.abs(points - (x, y)).max())
    closed = "Z" if len(corners) > 2 else ""
    outline = f"M{'L'.join(map(_numbers, corners))}{closed}" if len(corners) > 1 else ""
    shown = round(float(x), 2), round(float(y), 2), round(radius, 2)
    return MappedBuilding(building, _dots(points), outline, *shown, number % NUM_COLOURS)


def _dots(points: NDArray[np.float64]) -> str:
    """Give a path of lines without length: with round ends they are dots of one size, whatever the scale."""
    return "".join(dict.fromkeys(f"M{_numbers(point)}h0" for point in points))


def _numbers(point: NDArray[np.float64]) -> str:
    return f"{point[0]:.2f} {point[1]:.2f}"
