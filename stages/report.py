"""What the report shows: buildings, photos that are alone, skipped photos and settings, gathered from a work folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stages.explain_inputs import Grouped, read_grouped
from stages.export import building_folders
from stages.report_places import Place, find_place
from stages.report_runs import StageRun, read_runs
from stages.report_words import doubt_words, join_lines, singleton_words, weakest_words, why_together
from stages.settings import ExplainSettings, ReportSettings
from storage.errors import StageError
from storage.exif import ExifRecord
from storage.formats.clusters import SINGLETONS_KEY
from storage.formats.report_record import PhotoFacts
from storage.report import SkippedPhoto

NO_EXIF = ExifRecord()
MAX_DOUBTS = 6


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
        return self.name or f"Cluster {self.number}"

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


@dataclass(frozen=True)
class ReportInputs:
    """Clusters with their reasons, and what the stages wrote about themselves."""

    grouped: Grouped
    runs: list[StageRun]
    notes: list[str]

    @property
    def clusters(self) -> dict[str, list[str]]:
        """Cluster number to image names."""
        return self.grouped.clusters or {}

    @property
    def names(self) -> list[str]:
        """All photos of the clusters, sorted."""
        return sorted(name for names in self.clusters.values() for name in names)


def read_report_inputs(settings: ReportSettings) -> ReportInputs:
    """Read clusters, reasons and run reports of a work folder.

    Raises
    ------
    StageError
        When the image folder or the clusters are missing or damaged.
    """
    if not settings.image_dir.is_dir():
        raise StageError(f"--image_dir {settings.image_dir} does not exist: give the folder that was clustered")
    notes: list[str] = []
    wanted = ExplainSettings("", "", image_dir=settings.image_dir, results_dir=settings.results_dir)
    grouped = read_grouped(wanted, notes)
    if grouped.clusters is None:
        raise StageError(notes[0])
    runs = read_runs((settings.image_dir, settings.outputs_dir, settings.results_dir))
    return ReportInputs(grouped, runs, notes)


def gather_report(inputs: ReportInputs, facts: Mapping[str, PhotoFacts], problems: Mapping[str, str]) -> ReportContent:
    """Bring together what the report shows.

    Parameters
    ----------
    inputs : ReportInputs
        As :func:`read_report_inputs` gives them.
    facts, problems : mapping of str
        What is known of each photo, or why it cannot be read.
    """
    photos = {name: ReportPhoto(name, facts.get(name), problems.get(name, "")) for name in inputs.names}
    gathering = _Gathering(inputs, photos)
    info = inputs.grouped.info
    skipped = {photo.name: photo for run in reversed(inputs.runs) for photo in run.skipped}
    skipped |= {row["name"]: SkippedPhoto(row["name"], row["reason"]) for row in info.get("skipped", [])}
    skipped |= {name: SkippedPhoto(name, reason) for name, reason in problems.items()}
    settings = {key: info[key] for key in ("method", "model", "pairs_file") if info.get(key)}
    return ReportContent(
        buildings=gathering.buildings(),
        singletons=gathering.singletons(),
        skipped=sorted(skipped.values()),
        runs=inputs.runs,
        settings=settings | dict(info.get("settings", {})),
        notes=list(inputs.notes),
    )


class _Gathering:
    """The clusters, and all photos by name."""

    def __init__(self, inputs: ReportInputs, photos: Mapping[str, ReportPhoto]) -> None:
        self.clusters = inputs.clusters
        self.info = inputs.grouped.info
        self.photos = photos
        self.owner = {name: int(key) for key, names in self.clusters.items() if key != SINGLETONS_KEY for name in names}
        self.doubts: dict[int, list[tuple[Mapping[str, Any], bool]]] = {}
        for doubt in self.info.get("review", []):
            first, second = doubt["clusters"]
            for number, is_turned in ((first, False), (second, True)):
                if number is not None and (first != second or not is_turned):
                    self.doubts.setdefault(number, []).append((doubt, is_turned))

    def buildings(self) -> list[Building]:
        """Give all clusters, largest first."""
        folders = building_folders(self.clusters)
        return [self._building(key, folder) for key, folder in folders.items() if key != SINGLETONS_KEY]

    def _building(self, key: str, folder: str) -> Building:
        entry: Mapping[str, Any] = self.info.get("clusters", {}).get(key, {})
        photos = self._ordered(self.clusters[key], entry.get("representatives", []))
        positions = [photo.position for photo in photos if photo.position is not None]
        link = entry.get("weakest_link")
        words = weakest_words(link, self.info) if link else ""
        pair = link.get("pair") if link else None
        return Building(
            number=int(key),
            name=entry.get("name"),
            folder=folder,
            photos=photos,
            cohesion=entry.get("cohesion"),
            reasons=why_together(entry, self.info),
            steps=join_lines(entry, self.info),
            weakest=Link(self._photo(pair[0]), self._photo(pair[1]), words) if pair else None,
            weakest_words=words,
            doubts=[self._doubt(*doubt) for doubt in self.doubts.get(int(key), [])[:MAX_DOUBTS]],
            place=find_place(positions),
        )

    def _ordered(self, names: Sequence[str], representatives: Sequence[str]) -> list[ReportPhoto]:
        members = set(names)
        first = [name for name in representatives if name in members]
        chosen = [
            ReportPhoto(name, self.photos[name].facts, self.photos[name].problem, is_representative=True)
            for name in first
        ]
        return chosen + [self.photos[name] for name in sorted(members.difference(first))]

    def _doubt(self, doubt: Mapping[str, Any], is_turned: bool) -> Link:
        own, other = doubt["pair"][:2][::-1] if is_turned else doubt["pair"][:2]
        return Link(self._photo(own), self._photo(other), doubt_words(doubt, self.info), self.owner.get(other))

    def singletons(self) -> list[Singleton]:
        """Give all photos that are alone, the best score first."""
        entries = self.info.get("singletons", {})
        singles = [self._singleton(name, entries.get(name, {})) for name in self.clusters[SINGLETONS_KEY]]
        return sorted(singles, key=lambda single: (single.score is None, -(single.score or 0.0), single.photo.name))

    def _singleton(self, name: str, entry: Mapping[str, Any]) -> Singleton:
        other = entry.get("neighbour")
        words = singleton_words(entry, self.info)
        if other is None:
            return Singleton(self._photo(name), words)
        return Singleton(self._photo(name), words, self._photo(other), entry.get("score"), self.owner.get(other))

    def _photo(self, name: str) -> ReportPhoto:
        return self.photos.get(name) or ReportPhoto(name, problem="is in no cluster")
