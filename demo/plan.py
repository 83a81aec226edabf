"""Which photos are taken: of what, by which camera, when, where, and under which name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from demo.exif import Shot
from demo.settings import StreetSettings

PLAN_KEY = 3
METRES_PER_DEGREE = 111_195.0  # of latitude, on a sphere of 6371.0 km
SPACING_M = 42.0
GPS_NOISE_M = 3.5
SINGLE = -1


@dataclass(frozen=True)
class PlannedPhoto:
    """One photo to be taken.

    Attributes
    ----------
    name : str
        Image name.
    building : str
        Its label.
    subject : int
        Index of the building, or :data:`SINGLE`.
    view : int
        Which photo of the subject it is; for a single, which single.
    shot : Shot
        What the camera writes.
    """

    name: str
    building: str
    subject: int
    view: int
    shot: Shot

    @property
    def is_single(self) -> bool:
        """Whether nothing else shows the same."""
        return self.subject == SINGLE


@dataclass(frozen=True)
class _Device:
    folder: str
    make: str
    model: str
    pattern: str
    first: int
    start: datetime


_DEVICES = (
    _Device("day1", "Apple", "iPhone 12", "IMG_{:04d}.jpg", 12, datetime(2023, 5, 9, 9, 4)),
    _Device("day1/canon", "Canon", "Canon PowerShot G7 X", "IMG_{:04d}.JPG", 4410, datetime(2023, 5, 9, 9, 31)),
    _Device("day2", "Apple", "iPhone 12", "IMG_{:04d}.jpg", 181, datetime(2023, 5, 10, 8, 40)),
    _Device("team b", "SONY", "DSC-RX100M3", "DSC{:05d}.JPG", 31, datetime(2023, 5, 10, 13, 15)),
    _Device("team b/phone", "samsung", "SM-G991B", "20230510_14{:04d}.jpg", 2, datetime(2023, 5, 10, 14, 0)),
)


def plan_photos(settings: StreetSettings) -> list[PlannedPhoto]:
    """Plan all photos of a street, in the order in which they were taken: by chance, so names tell nothing."""
    rng = np.random.default_rng([settings.seed, PLAN_KEY])
    subjects = [
        (building, view)
        for building in range(settings.num_buildings)
        for view in range(int(rng.integers(settings.min_views, settings.max_views + 1)))
    ]
    subjects += [(SINGLE, view) for view in range(settings.num_singles)]
    without_gps = set(rng.choice(settings.num_buildings, min(2, settings.num_buildings // 4), replace=False).tolist())
    counters = [device.first for device in _DEVICES]
    plans = []
    for i in rng.permutation(len(subjects)):
        building, view = subjects[i]
        chosen = int(rng.integers(len(_DEVICES)))
        counters[chosen] += int(rng.integers(1, 4))
        position = None if building in without_gps else _position(rng, settings, building, view)
        shot = _shot(rng, _DEVICES[chosen], counters[chosen], position)
        label = f"single_{view:02d}" if building == SINGLE else f"building_{building:02d}"
        name = f"{_DEVICES[chosen].folder}/{_DEVICES[chosen].pattern.format(counters[chosen])}"
        plans.append(PlannedPhoto(name, label, building, view, shot))
    return plans


def _shot(rng: np.random.Generator, device: _Device, counter: int, position: tuple[float, float] | None) -> Shot:
    taken = device.start + timedelta(seconds=47 * (counter - device.first))
    orientation = int(rng.choice([1, 1, 1, 1, 1, 1, 1, 6, 8, 3]))
    return Shot(taken, device.make, device.model, position, orientation)


def _position(
    rng: np.random.Generator, settings: StreetSettings, building: int, view: int
) -> tuple[float, float] | None:
    """Where the camera says it stood, for about half of the photos; singles lie in other streets."""
    if building == SINGLE:
        along, aside, part = rng.uniform(0, 600), 150.0 + 60 * view, 0.4
    else:
        along, aside, part = building * SPACING_M, 0.0, 0.55
    along, aside = along + rng.normal(0, GPS_NOISE_M), aside + rng.normal(0, GPS_NOISE_M)
    if rng.random() > part:
        return None
    latitude = settings.origin[0] + aside / METRES_PER_DEGREE
    longitude = settings.origin[1] + along / (METRES_PER_DEGREE * np.cos(np.radians(settings.origin[0])))
    return float(latitude), float(longitude)
