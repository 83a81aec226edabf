"""``grabcut``: one object cut out by strokes and rectangles (Rother, Kolmogorov and Blake's "GrabCut", 2004)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.base import Labels, Photo, Segmenter, check_photo, on_grid
from segmentation.method_parameters import GrabCutParameters
from segmentation.parts import labels_of_mask
from segmentation.refining import enlarge_mask
from storage.errors import UsageError

_NO_STROKE = 255
_LEAST_PIXELS = 5  # of each class: as many as a colour model has components
_MODEL_SHAPE = (1, 65)
MAX_BRUSH = 100

Point = tuple[float, float]


class StrokeKind(IntEnum):
    """What a stroke says of its pixels; the values are those of OpenCV's masks."""

    BACKGROUND = cv2.GC_BGD
    FOREGROUND = cv2.GC_FGD
    PROBABLE_BACKGROUND = cv2.GC_PR_BGD
    PROBABLE_FOREGROUND = cv2.GC_PR_FGD


class EmptyClassError(UsageError):
    """Nothing is foreground, or nothing is background, so that GrabCut has nothing to learn a colour model from."""


class GrabCutState:
    """One photo that is being cut: strokes and rectangles of a person, and what GrabCut makes of them.

    Strokes lie in a layer of their own and are put back after every round, so none is lost, whether it is drawn before
    the first round or later. All places are pixels of the photo; the work is done on a copy.

    Attributes
    ----------
    scale : float
        Factor from sides of the photo to sides of the copy: 1 up to ``grid_megapixels``.
    mask : ndarray of uint8, shape (h, w)
        Of the copy, values of :class:`StrokeKind`.
    rectangles : list of tuple of int
        (left, top, right, bottom) on the copy, right and bottom not included.
    num_rounds : int
        Rounds done since the start or the last :meth:`reset`.
    """

    def __init__(self, photo: Photo, parameters: GrabCutParameters | None = None) -> None:
        check_photo(photo)
        self.parameters = parameters or GrabCutParameters()
        self.photo = photo
        self._copy, self.scale = on_grid(photo, self.parameters.grid_megapixels)
        self.reset()

    def reset(self) -> None:
        """Forget all strokes, rectangles and rounds."""
        shape = self._copy.shape[:2]
        self.strokes = np.full(shape, _NO_STROKE, np.uint8)
        self.rectangles: list[tuple[int, int, int, int]] = []
        self.mask = np.full(shape, StrokeKind.PROBABLE_BACKGROUND, np.uint8)
        self.num_rounds = 0
        self._num_cut = 0  # rectangles that a round was begun with

    def add_stroke(self, points: Sequence[Point], kind: StrokeKind, brush_size: float = 3) -> None:
        """Draw a line through points, without gaps however far apart they are; one point draws a dot.

        Parameters
        ----------
        points : sequence of (float, float)
            (x, y) in pixels of the photo.
        kind : StrokeKind
            What its pixels are.
        brush_size : float
            Diameter in pixels of the photo, 0 to 100; at least one pixel of the copy is drawn.
        """
        if not points:
            raise ValueError("a stroke has at least one point")
        if not 0 <= brush_size <= MAX_BRUSH:
            raise ValueError(f"the brush size is {brush_size:g}, but must be 0 to {MAX_BRUSH}")
        places = [(round(x * self.scale), round(y * self.scale)) for x, y in points]
        thickness = max(1, round(brush_size * self.scale))
        for start, end in zip(places, places[1:] or places, strict=False):
            cv2.line(self.strokes, start, end, int(kind), thickness)
        self._put_strokes(self.mask)

    def add_rectangle(self, corner: Point, opposite: Point) -> None:
        """Say that the object is in a rectangle; its corners may come in any order and lie outside the photo.

        Raises
        ------
        UsageError
            When no pixel of the copy is in it.
        """
        height, width = self._copy.shape[:2]
        (left, right), (top, bottom) = (
            np.clip(np.round(np.sort([start, end]) * self.scale), 0, most).astype(int).tolist()
            for start, end, most in ((corner[0], opposite[0], width), (corner[1], opposite[1], height))
        )
        if left == right or top == bottom:
            raise UsageError("the rectangle holds no pixel of the photo: draw a larger one")
        self.rectangles.append((left, top, right, bottom))

    def iterate(self) -> None:
        """Do one round of GrabCut.

        After new rectangles, one round for each, begun as OpenCV begins with a rectangle: what is inside may be
        foreground, all else is background; pixels inside take the result, those outside all stay as they were. Without
        a new one, a round begun with the mask.

        Raises
        ------
        EmptyClassError
            When foreground or background has too few pixels; the mask is as before.
        """
        new = self.rectangles[self._num_cut :]
        mask = self.mask.copy()
        if new:
            if self._num_cut == 0 and self.num_rounds == 0:
                mask[:] = StrokeKind.BACKGROUND
            for left, top, right, bottom in new:
                begun = np.full_like(mask, StrokeKind.BACKGROUND)
                inside = slice(top, bottom), slice(left, right)
                begun[inside] = StrokeKind.PROBABLE_FOREGROUND
                self._put_strokes(begun)
                mask[inside] = self._round(begun)[inside]
        else:
            mask = self._round(mask)
        self._put_strokes(mask)
        self.mask = mask
        self._num_cut = len(self.rectangles)
        self.num_rounds += 1

    def _put_strokes(self, mask: NDArray[np.uint8]) -> None:
        is_drawn = self.strokes != _NO_STROKE
        mask[is_drawn] = self.strokes[is_drawn]

    def _round(self, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
        num_foreground = int(np.count_nonzero(_is_foreground(mask)))
        for what, count in (("foreground", num_foreground), ("background", mask.size - num_foreground)):
            if count < _LEAST_PIXELS:
                raise EmptyClassError(
                    f"{count} pixels are {what}, and at least {_LEAST_PIXELS} are needed: draw a {what} stroke, or a "
                    "rectangle with room around the object"
                )
        cv2.setRNGSeed(self.parameters.seed)
        models = np.zeros(_MODEL_SHAPE), np.zeros(_MODEL_SHAPE)
        found, _, _ = cv2.grabCut(self._copy, mask, None, *models, 1, cv2.GC_INIT_WITH_MASK)  # type: ignore[call-overload]
        return np.asarray(found, np.uint8)

    def foreground(self) -> NDArray[np.bool_]:
        """Give the foreground (H, W) at the size of the photo, its border refined where the copy is smaller."""
        return enlarge_mask(_is_foreground(self.mask), self.photo, self.parameters.refine)

    def labels(self) -> Labels:
        """Give the label image (H, W): connected parts of the foreground from 1 on, then those of the background."""
        return labels_of_mask(self.foreground())


def _is_foreground(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return (mask == StrokeKind.FOREGROUND) | (mask == StrokeKind.PROBABLE_FOREGROUND)


class GrabCutSegmenter(Segmenter[GrabCutParameters]):
    """GrabCut without a person: a rectangle in the middle of the photo, and some rounds."""

    name = "grabcut"

    def segment(self, photo: Photo) -> Labels:
        """Give connected parts of the foreground from 1 on, then those of the background."""
        state = GrabCutState(photo, self.parameters)
        height, width = photo.shape[:2]
        margin = self.parameters.margin
        try:
            state.add_rectangle((width * margin, height * margin), (width * (1 - margin), height * (1 - margin)))
            for _ in range(self.parameters.iterations):
                state.iterate()
        except UsageError:  # no pixel is inside, or nothing stands out: what was found before stays, maybe one segment
            return state.labels()
        return state.labels()

    def segment_copy(self, photo: Photo, sizes: Mapping[str, float]) -> NDArray[Any]:  # noqa: ARG002
        """Give what :meth:`segment` does of the copy by itself."""
        return self.segment(photo)
