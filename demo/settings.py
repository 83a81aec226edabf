"""How large a street is drawn. Imports nothing heavy, so that a script can show the defaults at once."""

from __future__ import annotations

from dataclasses import dataclass

from storage.errors import UsageError

# name of a setting: smallest and largest value
_RANGES = {
    "seed": (0, 2**32 - 1),
    "num_buildings": (1, 500),
    "min_views": (1, 100),
    "max_views": (1, 100),
    "num_singles": (0, 1000),
    "side": (128, 4096),
}


@dataclass(frozen=True)
class StreetSettings:
    """Settings of the drawn street.

    Attributes
    ----------
    seed : int
        Another seed gives another street.
    num_buildings : int
        Buildings with several photos each.
    min_views, max_views : int
        Fewest and most photos of one building.
    num_singles : int
        Photos of things that are seen once.
    side : int
        Longest side of a photo in pixels.
    origin : tuple of float
        Latitude and longitude in degrees of the street's beginning.
    """

    seed: int = 0
    num_buildings: int = 12
    min_views: int = 4
    max_views: int = 8
    num_singles: int = 10
    side: int = 800
    origin: tuple[float, float] = (45.8131, 15.9775)

    def __post_init__(self) -> None:
        """Check every value.

        Raises
        ------
        UsageError
            When a value is out of its range; the message names it.
        """
        for name, (low, high) in _RANGES.items():
            if not low <= getattr(self, name) <= high:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be from {low} to {high}")
        if self.min_views > self.max_views:
            raise UsageError(f"min_views is {self.min_views}, more than max_views, {self.max_views}")
        latitude, longitude = self.origin
        if not (abs(latitude) <= 85 and abs(longitude) <= 179):
            raise UsageError(
                f"origin is {self.origin}; it must be within 85 degrees north or south and 179 east or west"
            )
