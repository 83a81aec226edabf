"""How a photo becomes the picture that a similarity looks at: brought to one size, or scaled by factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hloc.similarities.base import SimilarityOptions
from storage.errors import UsageError

OWN_SIZE = (256, 256)
MAX_SIDE = 8192
MAX_SCALE = 4.0


@dataclass(frozen=True)
class Resizing:
    """A size for all photos, or factors for the sides of each; with neither a photo stays as it is.

    Attributes
    ----------
    size : tuple of int or None
        Width and height in pixels; proportions are not kept.
    scale : tuple of float or None
        Factors of width and height. Photos of different sizes then stay so.
    """

    size: tuple[int, int] | None = None
    scale: tuple[float, float] | None = None

    @classmethod
    def told_by(
        cls, options: SimilarityOptions, own_size: tuple[int, int] | None = OWN_SIZE, min_side: int = 1
    ) -> Resizing:
        """Give what ``--size`` or ``--scale`` say, or else a similarity's own size.

        Raises
        ------
        UsageError
            When both flags are given, or one is out of its range.
        """
        size, scale = options.size, options.scale
        if scale is not None:
            if size is not None:
                raise UsageError("--size and --scale: only one of the two can be given")
            if not all(0 < factor <= MAX_SCALE for factor in scale):
                raise UsageError(f"--scale {_spaced(scale)}: both factors must lie above 0 and not above {MAX_SCALE:g}")
            return cls(scale=scale)
        if size is not None and not all(min_side <= side <= MAX_SIDE for side in size):
            raise UsageError(f"--size {_spaced(size)}: both sides must lie between {min_side} and {MAX_SIDE} pixels")
        return cls(size=size or own_size)

    def settings(self) -> dict[str, Any]:
        """Give size and scale as JSON types."""
        return {"size": self.size and list(self.size), "scale": self.scale and list(self.scale)}

    def of(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Resize a photo (H, W) or (H, W, 3).

        A photo that no side of must grow is averaged over areas, any other interpolated bilinearly. clusterimg takes
        bilinear samples in both cases, which skips pixels where a photo becomes much smaller.
        """
        height, width = photo.shape[:2]
        size = self.size or (width, height)
        if self.scale is not None:
            size = (max(1, round(width * self.scale[0])), max(1, round(height * self.scale[1])))
        if size == (width, height):
            return photo
        shrinks = size[0] <= width and size[1] <= height
        resized = cv2.resize(photo, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        return resized.astype(np.uint8, copy=False)

    def grey(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Turn an RGB photo (H, W, 3) into grey (luma of ITU-R BT.601) and resize it to (h, w)."""
        return self.of(cv2.cvtColor(np.ascontiguousarray(photo), cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False))


def _spaced(values: tuple[float, ...]) -> str:
    return " ".join(map(str, values))
