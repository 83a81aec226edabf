"""What walls, roofs and pavements are made of: colour and relief of a surface, course by course."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.noise import Field, floats, fractal, stretched

Color = tuple[float, float, float]


class Surface(NamedTuple):
    """A flat piece of material.

    Attributes
    ----------
    color : ndarray of float32, shape (H, W, 3)
        Display RGB, 0 to 1.
    bump : ndarray of float32, shape (H, W)
        Height above the mean plane in metres.
    """

    color: NDArray[np.float32]
    bump: Field


@dataclass(frozen=True)
class Courses:
    """How a material of repeated units (bricks, blocks, slabs, tiles) is laid; lengths in metres."""

    unit: tuple[float, float]
    joint: float
    colors: tuple[Color, ...]
    joint_color: Color
    variation: float = 0.08
    depth: float = 0.012
    is_staggered: bool = True
    roundness: float = 0.0


COURSES = {
    "brick": Courses(
        (0.25, 0.085), 0.02, ((0.56, 0.36, 0.29), (0.61, 0.41, 0.33), (0.48, 0.32, 0.27)), (0.66, 0.62, 0.56)
    ),
    "yellow brick": Courses(
        (0.25, 0.085), 0.02, ((0.74, 0.62, 0.43), (0.68, 0.56, 0.39), (0.78, 0.67, 0.50)), (0.60, 0.56, 0.50)
    ),
    "dark brick": Courses(
        (0.24, 0.08), 0.018, ((0.38, 0.27, 0.24), (0.45, 0.29, 0.24), (0.31, 0.24, 0.23)), (0.52, 0.49, 0.46), 0.1
    ),
    "ashlar": Courses(
        (0.85, 0.42),
        0.02,
        ((0.74, 0.69, 0.59), (0.69, 0.64, 0.55), (0.78, 0.74, 0.65)),
        (0.48, 0.45, 0.40),
        0.04,
        0.025,
    ),
    "rubble stone": Courses(
        (0.46, 0.24), 0.035, ((0.55, 0.52, 0.47), (0.63, 0.57, 0.48), (0.46, 0.44, 0.42)), (0.68, 0.65, 0.58), 0.1, 0.03
    ),
    "panels": Courses(
        (2.9, 1.5), 0.03, ((0.66, 0.65, 0.62), (0.62, 0.61, 0.58)), (0.33, 0.33, 0.33), 0.03, 0.03, False
    ),
    "boards": Courses((3.6, 0.17), 0.012, ((0.60, 0.62, 0.58),), (0.25, 0.25, 0.24), 0.03, 0.015, True, 0.5),
    "wall tiles": Courses(
        (0.20, 0.10),
        0.014,
        ((0.50, 0.56, 0.54), (0.54, 0.59, 0.56), (0.47, 0.52, 0.51)),
        (0.68, 0.68, 0.65),
        0.07,
        0.008,
        False,
    ),
    "roof tiles": Courses(
        (0.24, 0.30),
        0.03,
        ((0.52, 0.29, 0.21), (0.58, 0.34, 0.25), (0.44, 0.26, 0.20)),
        (0.24, 0.16, 0.13),
        0.1,
        0.03,
        True,
        0.8,
    ),
    "slate": Courses(
        (0.26, 0.2),
        0.012,
        ((0.30, 0.33, 0.37), (0.35, 0.37, 0.40), (0.27, 0.29, 0.32)),
        (0.17, 0.18, 0.2),
        0.07,
        0.012,
        True,
        0.3,
    ),
    "slabs": Courses((0.6, 0.6), 0.02, ((0.56, 0.55, 0.52), (0.60, 0.58, 0.55)), (0.36, 0.35, 0.33), 0.04, 0.008, True),
    "cobbles": Courses(
        (0.16, 0.13), 0.025, ((0.42, 0.41, 0.41), (0.48, 0.46, 0.44)), (0.27, 0.26, 0.25), 0.1, 0.01, True, 0.8
    ),
}


def make_surface(
    name: str, rng: np.random.Generator, shape: tuple[int, int], ppm: float, tint: Color | None = None
) -> Surface:
    """Draw a piece of material.

    Parameters
    ----------
    name : str
        A key of :data:`COURSES`, or ``"stucco"`` or ``"asphalt"``.
    rng : numpy.random.Generator
        Source of randomness.
    shape : tuple of int
        Height and width in pixels.
    ppm : float
        Pixels per metre.
    tint : tuple of float, optional
        Main colour in place of the material's own.

    Returns
    -------
    Surface
    """
    if name not in COURSES:
        return _seamless(name, rng, shape, ppm, tint)
    style = COURSES[name]
    if tint is not None:
        mean = np.mean(style.colors, axis=0)
        shifted = [tuple(np.clip(np.asarray(color) / mean * tint, 0, 1)) for color in style.colors]
        style = replace(style, colors=tuple(shifted))
    return _coursed(style, rng, shape, ppm)


def _seamless(name: str, rng: np.random.Generator, shape: tuple[int, int], ppm: float, tint: Color | None) -> Surface:
    """Stucco and asphalt: one colour, broken by lumps and grain."""
    is_stucco = name == "stucco"
    base = floats(tint if tint is not None else (0.75, 0.70, 0.60) if is_stucco else (0.33, 0.33, 0.34))
    coarse = fractal(rng, shape, 1.2 * ppm, 5)
    grain = rng.standard_normal(shape, dtype=np.float32)
    bump = (0.004 if is_stucco else 0.006) * cv2.blur(grain, (3, 3)) * 2 + 0.002 * coarse
    tone = 1 + (0.035 if is_stucco else 0.06) * coarse + (0.02 if is_stucco else 0.07) * grain
    return Surface(tone[..., None] * base, bump.astype(np.float32))


def _coursed(style: Courses, rng: np.random.Generator, shape: tuple[int, int], ppm: float) -> Surface:
    unit_w = max(2, 2 * round(style.unit[0] * ppm / 2))
    unit_h = max(2, round(style.unit[1] * ppm))
    rows, columns = -(-shape[0] // unit_h) + 1, -(-shape[1] // unit_w) + 2
    color: NDArray[Any] = _unit_colors(style, rng, rows, columns)
    if style.is_staggered:
        color[1::2] = np.roll(color[1::2], 1, axis=1)
    size = (columns * unit_w, rows * unit_h)
    color = cv2.resize(color, size, interpolation=cv2.INTER_NEAREST)[: shape[0], : shape[1]]
    inside = _unit_profile(style, unit_w, unit_h, ppm)
    inside = np.tile(inside, (rows // 2 + 1, columns))[: shape[0], : shape[1]]
    color, inside = _roughen(color, inside, rng, 0.35 * style.joint * ppm)
    grain = fractal(rng, shape, 0.12 * ppm, 3)
    joint = floats(style.joint_color)
    color -= joint
    color *= np.minimum(inside * 1.25, 1)[..., None]
    color += joint
    color *= (1 + 0.035 * grain + 0.03 * stretched(rng, shape, (1.5 * ppm, 1.5 * ppm)))[..., None]
    return Surface(color, (style.depth * inside + 0.002 * grain).astype(np.float32))


def _unit_colors(style: Courses, rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    """One colour per unit, at two pixels per unit so that staggered rows can be rolled by half a unit."""
    chosen = floats(style.colors)[rng.integers(0, len(style.colors), (rows, columns))]
    chosen = chosen * (1 + style.variation * rng.standard_normal((rows, columns, 1), dtype=np.float32))
    return np.repeat(chosen, 2, axis=1)


def _unit_profile(style: Courses, unit_w: int, unit_h: int, ppm: float) -> Field:
    """Two courses by one unit: 0 in the joint, 1 on the face, rounded towards the edges where asked."""
    x = (np.arange(unit_w) + 0.5) / ppm
    y = (np.arange(unit_h) + 0.5) / ppm
    to_edge = np.minimum(np.minimum(x, x[::-1])[None, :], np.minimum(y, y[::-1])[:, None])
    profile = np.clip((to_edge * ppm - style.joint * ppm / 2) / 1.2 + 0.5, 0, 1)
    across = 1 - np.abs(np.linspace(-1, 1, unit_w))[None, :] ** 2
    profile = profile * ((1 - style.roundness) + style.roundness * across)
    second = np.roll(profile, unit_w // 2, axis=1) if style.is_staggered else profile
    return np.concatenate([profile, second]).astype(np.float32)


def _roughen(color: NDArray[Any], inside: Field, rng: np.random.Generator, amount: float) -> tuple[NDArray[Any], Field]:
    """Displace the pattern by a few pixels so that no joint is ruled with a ruler."""
    shape = inside.shape
    x, y = np.meshgrid(np.arange(shape[1], dtype=np.float32), np.arange(shape[0], dtype=np.float32))
    x += amount * stretched(rng, shape, (7, 7))
    y += amount * (stretched(rng, shape, (7, 7)) + stretched(rng, shape, (90, 90)))
    color, inside = (
        cv2.remap(layer, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT) for layer in (color, inside)
    )
    return color, inside
