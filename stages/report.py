"""Gathering what a report shows from a work folder: clusters, reasons, photos, run reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stages.explaining.inputs import Grouped, read_grouped
from stages.export import building_folders
from stages.reporting.content import Building, Link, ReportContent, ReportPhoto, Singleton
from stages.reporting.places import find_place
from stages.reporting.runs import StageRun, read_runs
from stages.reporting.words import doubt_words, join_lines, singleton_words, weakest_words, why_together
from stages.settings.tools import ExplainSettings, ReportSettings
from storage.errors import StageError
from storage.formats.clusters import SINGLETONS_KEY
from storage.formats.report_record import PhotoFacts
from storage.report import SkippedPhoto

MAX_DOUBTS = 6


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
    skipped = {name: SkippedPhoto(name, reason) for name, reason in problems.items()}
    skipped |= {row["name"]: SkippedPhoto(row["name"], row["reason"]) for row in info.get("skipped", [])}
    skipped |= {photo.name: photo for run in reversed(inputs.runs) for photo in run.skipped}  # the first one knew best
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
        chosen = [replace(self.photos[name], is_representative=True) for name in first]
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
