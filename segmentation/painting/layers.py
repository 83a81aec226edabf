"""Layers: paint that is looked at before it is taken, as runs of pixels of one colour."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmentation.painting.changes import change_region
from segmentation.painting.floods import Region
from segmentation.painting.planes import UNPAINTED, Plane, paint_of, paint_of_picture
from segmentation.painting.replies import Stamp
from storage.formats.paint_classes import Colour

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Layer:
    """Paint over a photo.

    Attributes
    ----------
    runs : ndarray of int32, shape (R, 3)
        Start (counted row by row over the whole photo), length, and number in the paint plane; rising.
    box : tuple of int or None
        Left, top, width, height of what is painted; None when nothing is.
    width : int
        Of the photo.
    """

    runs: NDArray[np.int32]
    box: Box | None
    width: int

    @property
    def num_pixels(self) -> int:
        """Pixels that are painted."""
        return int(self.runs[:, 1].sum(dtype=np.int64))

    def picture(self) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Give colours (h, w, 3) and mask (h, w) of the box; ValueError when nothing is painted."""
        if self.box is None:
            raise ValueError("nothing is painted")
        left, top, width, height = self.box
        numbers = np.repeat(self.runs[:, 2], self.runs[:, 1])
        firsts = np.cumsum(self.runs[:, 1]) - self.runs[:, 1]
        places = np.arange(len(numbers)) + np.repeat(self.runs[:, 0] - firsts, self.runs[:, 1])
        rows, columns = np.divmod(places, self.width)
        plane = np.zeros((height, width), np.int32)
        plane[rows - top, columns - left] = numbers
        colours = np.stack([plane >> shift & 255 for shift in (16, 8, 0)], axis=-1).astype(np.uint8)
        return colours, plane != UNPAINTED


def layer_of_plane(plane: Plane) -> Layer:
    """Give the layer of a paint plane (H, W)."""
    blank = np.zeros_like(plane)
    found = change_region(blank, True, Region(0, 0, plane != UNPAINTED), plane)
    starts, lengths = found.starts, found.lengths
    runs = np.column_stack([starts, lengths, np.broadcast_to(found.after, starts.shape)]).astype(np.int32)
    width = plane.shape[1]
    if not len(starts):
        return Layer(runs, None, width)
    left, right = int((starts % width).min()), int((starts % width + lengths).max())
    top, bottom = int(starts[0]) // width, int(starts[-1]) // width + 1
    return Layer(runs, (left, top, right - left, bottom - top), width)


def layer_of_masks(masks: Iterable[tuple[Colour, NDArray[np.bool_]]], shape: tuple[int, int]) -> Layer:
    """Give the layer of masks (H, W), later ones over earlier ones."""
    plane = np.zeros(shape, np.int32)
    for colour, mask in masks:
        plane[mask] = paint_of(colour)
    return layer_of_plane(plane)


def layer_of_stamps(stamps: Iterable[Stamp], shape: tuple[int, int]) -> Layer:
    """Give the layer of stamps on a photo of this height and width, later ones over earlier ones."""
    plane = np.zeros(shape, np.int32)
    for stamp in stamps:
        rows, columns = stamp.mask.shape
        window = plane[stamp.top : stamp.top + rows, stamp.left : stamp.left + columns]
        window[stamp.mask] = paint_of_picture(stamp.picture)[stamp.mask]
    return layer_of_plane(plane)
