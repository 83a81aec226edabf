"""What a report shows: buildings, photos that are alone, skipped photos, settings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from stages.reporting.places import Place
from stages.reporting.runs import StageRun
from storage.exif import ExifRecord
from storage.formats.report_record import PhotoFacts
from storage.report import SkippedPhoto

NO_EXIF = ExifRecord()


@dataclass(frozen=True)
class ReportPhoto:
    """A photo as the report shows it.

    Attributes
    ----------
    name : str
        Image name.
    facts : PhotoFacts or None
        What is known of it; None when it cannot be read.
    problem : str
        Why it cannot be read.
    is_representative : bool
        Whether it stands for its building.
    """

    name: str
    facts: PhotoFacts | None = None
    problem: str = ""
    is_representative: bool = False

    @property
    def exif(self) -> ExifRecord:
        """Its EXIF, empty where it cannot be read."""
        return NO_EXIF if self.facts is None else self.facts.exif

    @property
    def ratio(self) -> float:
        """Width over height; that of most cameras where it is not known."""
        return 4 / 3 if self.facts is None else self.facts.width / self.facts.height

    @property
    def position(self) -> tuple[float, float] | None:
        """Latitude and longitude in degrees."""
        latitude, longitude = self.exif.latitude_deg, self.exif.longitude_deg
        return None if latitude is None or longitude is None else (latitude, longitude)


@dataclass(frozen=True)
class Link:
    """Two photos and what there is to say about them; ``cluster`` is the number of the second one's, or None."""

    first: ReportPhoto
    second: ReportPhoto
    words: str
    cluster: int | None = None


@dataclass(frozen=True)
class Building:
    """A cluster as the report shows it.

    Attributes
    ----------
    number : int
        Cluster number.
    name : str or None
        What a person called it.
    folder : str
        Its folder in ``building_images``.
    photos : list of ReportPhoto
        Representatives first, then by name.
    cohesion : float or None
        Mean score of the scored pairs within.
    reasons, steps : list of str
        Why the photos are together: in short, and step by step.
    weakest : Link or None
        What holds least; without photos where positions or nothing but words tell of it.
    weakest_words : str
        The same in words; empty when nothing is known.
    doubts : list of Link
        Joins with other photos that were too doubtful to make.
    place : Place or None
        Where it is.
    """

    number: int
    name: str | None
    folder: str
    photos: list[ReportPhoto]
    cohesion: float | None = None
    reasons: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    weakest: Link | None = None
    weakest_words: str = ""
    doubts: list[Link] = field(default_factory=list)
    place: Place | None = None

    @property
    def title(self) -> str:
        """Its name, or its number."""
        return self.name or f"Building {self.number}"

    @property
    def cameras(self) -> list[tuple[str, int]]:
        """Cameras and their numbers of photos, most first."""
        counted = Counter(photo.exif.camera for photo in self.photos if photo.exif.camera)
        return sorted(counted.items(), key=lambda row: (-row[1], row[0]))

    @property
    def times(self) -> list[str]:
        """Capture times in order of the cameras' clocks."""
        return sorted((photo.exif.captured_at for photo in self.photos if photo.exif.captured_at), key=lambda t: t[:19])


@dataclass(frozen=True)
class Singleton:
    """A photo that is alone, why, and the photo that it is nearest to."""

    photo: ReportPhoto
    words: str
    neighbour: ReportPhoto | None = None
    score: float | None = None
    cluster: int | None = None


@dataclass(frozen=True)
class ReportContent:
    """Everything that the report shows.

    Attributes
    ----------
    buildings : list of Building
        Largest first.
    singletons : list of Singleton
        Those with the best score first: they are nearest to a building.
    skipped : list of SkippedPhoto
        Photos that some stage could not use, once each.
    runs : list of StageRun
        What the stages did and with which settings.
    settings : dict of str to Any
        What the clusters were made with.
    notes : list of str
        What was not there to be read.
    """

    buildings: list[Building]
    singletons: list[Singleton]
    skipped: list[SkippedPhoto]
    runs: list[StageRun]
    settings: dict[str, Any]
    notes: list[str]

    @property
    def photos(self) -> list[ReportPhoto]:
        """All photos that are shown."""
        return [photo for building in self.buildings for photo in building.photos] + [
            singleton.photo for singleton in self.singletons
        ]
