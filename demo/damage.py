"""Harm done to a wall: cracks, lost plaster, soot, holes, a broken top, and what weather leaves."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.canvas import Canvas
from demo.materials import make_surface
from demo.noise import Field, floats, fractal, smoothstep, stretched, wander
from demo.openings import Opening

EVERYWHERE = (slice(None), slice(None))


def add_weather(canvas: Canvas, rng: np.random.Generator, openings: list[Opening]) -> None:
    """Add what years do: large stains, streaks below the sills, splashes at the foot, dirt under the top."""
    shape = canvas.shape
    height = (np.arange(shape[0], 0, -1, dtype=np.float32) / canvas.ppm)[:, None]
    stains = smoothstep(0.3, 2.0, fractal(rng, shape, 2.5 * canvas.ppm, 5))
    streaks = smoothstep(0.2, 2.2, stretched(rng, shape, (2.2 * canvas.ppm, 0.10 * canvas.ppm)) + 0.5 * canvas.grain)
    foot = np.exp(-height / 0.45) * (0.8 + 0.4 * canvas.grain)
    top = np.exp(-(canvas.height - height) / 0.8)
    below = np.zeros(shape, np.float32)
    for opening in openings:
        where = canvas.region(opening.x0 - 0.1, opening.y0 - 1.3, opening.x1 + 0.1, opening.y0 - 0.1)
        rows = below[where].shape[0]
        below[where] = np.linspace(1, 0, rows, dtype=np.float32)[:, None]
    dirt = 0.20 * stains + (0.12 + 0.3 * below + 0.25 * top) * streaks + 0.32 * np.clip(foot, 0, 1)
    matt = canvas.glass == 0
    brown = floats((0.30, 0.27, 0.22))
    canvas.color += (np.clip(dirt, 0, 0.75) * matt)[..., None] * (brown - canvas.color)


def add_crack(
    canvas: Canvas, rng: np.random.Generator, start: tuple[float, float], end: tuple[float, float], width: float
) -> None:
    """Open a crack from ``start`` to ``end`` (metres): widest in the middle, branching, with a spalled edge."""
    lines = [(wander(rng, np.array(start), np.array(end), 0.11), width)]
    for _ in range(int(rng.integers(1, 5))):
        trunk = lines[0][0]
        origin = trunk[rng.integers(4, len(trunk) - 4)]
        reach = rng.normal(0, 0.22 * np.hypot(*(trunk[-1] - trunk[0])), 2)
        lines.append((wander(rng, origin, origin + reach, 0.14), width * 0.5))
    mask = np.zeros(canvas.shape, np.uint8)
    for points, thickness in lines:
        pixels = np.round(canvas.pixels(points) * 16).astype(np.int32)
        for i in range(len(points) - 1):
            profile = 0.35 + 0.65 * np.sin(np.pi * (i + 0.5) / (len(points) - 1))
            thick = max(1, round(thickness * profile * rng.uniform(0.4, 1.3) * canvas.ppm))
            cv2.line(mask, pixels[i].tolist(), pixels[i + 1].tolist(), 255, thick, cv2.LINE_AA, 4)
    rows, columns = np.nonzero(mask)
    if len(rows) == 0:
        return
    pad = round(0.1 * canvas.ppm)
    where = (slice(max(0, rows.min() - pad), rows.max() + pad), slice(max(0, columns.min() - pad), columns.max() + pad))
    _open_up(canvas, where, mask[where].astype(np.float32) / 255)


def _open_up(canvas: Canvas, where: tuple[slice, slice], crack: Field) -> None:
    size = 2 * round(0.05 * canvas.ppm) + 1
    near = cv2.blur(cv2.dilate(crack, np.ones((size, size), np.uint8)), (size, size))
    spalled = smoothstep(0.75, 0.95, near * (0.75 + 0.25 * canvas.grain[where])) * (canvas.glass[where] == 0)
    canvas.color[where] += 0.35 * spalled[..., None] * (floats((0.78, 0.74, 0.68)) - canvas.color[where])
    canvas.bump[where] -= 0.004 * spalled + 0.03 * crack
    canvas.color[where] *= 1 - 0.88 * crack[..., None]


def add_x_cracks(canvas: Canvas, rng: np.random.Generator, openings: list[Opening]) -> None:
    """Cross the piers between neighbouring windows with diagonal cracks, as an earthquake's shear does."""
    for left, right in zip(openings[:-1], openings[1:], strict=True):
        gap = right.x0 - left.x1
        if abs(left.y0 - right.y0) > 0.1 or not 0.2 < gap < 3 or rng.random() < 0.35:
            continue
        width = rng.uniform(0.015, 0.03)
        add_crack(canvas, rng, (left.x1, left.y1), (right.x0, right.y0), width)
        add_crack(canvas, rng, (left.x1, left.y0), (right.x0, right.y1), width)


