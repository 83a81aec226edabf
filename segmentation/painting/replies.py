"""What an action on a canvas answers, and the notes that it may carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segmentation.painting.changes import Change

OUTSIDE = "the point is outside of the photo"
ON_EDGE = "this is an edge between segments: nothing is filled; click inside a segment"
ALREADY = "this has the colour already"
NOT_PAINTED = "nothing is painted here"
FIRST_POINT = "the cut begins here; the next point draws it"
NOTHING_CUT = "there is only edge along this cut"
BLACK_PAINT = "black means nothing: no mask will hold what is painted black; choose another colour"
NOTHING_TO_UNDO = "there is nothing to undo"
NOTHING_TO_REDO = "there is nothing to redo"
NOTHING_CHANGED = "this changes nothing"


@dataclass(frozen=True)
class Reply:
    """What an action did.

    Attributes
    ----------
    num_painted, num_labelled : int
        Pixels whose paint, and pixels whose label, is another now.
    box : tuple of int or None
        Left, top, width and height of what changed; None when nothing did.
    note : str
        What the user should read; empty when all is as expected.
    """

    num_painted: int = 0
    num_labelled: int = 0
    box: tuple[int, int, int, int] | None = None
    note: str = ""


@dataclass(frozen=True, eq=False)
class Stamp:
    """A picture (h, w, 3) that is painted where its mask (h, w) is true, its top left pixel at (left, top)."""

    left: int
    top: int
    picture: NDArray[np.uint8]
    mask: NDArray[np.bool_]


def reply_of(changes: Sequence[Change], width: int, note: str = "") -> Reply:
    """Give the reply that tells of some changes, one or more, in planes of this width in pixels."""
    starts = np.concatenate([change.starts for change in changes])
    ends = np.concatenate([change.starts + change.lengths - 1 for change in changes])
    left, right = int((starts % width).min()), int((ends % width).max())
    top, bottom = int(starts.min()) // width, int(ends.max()) // width
    painted = sum(change.num_pixels for change in changes if change.is_paint)
    labelled = sum(change.num_pixels for change in changes if not change.is_paint)
    return Reply(painted, labelled, (left, top, right - left + 1, bottom - top + 1), note)
