"""The pages of the report as texts: what stands where, by which name, and how many on a page."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from stages.reporting.contact_sheets import plan_sheets
from stages.reporting.content import Building, ReportContent, ReportPhoto
from stages.reporting.photos import LARGE, SMALL
from stages.settings.tools import ReportSettings
from web.report.map_view import length_words, map_view
from web.templates import render

ROOM = "report"
BUILDINGS_PER_PAGE = 96
SINGLETONS_PER_PAGE = 96
BUILDINGS_PER_PRINT = 40
PHOTOS_PER_PRINT = 12
COVERS = 12
SKIPPED_ON_OVERVIEW = 20
NUM_TIMES = 19  # letters of a time without fraction and zone
# First size of each bin of the histogram.
BINS = (1, 2, 3, 4, 5, 6, 8, 11, 16, 26, 51, 101, 201, 501, 1001)

Item = TypeVar("Item")


@dataclass(frozen=True)
class Bar:
    """One bin of the histogram: sizes in words, number of clusters, share of the fullest bin in percent."""

    label: str
    count: int
    percent: float


@dataclass(frozen=True)
class Part:
    """One of the pages that a long list is cut into."""

    number: int
    path: str
    items: Sequence[Any]


class ReportPages:
    """The pages of one report.

    Parameters
    ----------
    content : ReportContent
        What they show.
    settings : ReportSettings
        Title, map tiles, contact sheets.
    """

    def __init__(self, content: ReportContent, settings: ReportSettings) -> None:
        self.content = content
        self.settings = settings
        self.building_numbers = {building.number: building for building in content.buildings}

    def texts(self) -> Iterator[tuple[str, str]]:
        """Give path, relative to the report's folder, and text of every page."""
        yield "index.html", self._page("overview.html", histogram=histogram(self.content), covers=COVERS)
        for part in self._building_parts:
            yield part.path, self._page("buildings.html", part=part, parts=self._building_parts)
        for place, building in enumerate(self.content.buildings):
            yield self.building_path(building.number), self._building(place, building)
        for part in self._single_parts:
            yield part.path, self._page("singletons.html", part=part, parts=self._single_parts)
        yield "skipped.html", self._page("skipped.html")
        mapped = map_view(self.content)
        bar = length_words(mapped.bar_m) if mapped else ""
        yield "map.html", self._page("map.html", map=mapped, bar_words=bar)
        for part in self._print_parts:
            yield part.path, self._page("print.html", part=part, parts=self._print_parts, most=PHOTOS_PER_PRINT)
        yield "assets/search-index.js", self._search_index()

    def building_path(self, number: int) -> str:
        """Give the page of a cluster."""
        return f"buildings/cluster-{number}.html"

    @cached_property
    def _building_parts(self) -> list[Part]:
        return parts("buildings", self.content.buildings, BUILDINGS_PER_PAGE)

    @cached_property
    def _single_parts(self) -> list[Part]:
        return parts("singletons", self.content.singletons, SINGLETONS_PER_PAGE)

    @cached_property
    def _print_parts(self) -> list[Part]:
        return parts("print", self.content.buildings, BUILDINGS_PER_PRINT)

    def _building(self, place: int, building: Building) -> str:
        every = self.content.buildings
        return self._page(
            "building.html",
            root="../",
            building=building,
            before=every[place - 1] if place else None,
            after=every[place + 1] if place + 1 < len(every) else None,
            sheets=[] if self.settings.no_contact_sheets else plan_sheets(building),
        )

    def _page(self, template: str, root: str = "", **values: Any) -> str:
        shared = {
            "content": self.content,
            "settings": self.settings,
            "template": template,
            "root": root,
            "without_position": sum(photo.position is None for photo in self.content.photos),
            "path_of": self.building_path,
            "label_of": self._label,
            "small": lambda photo: picture(photo, SMALL),
            "large": lambda photo: picture(photo, LARGE),
            "times": time_span,
            "skipped_on_overview": SKIPPED_ON_OVERVIEW,
        }
        return render(ROOM, template, **shared, **values)

    def _label(self, number: int) -> str:
        building = self.building_numbers.get(number)
        return building.title if building else f"Building {number}"

    def _search_index(self) -> str:
        """Give what the search box looks in: pages, and of every photo its name, its page and its place there."""
        targets = [[building.title, self.building_path(building.number)] for building in self.content.buildings]
        photos = [
            [photo.name, number, place]
            for number, building in enumerate(self.content.buildings)
            for place, photo in enumerate(building.photos)
        ]
        for part in self._single_parts:
            targets.append(["Alone", part.path])
            photos += [[single.photo.name, len(targets) - 1, place] for place, single in enumerate(part.items)]
        found = {"targets": targets, "buildings": len(self.content.buildings), "photos": sorted(photos)}
        return f"window.searchIndex = {json.dumps(found, separators=(',', ':'))};\n"


def parts(name: str, items: Sequence[Item], most: int) -> list[Part]:
    """Cut a list into pages of at most ``most``; the first is ``NAME.html``, the second ``NAME-2.html``."""
    count = max(1, math.ceil(len(items) / most))
    return [
        Part(number, f"{name}{f'-{number}' if number > 1 else ''}.html", items[(number - 1) * most : number * most])
        for number in range(1, count + 1)
    ]


def picture(photo: ReportPhoto, folder: str) -> str | None:
    """Give the path of a photo's picture in the report; None when it cannot be read."""
    return f"{folder}/{photo.facts.picture}" if photo.facts is not None else None


def histogram(content: ReportContent) -> list[Bar]:
    """Count clusters by their number of photos; photos that are alone are the first bin."""
    sizes = [1] * len(content.singletons) + [len(building.photos) for building in content.buildings]
    counts = [0] * len(BINS)
    for size in sizes:
        counts[max(place for place, first in enumerate(BINS) if first <= size)] += 1
    used = [place for place, count in enumerate(counts) if count]
    if not used:
        return []
    return [
        Bar(_bin_label(place), counts[place], 100 * counts[place] / max(counts))
        for place in range(min(used), max(used) + 1)
    ]


def _bin_label(place: int) -> str:
    first, after = BINS[place], BINS[place + 1] if place + 1 < len(BINS) else None
    if after is None:
        return f"{first} or more"
    if after == first + 1:
        return "alone" if first == 1 else f"{first}"
    return f"{first} to {after - 1}"


def time_span(times: Sequence[str]) -> str:
    """Say from when to when photos were taken, as the cameras' clocks said; empty without times."""
    if not times:
        return ""
    first, last = (_time_words(time) for time in (times[0], times[-1]))
    zones = {time[NUM_TIMES:].lstrip(".0123456789") for time in times}
    zone = f" (UTC{zones.pop()})" if len(zones) == 1 and zones != {""} else " (clock of the camera, no time zone)"
    if len(zones) > 1:
        zone = " (clocks of the cameras, several time zones)"
    if first == last:
        return first + zone
    return f"{first} to {last[11:] if first[:10] == last[:10] else last}{zone}"


def _time_words(time: str) -> str:
    return time[:NUM_TIMES].replace("T", " ")
