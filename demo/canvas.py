"""A wall being drawn: colour, relief and glass over one rectangle, measured in metres."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.materials import Color, Surface, make_surface
from demo.noise import floats, fractal

Region = tuple[slice, slice]
Mask = NDArray[np.bool_]


class Canvas:
    """The layers of a wall. x runs right from the left edge and y up from the ground, both in metres.

    Attributes
    ----------
    color : ndarray of float32, shape (H, W, 3)
        Display RGB, 0 to 1, without light and shade.
    z : ndarray of float32, shape (H, W)
        How far the surface stands out of the wall plane, in metres.
    bump : ndarray of float32, shape (H, W)
        Fine relief in metres: shaded, but not displaced.
    glass : ndarray of float32, shape (H, W)
        0 where matt; else how the pane is tilted, above 0 up to 1.
    is_solid : ndarray of bool, shape (H, W)
        False where one sees past the wall.
    """

    def __init__(
        self, size_m: tuple[float, float], ppm: float, surface: str, rng: np.random.Generator, tint: Color | None = None
    ):
        self.ppm = ppm
        self.width, self.height = size_m
        shape = (round(size_m[1] * ppm), round(size_m[0] * ppm))
        made = make_surface(surface, rng, shape, ppm, tint)
        self.color, self.bump = made.color, made.bump
        self.z = np.zeros(shape, np.float32)
        self.glass = np.zeros(shape, np.float32)
        self.is_solid = np.ones(shape, bool)
        self.grain = fractal(rng, shape, 0.5 * ppm, 5)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.z.shape[0], self.z.shape[1]

    def region(self, x0: float, y0: float, x1: float, y1: float) -> Region:
        """Give the pixels between two corners in metres, cut to the canvas."""
        rows = np.clip([round((self.height - y1) * self.ppm), round((self.height - y0) * self.ppm)], 0, self.shape[0])
        columns = np.clip([round(x0 * self.ppm), round(x1 * self.ppm)], 0, self.shape[1])
        return slice(int(rows[0]), int(rows[1])), slice(int(columns[0]), int(columns[1]))

    def pixels(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn points (N, 2) in metres into pixels (x right, y down)."""
        return np.stack([points[:, 0] * self.ppm, (self.height - points[:, 1]) * self.ppm], 1)

    def fill(
        self,
        where: Region,
        color: Color,
        z: float | None = None,
        *,
        mask: Mask | None = None,
        glass: float = 0,
        grain: float = 0.05,
    ) -> None:
        """Paint a region (where ``mask``, if given) in one weathered colour, and set its depth and glass."""
        if self.z[where].size == 0:
            return
        chosen = np.ones(self.z[where].shape, bool) if mask is None else mask
        tone = 1 + grain * self.grain[where][chosen]
        self.color[where][chosen] = tone[:, None] * floats(color)
        self.bump[where][chosen] = 0.002 * self.grain[where][chosen]
        self.glass[where][chosen] = glass
        if z is not None:
            self.z[where][chosen] = z

    def box(self, corners: tuple[float, float, float, float], color: Color, z: float, grain: float = 0.05) -> None:
        """Set a block of one colour onto the wall; ``corners`` is (x0, y0, x1, y1) in metres."""
        self.fill(self.region(*corners), color, z, grain=grain)

    def cover(self, where: Region, surface: Surface, mask: Mask | None = None, z: float | None = None) -> None:
        """Lay a surface of the region's size over it, where ``mask``."""
        chosen = np.ones(self.z[where].shape, bool) if mask is None else mask
        self.color[where][chosen] = surface.color[chosen]
        self.bump[where][chosen] = surface.bump[chosen]
        self.glass[where][chosen] = 0
        if z is not None:
            self.z[where][chosen] = z

    def darken(self, where: Region, amount: NDArray[Any] | float) -> None:
        """Multiply the colour of a region by 1 - ``amount`` (0 to 1)."""
        self.color[where] *= 1 - (amount[..., None] if isinstance(amount, np.ndarray) else amount)

    def polygon(self, points: NDArray[np.float64]) -> Mask:
        """Give the mask (H, W) of a polygon (N, 2) in metres."""
        mask = np.zeros(self.shape, np.uint8)
        cv2.fillPoly(mask, [np.round(self.pixels(np.asarray(points, float))).astype(np.int32)], 1)
        return mask.astype(bool)
