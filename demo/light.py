"""Sun and sky: what a relief looks like lit, computed once per wall and mixed per photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.camera import Plane
from demo.canvas import Canvas
from demo.noise import Field, floats

# Unit vectors towards the sun in the morning and in the afternoon (x right, y up, z out of the wall).
SUNS = ((-0.52, 0.56, 0.64), (0.58, 0.50, 0.64))
Z_ZERO = 100  # code of height 0 in a relief; a step is a centimetre, code 0 is empty


@dataclass(frozen=True)
class Light:
    """The light of one photo; colours are linear RGB factors.

    Attributes
    ----------
    sun : tuple of float
        How strongly the morning and the afternoon sun shine.
    sun_color, sky_color : tuple of float
        Colour of direct light and of the light from the whole sky.
    haze : float
        How grey the distance is, 0 to 1.
    cloudiness : float
        0 for a blue sky to 1 for a grey one.
    exposure : float
        Factor on everything.
    """

    sun: tuple[float, float]
    sun_color: tuple[float, float, float]
    sky_color: tuple[float, float, float]
    haze: float
    cloudiness: float
    exposure: float

    @property
    def flat(self) -> NDArray[np.float32]:
        """Light (3,) on a matt thing that faces the street."""
        return floats(self.sky_color) * 0.9 + floats(self.sun_color) * 0.6 * sum(self.sun)


@dataclass(frozen=True)
class Relief:
    """A wall ready for rendering.

    Attributes
    ----------
    color : ndarray of uint8, shape (H, W, 4)
        Display RGB, and glass.
    height : ndarray of uint8, shape (H, W)
        :data:`Z_ZERO` + height in centimetres; 0 where there is nothing.
    shade : ndarray of uint8, shape (H, W, 3)
        Openness to the sky, and light of the two suns; 200 is full.
    levels : tuple of float
        Heights in metres at which rays are stopped, from the outermost.
    """

    color: NDArray[np.uint8]
    height: NDArray[np.uint8]
    shade: NDArray[np.uint8]
    levels: tuple[float, ...]


class Part(NamedTuple):
    """A relief and where it stands."""

    plane: Plane
    relief: Relief


def make_relief(canvas: Canvas, rails: NDArray[np.uint8] | None = None, *, is_far: bool = False) -> Relief:
    """Turn a drawn wall into colour, height and shade.

    Parameters
    ----------
    canvas : Canvas
        The wall.
    rails : ndarray of uint8, shape (H, W, 4), optional
        Railings that throw their shadow onto it.
    is_far : bool
        Whether it is seen from far away only, where its depth needs few slices.

    Returns
    -------
    Relief
    """
    shade = [_openness(canvas)]
    detail = canvas.z + canvas.bump
    slope_x = cv2.Sobel(detail, cv2.CV_32F, 1, 0, ksize=3, scale=canvas.ppm / 8)
    slope_up = -cv2.Sobel(detail, cv2.CV_32F, 0, 1, ksize=3, scale=canvas.ppm / 8)
    np.clip(slope_x, -1.2, 1.2, out=slope_x)
    np.clip(slope_up, -1.2, 1.2, out=slope_up)
    steep = 1 / cv2.sqrt(1 + slope_x * slope_x + slope_up * slope_up)
    for sun in SUNS:
        facing = np.maximum(0, (sun[2] - sun[0] * slope_x - sun[1] * slope_up) * steep) / sun[2]
        shade.append(np.minimum(facing, 1.27) * _sunlit(canvas.z, canvas.ppm, sun, rails))
    height = np.where(canvas.is_solid, np.clip(np.round(canvas.z * 100) + Z_ZERO, 1, 255), 0).astype(np.uint8)
    color = cv2.merge([*cv2.split(np.clip(canvas.color, 0, 1)), canvas.glass])
    return Relief(
        (color * np.float32(255)).astype(np.uint8),
        height,
        (cv2.merge(shade) * np.float32(200)).astype(np.uint8),
        _levels(height, is_far),
    )


def _openness(canvas: Canvas) -> Field:
    """How much of the sky a point sees: less where its surroundings stand out further (in reveals, under cornices)."""
    small = cv2.resize(canvas.z, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    closed = np.zeros_like(small)
    for reach, strength in ((0.10, 2.4), (0.45, 1.3)):
        size = 2 * round(reach * canvas.ppm / 2) + 1
        shift = floats([[1.0, 0, 0], [0, 1, size * 0.35]])  # what hangs above takes more sky than what lies below
        around = cv2.blur(small, (size, size))
        around = cv2.warpAffine(around, shift, around.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        closed += strength * np.maximum(0, around - small)
    open_sky = cv2.resize(np.exp(-np.minimum(closed, 1.6)), canvas.shape[::-1])
    fine = canvas.bump - cv2.blur(canvas.bump, (5, 5))
    return np.clip(open_sky + 14 * np.minimum(fine, 0.004), 0.12, 1.27)


def _sunlit(z: Field, ppm: float, sun: tuple[float, float, float], rails: NDArray[np.uint8] | None) -> Field:
    """1 in the sun, 0 in shadow: rays are followed over the height field towards the sun at half resolution."""
    small = cv2.resize(z, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    lit = np.ones_like(small)
    outermost = float(small.max()) - float(small.min())
    step = 0.035
    while step < outermost:
        across, up = sun[0] / sun[2] * step * ppm / 2, sun[1] / sun[2] * step * ppm / 2
        shift = floats([[1, 0, -across], [0, 1, up]])
        toward = cv2.warpAffine(small, shift, small.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        lit = np.minimum(lit, np.clip(1 - (toward - small - step) * 25, 0, 1))
        step *= 1.35
    lit = cv2.resize(cv2.blur(lit, (3, 3)), z.shape[::-1])
    if rails is not None and rails.any():
        across, up = (value / sun[2] * 0.85 * ppm for value in sun[:2])
        shift = floats([[1, 0, -across], [0, 1, up]])
        shadow = cv2.warpAffine(cv2.blur(rails[..., 3], (3, 3)), shift, z.shape[::-1])
        lit = cv2.multiply(lit, 255 - shadow, scale=1 / 255, dtype=cv2.CV_32F)
    return lit


def _levels(height: NDArray[np.uint8], is_far: bool) -> tuple[float, ...]:
    """Choose the slices through a relief: dense enough that no moulding falls between two of them."""
    used = np.bincount(height.ravel(), minlength=256) > 40
    used[0] = False
    codes = np.flatnonzero(used)
    if len(codes) == 0:
        return (0.0,)
    candidates = (0.2, 0.0) if is_far else (0.9, 0.75, 0.6, 0.45, 0.3, 0.18, 0.09, 0.0, -0.12, -0.22)
    low, high = (codes[0] - Z_ZERO) / 100, (codes[-1] - Z_ZERO) / 100
    return tuple(level for level in candidates if low < level <= high + 0.001) + (low,)
