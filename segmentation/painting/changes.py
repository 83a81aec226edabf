"""Changes of a plane, run by run: what stood there, what stands there now; each can be made and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.painting.floods import Region
from segmentation.painting.planes import Plane

BLOCK_PIXELS = 1 << 18  # a block of rows and what is made of it stay in the processor's cache
SHORT_RUN = 48  # pixels; shorter runs are faster written by their indices, longer ones one by one


@dataclass(frozen=True, eq=False)
class Change:
    """Other numbers in some pixels of a plane.

    A run is a piece of one row where one number took the place of one other.

    Attributes
    ----------
    is_paint : bool
        Whether the paint plane changes, or that of labels.
    starts, lengths : ndarray of int32, shape (R,)
        First pixel of each run, counted row by row from the top left, and its number of pixels; rising.
    before, after : ndarray of int32, shape (R,) or (1,)
        The numbers of each run, or the one of all.
    """

    is_paint: bool
    starts: NDArray[np.int32]
    lengths: NDArray[np.int32]
    before: NDArray[np.int32]
    after: NDArray[np.int32]

    @property
    def num_pixels(self) -> int:
        """Pixels that change."""
        return int(self.lengths.sum(dtype=np.int64))

    @property
    def num_bytes(self) -> int:
        """Memory that it takes."""
        return self.starts.nbytes + self.lengths.nbytes + self.before.nbytes + self.after.nbytes

    def make(self, plane: Plane) -> None:
        """Make the change in a plane that holds ``before``."""
        _write_runs(plane, self.starts, self.lengths, self.after)

    def take_back(self, plane: Plane) -> None:
        """Put back what stood before the change."""
        _write_runs(plane, self.starts, self.lengths, self.before)


def change_region(plane: Plane, is_paint: bool, region: Region, after: int | Plane) -> Change:
    """Give the change that puts ``after`` (a number, or an array of the region's shape) into a region.

    Pixels that hold it already are no part of the change. The plane itself stays.
    """
    return _change(is_paint, [_runs(*block) for block in _blocks(plane, region, after)])


def change_flooded(plane: Plane, is_paint: bool, region: Region, after: int) -> Change:
    """Give the change that puts ``after`` into a region flooded in this very plane, which holds one other number."""
    starts, lengths = [], []
    for is_changed, _, _, first, stride in _blocks(plane, region, after):
        begins, ends = _row_runs(is_changed)
        rows, columns = np.divmod(begins, is_changed.shape[1] + 1)
        starts.append(first + rows * stride + columns)
        lengths.append(ends - begins)
    before = plane.reshape(-1)[starts[0][:1]]
    return Change(is_paint, _int32(starts), _int32(lengths), before, np.full(1, after, dtype=np.int32))


_Block = tuple[NDArray[np.bool_], Plane, "int | Plane", int, int]


def _blocks(plane: Plane, region: Region, after: int | Plane) -> Iterator[_Block]:
    """Give blocks of rows that change: where, old, new, place of the block's first pixel, the plane's width."""
    rows, columns = region.mask.shape
    num_rows = max(1, BLOCK_PIXELS // columns)
    for row in range(0, rows, num_rows):
        mask = region.mask[row : row + num_rows]
        top = region.top + row
        old = plane[top : top + len(mask), region.left : region.left + columns]
        new = after if isinstance(after, int) else after[row : row + num_rows]
        is_changed = mask & (old != new)
        if is_changed.any():
            yield is_changed, old, new, top * plane.shape[1] + region.left, plane.shape[1]


def change_pixels(plane: Plane, is_paint: bool, pixels: NDArray[np.int64], after: NDArray[Any] | int) -> Change:
    """Give the change that puts ``after`` into pixels, given by their places counted row by row, each once, rising."""
    before = plane.reshape(-1)[pixels]
    new = np.broadcast_to(np.asarray(after, dtype=np.int32), before.shape)
    is_changed = before != new
    places, before, new = pixels[is_changed], before[is_changed], new[is_changed]
    if not len(places):
        return _change(is_paint, [])
    is_first = np.ones(len(places), dtype=bool)
    is_first[1:] = (np.diff(places) != 1) | (np.diff(before) != 0) | (np.diff(new) != 0)
    is_first |= places % plane.shape[1] == 0
    firsts = np.flatnonzero(is_first)
    lengths = np.diff(firsts, append=len(places))
    return _change(is_paint, [(places[firsts], lengths, before[firsts], new[firsts])])


_Runs = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


def _runs(is_changed: NDArray[np.bool_], old: Plane, new: int | Plane, first: int, stride: int) -> _Runs:
    """Give the runs of a block whose first pixel is pixel ``first`` of a plane ``stride`` pixels wide."""
    num_columns = is_changed.shape[1]
    starts, ends = _row_runs(is_changed)
    if not isinstance(new, int) or (old != old[0, 0]).any():
        is_split = is_changed[:, 1:] & is_changed[:, :-1]
        is_other = old[:, 1:] != old[:, :-1]
        if not isinstance(new, int):
            is_other |= new[:, 1:] != new[:, :-1]
        rows, columns = np.nonzero(is_split & is_other)
        splits = rows * (num_columns + 1) + columns + 1
        starts, ends = np.sort(np.append(starts, splits)), np.sort(np.append(ends, splits))
    rows, columns = np.divmod(starts, num_columns + 1)
    after = np.full(len(starts), new) if isinstance(new, int) else new[rows, columns]
    return first + rows * stride + columns, ends - starts, old[rows, columns], after


def _row_runs(is_changed: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give where runs begin and end (the pixel after the last), in a block that is one column wider."""
    begins_or_ends = np.zeros((is_changed.shape[0], is_changed.shape[1] + 1), dtype=bool)
    begins_or_ends[:, :-1] = is_changed
    begins_or_ends[:, 1:] ^= is_changed
    places = np.flatnonzero(begins_or_ends)
    return places[::2], places[1::2]


def _change(is_paint: bool, found: list[_Runs]) -> Change:
    parts: Iterable[Sequence[NDArray[Any]]] = zip(*found, strict=True) if found else [[np.empty(0)]] * 4
    starts, lengths, before, after = map(_int32, parts)
    return Change(is_paint, starts, lengths, _compact(before), _compact(after))


def _int32(parts: Sequence[NDArray[Any]]) -> NDArray[np.int32]:
    return np.concatenate(parts).astype(np.int32)


def _compact(values: NDArray[np.int32]) -> NDArray[np.int32]:
    return values[:1].copy() if len(values) and (values == values[0]).all() else values


def _write_runs(plane: Plane, starts: NDArray[np.int32], lengths: NDArray[np.int32], values: NDArray[np.int32]) -> None:
    if not len(starts):
        return
    flat = plane.reshape(-1)
    numbers = np.broadcast_to(values, starts.shape)
    total = int(lengths.sum(dtype=np.int64))
    if total >= SHORT_RUN * len(starts):
        for start, length, number in zip(starts.tolist(), lengths.tolist(), numbers.tolist(), strict=True):
            flat[start : start + length] = number
        return
    # Place of a pixel: its rank among all that change, shifted by what lies between its run and the ranks before.
    shifts = starts - (np.cumsum(lengths, dtype=np.int32) - lengths)
    places = np.arange(total, dtype=np.int32)
    places += np.repeat(shifts, lengths)
    flat[places] = values[0] if len(values) == 1 else np.repeat(numbers, lengths)