def lose_plaster(
    canvas: Canvas, rng: np.random.Generator, centre: tuple[float, float], radius: float, behind: str
) -> None:
    """Break off a patch of the wall's skin; ``behind`` (a material) shows inside a ragged, fresh rim."""
    x, y = centre
    where = canvas.region(x - 1.6 * radius, y - 1.6 * radius, x + 1.6 * radius, y + 1.6 * radius)
    shape = canvas.z[where].shape
    if min(shape) < 12:
        return
    field = _blob(rng, shape) * (np.abs(canvas.z[where]) < 0.1)
    gone = (field > 0) & (canvas.glass[where] == 0)
    size = max(3, round(0.06 * canvas.ppm))
    rim = (
        cv2.dilate(gone.astype(np.uint8), np.ones((size, size), np.uint8)).astype(bool)
        & ~gone
        & (np.abs(canvas.z[where]) < 0.1)
    )
    canvas.color[where][rim] = 0.5 * canvas.color[where][rim] + 0.5 * floats((0.76, 0.73, 0.68))
    canvas.cover(where, make_surface(behind, rng, shape, canvas.ppm), gone)
    canvas.color[where][gone] *= 0.92 + 0.06 * canvas.grain[where][gone][:, None]
    depth = cv2.blur(gone.astype(np.float32), (3, 3))
    canvas.bump[where] -= 0.045 * depth


def _blob(rng: np.random.Generator, shape: tuple[int, int]) -> Field:
    """Above 0 inside an irregular, lobed patch in the middle of ``shape``."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j].astype(np.float32)
    ragged = 0.26 * fractal(rng, shape, 0.35 * max(shape), 6, 0.62)
    return (0.62 + ragged - np.hypot(x * rng.uniform(0.8, 1.3), y)).astype(np.float32)


def add_soot(canvas: Canvas, rng: np.random.Generator, opening: Opening) -> None:
    """Blacken the wall over an opening, as a fire inside does."""
    spread, reach = rng.uniform(0.4, 0.9), rng.uniform(1.2, 2.6)
    where = canvas.region(opening.x0 - spread, opening.y1 - 0.8, opening.x1 + spread, opening.y1 + reach)
    shape = canvas.z[where].shape
    if min(shape) < 4:
        return
    up = np.linspace(1, 0, shape[0], dtype=np.float32)[:, None]
    across = 1 - np.abs(np.linspace(-1, 1, shape[1], dtype=np.float32))[None, :] ** 2
    cloud: Field = up_profile(up) * across * 1.5 + 0.3 * fractal(rng, shape, 0.7 * canvas.ppm, 5) - 0.2
    canvas.darken(where, 0.78 * smoothstep(-0.1, 1.5, cloud))


def up_profile(up: NDArray[np.float32]) -> NDArray[np.float32]:
    """How thick smoke lies at part ``up`` (0 to 1) of its height: little at the foot, most in the middle."""
    return np.minimum(1, (1 - up) * 1.4) * np.minimum(1, 0.15 + up * 4)


def add_breach(canvas: Canvas, rng: np.random.Generator, centre: tuple[float, float], radius: float) -> None:
    """Knock a hole through the wall: a dark room behind a rim of torn brick."""
    lose_plaster(canvas, rng, centre, radius * 1.5, "brick")
    where = canvas.region(centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
    shape = canvas.z[where].shape
    if min(shape) < 12:
        return
    field = _blob(rng, shape)
    canvas.cover(where, make_surface("brick", rng, shape, canvas.ppm), field > -0.12, -0.12)
    hole = field > 0.05
    canvas.fill(where, (0.09, 0.08, 0.075), -0.55, mask=hole, grain=0.4)
    canvas.bump[where] += 0.02 * fractal(rng, shape, 8, 2) * (field > -0.12)


def break_top(canvas: Canvas, rng: np.random.Generator, centre: float, width: float, depth: float) -> None:
    """Take a ragged bite out of the top of the wall: ``width`` by ``depth`` metres around ``centre``."""
    x = np.arange(canvas.shape[1]) / canvas.ppm
    bite = depth * np.clip(1.15 - np.abs((x - centre) / (width / 2)) ** 2, 0, 1)
    brick = max(2, round(0.13 * canvas.ppm))
    steps = np.repeat(0.25 * fractal(rng, (1, canvas.shape[1] // brick + 1), 6, 4)[0], brick)[: canvas.shape[1]]
    bite = np.where(bite > 0, np.round(np.maximum(0, bite + steps) / 0.085) * 0.085, 0)
    y = (np.arange(canvas.shape[0]) / canvas.ppm)[:, None]
    first = np.argmax(canvas.is_solid, axis=0) / canvas.ppm
    edge = (first + bite)[None, :]
    rim = (y < edge + 0.28 + 0.1 * canvas.grain) & (bite > 0.05)[None, :] & canvas.is_solid
    canvas.cover(EVERYWHERE, make_surface("brick", rng, canvas.shape, canvas.ppm), rim, -0.03)
    canvas.is_solid &= (y >= edge) | (bite <= 0)[None, :]
