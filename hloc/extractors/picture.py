"""How a photo becomes the picture that a network sees: size, crop, interpolation, normalisation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from storage.errors import UsageError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
FITS = ("stretch", "crop", "longest")
INTERPOLATIONS = ("bilinear", "bicubic")
DECODED_PER_SIDE = 4  # a photo is decoded at four times the picture's side: enough for the crop of a 4:1 panorama


@dataclass(frozen=True)
class Picture:
    """The picture that a network takes.

    Attributes
    ----------
    size : tuple of int
        Height and width in pixels; with ``fit`` of ``longest`` only the larger of the two counts.
    fit : str
        ``stretch``: both sides to ``size``, whatever the photo's proportions. ``crop``: the short side to
        ``short_side``, then ``size`` from the middle. ``longest``: the longest side to that of ``size``, proportions
        kept, sides rounded down to a multiple of ``stride``.
    short_side : int
        For ``crop``, in pixels.
    interpolation : str
        ``bilinear`` or ``bicubic``, both over the area that a pixel covers (Pillow's, which torchvision uses too).
    stride : int
        Pixels of a patch of the network.
    min_side : int
        No side of a picture of ``longest`` is smaller.
    mean, std : tuple of float
        Of the three channels; values from 0 to 1 are brought to ``(value - mean) / std``.
    """

    size: tuple[int, int]
    fit: str = "stretch"
    short_side: int = 0
    interpolation: str = "bilinear"
    stride: int = 1
    min_side: int = 32
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD

    @property
    def max_side(self) -> int:
        """Longest side that photos are decoded to, in pixels."""
        longest = max(*self.size, self.short_side)
        return longest if self.fit == "longest" else DECODED_PER_SIDE * longest

    def resized(self, resize_max: int | None, model: str) -> Picture:
        """Give the picture for ``--resize_max``: the longest side as told, the photo's proportions kept.

        Raises
        ------
        UsageError
            When the network cannot see anything in so small a picture.
        """
        if resize_max is None:
            return self
        if resize_max < self.min_side:
            raise UsageError(f"--resize_max {resize_max}: must be at least {self.min_side} pixels for {model}")
        return replace(self, size=(resize_max, resize_max), fit="longest")

    def of(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the picture (h, w, 3) of a photo (H, W, 3), as bytes: a quarter of what the network takes."""
        if self.fit == "stretch":
            return self._scaled(photo, *self.size)
        if self.fit == "longest":
            return self._scaled(photo, *self._longest_size(*photo.shape[:2]))
        shortest = min(photo.shape[:2])
        # As torchvision does: the long side is cut, not rounded, and the crop is rounded to the nearer pixel.
        height, width = (max(1, self.short_side * length // shortest) for length in photo.shape[:2])
        scaled = self._scaled(photo, height, width)
        top, left = (round((have - want) / 2) for have, want in zip((height, width), self.size, strict=True))
        return np.ascontiguousarray(scaled[top : top + self.size[0], left : left + self.size[1]])

    def _longest_size(self, height: int, width: int) -> tuple[int, int]:
        factor = min(1.0, max(self.size) / max(height, width))  # a photo is never enlarged for its own sake
        least = -(-self.min_side // self.stride) * self.stride
        sides = (int(length * factor + 0.5) // self.stride * self.stride for length in (height, width))
        tall, wide = (max(least, side) for side in sides)
        return tall, wide

    def _scaled(self, photo: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
        from PIL import Image

        if photo.shape[:2] == (height, width):
            return np.ascontiguousarray(photo)
        method = Image.Resampling[self.interpolation.upper()]
        return np.asarray(Image.fromarray(photo).resize((width, height), method))

    def __str__(self) -> str:
        """Say in one line what makes this picture; it stands in the settings of features files."""
        size = f"{self.size[0]}x{self.size[1]}"
        fit = {"crop": f"crop of {size} after {self.short_side}", "longest": f"longest {max(self.size)}"}
        numbers = ",".join(f"{value:g}" for value in (*self.mean, *self.std))
        step = f" steps of {self.stride} from {self.min_side}" if self.fit == "longest" else ""
        return f"{fit.get(self.fit, f'stretch to {size}')}{step}, {self.interpolation}, mean and std {numbers}"
