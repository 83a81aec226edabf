"""All that one painting page is made of, without HTTP."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stages.segmenting.painting_desk import PaintingDesk
from stages.segmenting.painting_tools import PaintingTools
from storage.errors import UsageError

BuildingPhotos = Callable[[int], Sequence[int]]


@dataclass
class Painting:
    """A painting session and how the page is to show it.

    Attributes
    ----------
    tools : PaintingTools
        The tools, at their desk.
    title : str
        Of the page.
    base : str
        What all its addresses begin with.
    photos_of_building : callable, optional
        Gives the photos of a building; without it there are no buildings.
    on_quit : callable, optional
        Ends the program; without it the page cannot.
    """

    tools: PaintingTools
    title: str
    base: str = "/"
    photos_of_building: BuildingPhotos | None = None
    on_quit: Callable[[], None] | None = None

    @property
    def desk(self) -> PaintingDesk:
        """The photos and their canvases."""
        return self.tools.desk

    def photos(self, building: str | None) -> Sequence[int]:
        """Give the photos of a building, or all; UsageError when there is no such building."""
        if building is None:
            return range(len(self.desk.shelf.names))
        if self.photos_of_building is None or not (building.isascii() and building.isdigit() and len(building) < 10):
            raise UsageError(f"there is no building {building!r:.40} here")
        return self.photos_of_building(int(building))

    def end(self) -> None:
        """End what runs in the background."""
        self.desk.jobs.end()
