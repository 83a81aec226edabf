"""A check of a canvas that costs next to nothing per action, so that page and reference can be compared at each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segmentation.painting.canvas import Canvas
from segmentation.painting.changes import Change
from segmentation.painting.planes import UNPAINTED, Plane

_MODULUS = 1 << 32
_BLOCK = 1 << 20  # pixels that are weighed at once, which bounds memory


class CanvasChecks:
    """Follows a canvas and keeps, of each plane, the sum of all pixels' numbers, each times its place from 1.

    Sums are modulo 2**32. A run that changes adds (after - before) times the sum of its places, so a change costs as
    much as it has runs, however large. Two canvases that differ by chance agree in about one of 2**32 cases; it is no
    protection against intent.

    Attributes
    ----------
    paint, labels : int
        The sums, 0 to 2**32 - 1; ``labels`` is that of labels and cuts.
    num_painted : int
        Pixels that are painted.
    """

    def __init__(self, canvas: Canvas) -> None:
        self.paint, self.labels = plane_check(canvas.paint), plane_check(canvas.labels_and_cuts)
        self.num_painted = int(np.count_nonzero(canvas.paint))
        canvas.on_change = self._take

    @property
    def both(self) -> tuple[int, int]:
        """Both sums, that of the paint first."""
        return self.paint, self.labels

    def _take(self, change: Change, is_made: bool) -> None:
        sign = 1 if is_made else -1
        if not change.is_paint:
            self.labels = (self.labels + sign * change_check(change)) % _MODULUS
            return
        self.paint = (self.paint + sign * change_check(change)) % _MODULUS
        more = (change.after != UNPAINTED).astype(np.int64) - (change.before != UNPAINTED)
        self.num_painted += sign * int((more * change.lengths).sum())


def plane_check(plane: Plane) -> int:
    """Give the sum of a plane's numbers, each times its place from 1, modulo 2**32."""
    flat, total = plane.reshape(-1).view(np.uint32), 0
    for start in range(0, flat.size, _BLOCK):
        block = flat[start : start + _BLOCK]
        places = np.arange(start + 1, start + 1 + block.size, dtype=np.uint32)
        total += int((block * places).sum(dtype=np.uint32))
    return total % _MODULUS


def change_check(change: Change) -> int:
    """Give what a change adds to :func:`plane_check`, modulo 2**32."""
    starts, lengths = change.starts.astype(np.int64), change.lengths.astype(np.int64)
    places = lengths * (2 * starts + lengths + 1) // 2
    differences = change.after.astype(np.int64) - change.before
    return int((_low(places) * _low(differences)).sum(dtype=np.uint64)) % _MODULUS


def _low(values: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Give values modulo 2**32: products of two of them fit into 64 bits, and sums may wrap."""
    return (values % _MODULUS).astype(np.uint64)
