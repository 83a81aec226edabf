"""A canvas: labels, paint, and all that can be done to them. This is the reference that every page is equal to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.painting.changes import Change, change_flooded, change_pixels, change_region
from segmentation.painting.floods import Region, flood
from segmentation.painting.history import History, Step
from segmentation.painting.lines import Point, line_pixels
from segmentation.painting.planes import EDGE, UNPAINTED, Plane, check_labels, colour_of, paint_of, paint_of_picture
from segmentation.painting.replies import (
    ALREADY,
    BLACK_PAINT,
    FIRST_POINT,
    NOT_PAINTED,
    NOTHING_CHANGED,
    NOTHING_CUT,
    NOTHING_TO_REDO,
    NOTHING_TO_UNDO,
    ON_EDGE,
    OUTSIDE,
    Reply,
    Stamp,
    reply_of,
)
from storage.formats.paint_classes import BLACK, Colour, PaintClass, as_colour, check_classes

START_COLOUR: Colour = (204, 0, 0)  # not black, which no mask keeps

Doing = Callable[[], Iterator[Change]]


class Canvas:
    """A photo's labels and what is painted over it.

    Points are (x, y) in whole pixels, (0, 0) the one at the top left. An action whose point lies outside does nothing
    but say so. ``docs/painting.md`` states the rules.

    Parameters
    ----------
    labels : ndarray of int, shape (H, W)
        Segments from 1 to 2**24 - 1; 0 is edge. It is copied.
    classes : sequence of PaintClass
        What colours mean; the first one's colour is taken up.

    Attributes
    ----------
    labels_and_cuts : ndarray of int32, shape (H, W)
        The label of a pixel; of a pixel that was cut ``-1 - label``, so that a reset knows the label again.
    paint : ndarray of int32, shape (H, W)
        0 where nothing is painted, else 2**24 + 65536 red + 256 green + blue.
    colour : tuple of int
        What is painted with.
    cut_from : tuple of int or None
        The point that the next cut begins at.
    history : History
        What can be undone and redone.
    on_change : callable
        Told of each change: the change, and whether it was made (or else taken back).
    """

    def __init__(self, labels: NDArray[Any], classes: Sequence[PaintClass] = ()) -> None:
        self.labels_and_cuts: Plane = check_labels(labels)
        self.paint: Plane = np.full(labels.shape, UNPAINTED, dtype=np.int32)
        self.classes = check_classes(classes)
        self.colour = self.classes[0].colour if self.classes else START_COLOUR
        self.cut_from: Point | None = None
        self.history = History()
        self.on_change: Callable[[Change, bool], None] = lambda change, is_made: None

    @property
    def labels(self) -> Plane:
        """Labels (H, W) as they are now: a cut is edge. A copy."""
        return np.maximum(self.labels_and_cuts, EDGE)

    @property
    def is_painted(self) -> NDArray[np.bool_]:
        """Where anything is painted, (H, W)."""
        return self.paint != UNPAINTED

    @property
    def paint_picture(self) -> NDArray[np.uint8]:
        """What is painted as RGB (H, W, 3); black elsewhere."""
        return np.stack([self.paint >> shift & 255 for shift in (16, 8, 0)], axis=-1).astype(np.uint8)

    def colours(self) -> list[Colour]:
        """Give the colours that stand on the canvas, sorted."""
        flat = self.paint.reshape(-1)
        found = np.unique(np.append(flat[:1], flat[1:][flat[1:] != flat[:-1]]))  # few begin a run: most are not sorted
        return [colour_of(int(paint)) for paint in found if paint != UNPAINTED]

    def mask_of(self, colour: Colour) -> NDArray[np.bool_]:
        """Give where exactly this colour is painted, (H, W)."""
        return self.paint == paint_of(colour)

    def checksum(self) -> str:
        """Give the sha256 of labels and cuts, then paint, as little-endian int32: for comparing two programs."""
        planes = (np.ascontiguousarray(plane, dtype="<i4").data for plane in (self.labels_and_cuts, self.paint))
        digest = hashlib.sha256()
        for plane in planes:
            digest.update(plane)
        return digest.hexdigest()

    def snapshot(self) -> Canvas:
        """Give a copy as it stands now, without its history, which stays so while this canvas is painted on."""
        taken = Canvas(np.zeros((1, 1), dtype=np.int32), self.classes)
        taken.labels_and_cuts, taken.paint = self.labels_and_cuts.copy(), self.paint.copy()
        return taken

    def set_colour(self, colour: Colour) -> Reply:
        """Take up a colour; it is no step of the history. ValueError when it is none."""
        self.colour = as_colour(colour)
        return Reply(note=BLACK_PAINT if self.colour == BLACK else "")

    def set_class(self, name: str) -> Reply:
        """Take up the colour of a class; ValueError when the table has none of this name."""
        found = [one.colour for one in self.classes if one.name == name]
        if not found:
            raise ValueError(f"no class {name!r:.60} in the table: {', '.join(one.name for one in self.classes)}")
        return self.set_colour(found[0])

    def fill(self, point: Point) -> Reply:
        """Paint the segment around a pixel; where it is painted already, recolour the region of equal colour."""
        if not self._is_inside(point):
            return Reply(note=OUTSIDE)
        x, y = point
        if self.paint[y, x] == UNPAINTED and self.labels_and_cuts[y, x] <= EDGE:
            self.cut_from = None
            return Reply(note=ON_EDGE)
        return self._do("fill", lambda: self._fill_at(x, y), ALREADY)

    def unfill(self, point: Point) -> Reply:
        """Take the paint off the region of equal colour around a pixel."""
        if not self._is_inside(point):
            return Reply(note=OUTSIDE)
        return self._do("unfill", lambda: self._unfill_at(*point), NOT_PAINTED)

    def fill_stroke(self, points: Sequence[Point]) -> Reply:
        """Fill at each pixel under a moving pointer, edges left out: along the lines between its points; one step."""
        return self._do("fill stroke", lambda: self._along(points, self._fill_at), NOTHING_CHANGED)

    def unfill_stroke(self, points: Sequence[Point]) -> Reply:
        """Unfill at each pixel under a moving pointer; see :meth:`fill_stroke`."""
        return self._do("unfill stroke", lambda: self._along(points, self._unfill_at), NOT_PAINTED)

    def cut(self, point: Point) -> Reply:
        """Begin a cut, or draw it on from the point before: its pixels become unpainted edge. Each line is a step."""
        if not self._is_inside(point):
            return Reply(note=OUTSIDE)
        start, end = self.cut_from, (int(point[0]), int(point[1]))
        if start is None:
            self.cut_from = end
            return Reply(note=FIRST_POINT)
        reply = self._do("cut", lambda: self._cut_line(start, end), NOTHING_CUT)
        self.cut_from = end
        return reply

    def reset(self) -> Reply:
        """Take off all paint and close all cuts; can be undone."""
        return self._do("reset", self._reset, NOTHING_CHANGED)

    def apply_labels(self, labels: NDArray[Any]) -> Reply:
        """Take another label image of the same shape; paint stays, cuts go. ValueError when it is none."""
        new = check_labels(labels)
        if new.shape != self.paint.shape:
            raise ValueError(f"labels have the shape {new.shape}, the photo has {self.paint.shape}")
        return self._do("labels", lambda: iter([change_region(self.labels_and_cuts, False, self._all(), new)]))

    def paint_stamps(self, stamps: Iterable[Stamp]) -> Reply:
        """Paint pictures (found templates), later ones over earlier ones, in one step; inside the photo only."""
        kept = list(stamps)
        for stamp in kept:
            self._check_stamp(stamp)
        return self._do("templates", lambda: map(self._stamp, kept))

    def restore_paint(self, masks: Iterable[tuple[Colour, NDArray[np.bool_]]]) -> Reply:
        """Paint masks (H, W), as those of an earlier session, later ones over earlier ones, in one step."""
        kept = [(paint_of(as_colour(colour)), mask) for colour, mask in masks]
        if wrong := [mask.shape for _, mask in kept if mask.shape != self.paint.shape]:
            raise ValueError(f"a mask has the shape {wrong[0]}, the photo has {self.paint.shape}")
        changes = (change_region(self.paint, True, Region(0, 0, mask), paint) for paint, mask in kept)
        return self._do("masks", lambda: changes)

    def undo(self) -> Reply:
        """Take back the newest step."""
        self.cut_from = None
        step = self.history.undo()
        if step is None:
            return Reply(note=NOTHING_TO_UNDO)
        for change in reversed(step.changes):
            change.take_back(self._plane(change))
            self.on_change(change, False)
        return reply_of(step.changes, self.paint.shape[1])

    def redo(self) -> Reply:
        """Do the step again that was taken back last."""
        self.cut_from = None
        step = self.history.redo()
        if step is None:
            return Reply(note=NOTHING_TO_REDO)
        for change in step.changes:
            self._make(change)
        return reply_of(step.changes, self.paint.shape[1])

    def _do(self, label: str, doing: Doing, otherwise: str = NOTHING_CHANGED) -> Reply:
        """Make each change as it comes, so that the next one sees it; all of them are one step."""
        self.cut_from = None
        made = []
        for change in doing():
            if len(change.starts):
                self._make(change)
                made.append(change)
        if not made:
            return Reply(note=otherwise)
        self.history.add(Step(label, tuple(made)))
        paints_black = label in ("fill", "fill stroke") and self.colour == BLACK
        return reply_of(made, self.paint.shape[1], BLACK_PAINT if paints_black else "")

    def _make(self, change: Change) -> None:
        change.make(self._plane(change))
        self.on_change(change, True)

    def _plane(self, change: Change) -> Plane:
        return self.paint if change.is_paint else self.labels_and_cuts

    def _is_inside(self, point: Point) -> bool:
        height, width = self.paint.shape
        return 0 <= point[0] < width and 0 <= point[1] < height

    def _all(self) -> Region:
        return Region(0, 0, np.ones(self.paint.shape, dtype=bool))

    def _fill_at(self, x: int, y: int) -> Iterator[Change]:
        wanted, paint = paint_of(self.colour), self.paint[y, x]
        if paint == wanted:
            return
        if paint != UNPAINTED:
            yield change_flooded(self.paint, True, flood(self.paint, x, y), wanted)
        elif self.labels_and_cuts[y, x] > EDGE:
            yield change_region(self.paint, True, flood(self.labels_and_cuts, x, y), wanted)

    def _unfill_at(self, x: int, y: int) -> Iterator[Change]:
        if self.paint[y, x] != UNPAINTED:
            yield change_flooded(self.paint, True, flood(self.paint, x, y), UNPAINTED)

    def _along(self, points: Sequence[Point], doing: Callable[[int, int], Iterator[Change]]) -> Iterator[Change]:
        for place, point in enumerate(points):
            for x, y in line_pixels(points[max(0, place - 1)], point).tolist():
                if self._is_inside((x, y)):
                    yield from doing(x, y)

    def _cut_line(self, start: Point, end: Point) -> Iterator[Change]:
        pixels = line_pixels(start, end)
        places = np.sort(pixels[:, 1] * self.paint.shape[1] + pixels[:, 0])
        labels = self.labels_and_cuts.reshape(-1)[places]
        # What is edge already, or cut, stays as it is.
        yield change_pixels(self.labels_and_cuts, False, places, np.where(labels > EDGE, -1 - labels, labels))
        yield change_pixels(self.paint, True, places, UNPAINTED)

    def _reset(self) -> Iterator[Change]:
        labels, everywhere = self.labels_and_cuts, self._all()
        cuts = np.flatnonzero(labels < EDGE)
        yield change_pixels(labels, False, cuts, -1 - labels.reshape(-1)[cuts])
        yield change_region(self.paint, True, everywhere, UNPAINTED)

    def _check_stamp(self, stamp: Stamp) -> None:
        height, width = self.paint.shape
        rows, columns = stamp.mask.shape
        is_inside = 0 <= stamp.left <= width - columns and 0 <= stamp.top <= height - rows
        if stamp.picture.shape != (rows, columns, 3) or not is_inside:
            raise ValueError(
                f"a stamp at ({stamp.left}, {stamp.top}) with a picture {stamp.picture.shape} and a mask "
                f"{stamp.mask.shape} does not fit into the photo {self.paint.shape}"
            )

    def _stamp(self, stamp: Stamp) -> Change:
        region = Region(stamp.left, stamp.top, stamp.mask)
        return change_region(self.paint, True, region, paint_of_picture(stamp.picture))
