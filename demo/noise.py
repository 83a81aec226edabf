"""Random fields that everything drawn is made of: fractal noise, streaks, wandering lines."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Field = NDArray[Any]  # float32, shape (H, W); OpenCV's stubs lose the element type


def floats(values: ArrayLike) -> NDArray[np.float32]:
    """Give colours or coordinates as an array of float32."""
    return np.asarray(values, np.float32)


def fractal(
    rng: np.random.Generator, shape: tuple[int, int], cell: float, octaves: int = 4, gain: float = 0.55
) -> Field:
    """Draw fractal value noise (Perlin's sum of octaves, over random lattices instead of gradients).

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    shape : tuple of int
        Height and width of the field.
    cell : float
        Size of the coarsest lumps, in pixels.
    octaves, gain : int, float
        Number of scales, each half the size of the former and ``gain`` times as strong.

    Returns
    -------
    ndarray of float32, shape ``shape``
        Noise with a mean near 0 and a standard deviation near 1.
    """
    total = np.zeros(shape, np.float32)
    strength = 1.0
    variance = 0.0
    for _ in range(octaves):
        total += strength * stretched(rng, shape, (cell, cell))
        variance += strength**2
        strength *= gain
        cell /= 2
        if cell < 1:
            break
    return total * np.float32(1.35 / np.sqrt(variance))  # 1.35: interpolation between lattice points halves variance


def stretched(rng: np.random.Generator, shape: tuple[int, int], cell: tuple[float, float]) -> Field:
    """Draw one octave of noise whose lumps are ``cell`` = (height, width) pixels large; shape ``shape``, float32."""
    height, width = shape
    rows, columns = (max(2, int(np.ceil(side / size)) + 1) for side, size in zip(shape, cell, strict=True))
    lattice = rng.standard_normal((rows, columns), dtype=np.float32)
    return cv2.resize(lattice, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32, copy=False)


def smoothstep(low: float, high: float, field: Field) -> Field:
    """Rise smoothly from 0 at ``low`` to 1 at ``high``; ``low`` may be the larger of the two."""
    ramp = np.clip((field - low) / (high - low), 0, 1)
    return (ramp * ramp * (3 - 2 * ramp)).astype(np.float32, copy=False)


def wander(
    rng: np.random.Generator, start: NDArray[np.float64], end: NDArray[np.float64], rough: float
) -> NDArray[np.float64]:
    """Draw a jagged line from ``start`` to ``end`` by midpoint displacement (Fournier, Fussell & Carpenter 1982).

    Parameters
    ----------
    start, end : ndarray, shape (2,)
        End points.
    rough : float
        Displacement of the first midpoint, as a part of the length; halved at each level.

    Returns
    -------
    ndarray of float64, shape (33, 2)
    """
    points = np.stack([start, end]).astype(float)
    for _ in range(5):
        middle = (points[:-1] + points[1:]) / 2
        step = points[1:] - points[:-1]
        normal = np.stack([-step[:, 1], step[:, 0]], 1)
        middle += normal * rng.normal(0, rough, (len(middle), 1))
        points = np.insert(points, np.arange(1, len(points)), middle, 0)
    return points
