"""Windows, doors and shop fronts: holes in a wall with frames, panes, curtains, sills and shutters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from demo.canvas import Canvas, Mask
from demo.design import Design
from demo.materials import Color
from demo.noise import floats, fractal, smoothstep

REVEAL_M = 0.24
FRAME_M = 0.16


class Opening(NamedTuple):
    """A hole in a wall: its corners in metres, and how far the wall around it stands out."""

    x0: float
    y0: float
    x1: float
    y1: float
    z: float = 0.0


def draw_window(
    canvas: Canvas, rng: np.random.Generator, opening: Opening, design: Design, state: str = "whole"
) -> None:
    """Draw a window; ``state`` is ``"whole"``, ``"broken"``, ``"boarded"`` or ``"empty"``."""
    _surround(canvas, opening, design)
    where = canvas.region(*opening[:4])
    shape = canvas.z[where].shape
    if min(shape) < 6:
        return
    hole = _hole_mask(shape, design.head)
    _panes(canvas, rng, opening, design, hole)
    if state == "broken":
        _break_panes(canvas, rng, opening, hole)
    elif state == "boarded":
        _board_up(canvas, rng, opening, hole)
    elif state == "empty":
        canvas.fill(where, (0.07, 0.065, 0.06), opening.z - 0.5, mask=hole, grain=0.3)
    width = opening.x1 - opening.x0
    sill = (opening.x0 - 0.1, opening.y0 - 0.11, opening.x1 + 0.1, opening.y0)
    canvas.box(sill, design.trim, opening.z + 0.16)
    if design.shutters != "none" and state != "boarded" and width < 1.6 and design.head != "pediment":
        _shutters(canvas, rng, opening, design)


def _hole_mask(shape: tuple[int, int], head: str) -> Mask:
    """A rectangle, with a round or flat arch on top where the head asks for it."""
    rows, columns = shape
    rise = {"arched": 0.5, "segmental": 0.14}.get(head, 0.0) * columns
    if rise == 0:
        return np.ones(shape, bool)
    x = np.linspace(-1, 1, columns)
    top = rise * (1 - np.sqrt(np.maximum(0, 1 - x**2))) if head == "arched" else rise * x**2
    return np.arange(rows)[:, None] >= top[None, :]


def _surround(canvas: Canvas, opening: Opening, design: Design) -> None:
    x0, y0, x1, y1, z = opening
    if design.head == "square":
        canvas.box((x0 - 0.12, y1, x1 + 0.12, y1 + 0.2), design.trim, z + 0.03)
        return
    where = canvas.region(x0 - 0.15, y0, x1 + 0.15, y1 + 0.17)
    canvas.fill(where, design.trim, z + 0.06, mask=_hole_mask(canvas.z[where].shape, design.head))
    middle = (x0 + x1) / 2
    if design.head == "pediment":
        canvas.box((x0 - 0.25, y1 + 0.2, x1 + 0.25, y1 + 0.32), design.trim, z + 0.25)
        gable = canvas.polygon(np.array([[x0 - 0.25, y1 + 0.32], [x1 + 0.25, y1 + 0.32], [middle, y1 + 0.62]]))
        canvas.fill((slice(None), slice(None)), design.trim, z + 0.2, mask=gable)
    else:
        canvas.box((middle - 0.11, y1 - 0.1, middle + 0.11, y1 + 0.24), design.trim, z + 0.12)


def _panes(canvas: Canvas, rng: np.random.Generator, opening: Opening, design: Design, hole: Mask) -> None:
    """Fill the hole with a dark room, curtains and glass, and set bars before them."""
    where = canvas.region(*opening[:4])
    rows, columns = hole.shape
    canvas.fill(where, (0.13, 0.14, 0.15), opening.z - REVEAL_M, mask=hole, glass=0.5)
    room = canvas.color[where]
    depth = np.linspace(0.6, 1.3, rows, dtype=np.float32)[:, None, None]
    room[hole] = (room * depth)[hole]
    if rng.random() < 0.7:
        _curtains(room, rng, hole)
    num_across, num_up = design.mullions
    canvas.glass[where][hole] = 0.3
    for i in range(num_across):
        for j in range(num_up):
            pane = (
                slice(rows * j // num_up, rows * (j + 1) // num_up),
                slice(columns * i // num_across, columns * (i + 1) // num_across),
            )
            canvas.glass[where][pane][hole[pane]] = rng.uniform(0.15, 1)
    bars = np.zeros(hole.shape, bool)
    edge, bar = max(2, round(0.075 * canvas.ppm)), max(1, round(0.045 * canvas.ppm))
    for i in range(1, num_across):
        bars[:, columns * i // num_across - bar // 2 :][:, : bar + 1] = True
    for j in range(1, num_up):
        bars[rows * j // num_up - bar // 2 :][: bar + 1] = True
    inner = np.zeros(hole.shape, bool)
    inner[edge:-edge, edge:-edge] = _hole_mask((rows - 2 * edge, columns - 2 * edge), design.head)
    canvas.fill(where, design.frame, opening.z - FRAME_M, mask=hole & (bars | ~inner), grain=0.07)


def _curtains(room: np.ndarray, rng: np.random.Generator, hole: Mask) -> None:
    rows, columns = hole.shape
    cloth = floats(rng.choice([[0.72, 0.68, 0.60], [0.62, 0.58, 0.55], [0.58, 0.45, 0.38], [0.50, 0.55, 0.56]]))
    x = np.arange(columns, dtype=np.float32)
    folds = 0.55 + 0.2 * np.sin(x * rng.uniform(0.5, 0.9) + 3 * np.sin(x * 0.05)) * rng.uniform(0.4, 1)
    drawn = np.zeros(hole.shape, bool)
    if rng.random() < 0.3:
        drawn[: int(rows * rng.uniform(0.3, 0.9))] = True
        folds = np.full(columns, 0.65, np.float32)
    else:
        drawn[:, : int(columns * rng.uniform(0.12, 0.4))] = True
        drawn[:, -int(columns * rng.uniform(0.12, 0.4)) :] = True
    drawn &= hole
    room[drawn] = (folds[None, :, None] * cloth * np.ones((rows, 1, 1), np.float32))[drawn]


def _break_panes(canvas: Canvas, rng: np.random.Generator, opening: Opening, hole: Mask) -> None:
    """Knock jagged, many-cornered holes out of the glass."""
    where = canvas.region(*opening[:4])
    rows, columns = hole.shape
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    gone = np.zeros(hole.shape, bool)
    for _ in range(int(rng.integers(1, 4))):
        angle = np.arctan2(y - rows * rng.uniform(0.2, 0.8), x - columns * rng.uniform(0.2, 0.8))
        spikes = np.interp(angle, np.linspace(-np.pi, np.pi, 17), rng.uniform(0.3, 1, 17), period=2 * np.pi)
        centre = rng.uniform(0.25, 0.75, 2) * hole.shape
        gone |= np.hypot(y - centre[0], x - centre[1]) < spikes * columns * 0.55
    gone &= hole & (canvas.glass[where] > 0)
    canvas.fill(where, (0.05, 0.05, 0.05), opening.z - 0.4, mask=gone, grain=0.3)


def _board_up(canvas: Canvas, rng: np.random.Generator, opening: Opening, hole: Mask) -> None:
    """Nail planks across the opening, each in its own shade, with gaps."""
    top = opening.y0
    while top < opening.y1 - 0.05:
        height = rng.uniform(0.16, 0.3)
        shade = rng.uniform(0.75, 1.15)
        plank = canvas.region(opening.x0 - 0.03, top, opening.x1 + 0.03, min(top + height, opening.y1))
        wood: Color = (0.60 * shade, 0.47 * shade, 0.32 * shade)
        canvas.fill(plank, wood, opening.z + 0.04, grain=0.02)
        if canvas.z[plank].size:
            canvas.color[plank] *= 1 + 0.09 * fractal(rng, (canvas.z[plank].shape[0], 1), 5, 2)[..., None]
        top += height + rng.choice([0.012, 0.02, 0.12])


def _shutters(canvas: Canvas, rng: np.random.Generator, opening: Opening, design: Design) -> None:
    width = (opening.x1 - opening.x0) / 2
    for left in (opening.x0 - width - 0.03, opening.x1 + 0.03):
        if rng.random() < 0.12:
            continue
        where = canvas.region(left, opening.y0, left + width, opening.y1)
        shade = rng.uniform(0.85, 1.1)
        red, green, blue = design.paint
        canvas.fill(where, (red * shade, green * shade, blue * shade), opening.z + 0.05, grain=0.1)
        rows = canvas.z[where].shape[0]
        if design.shutters == "slats":
            slats = 0.75 + 0.35 * (
                np.arange(rows) % max(3, round(0.06 * canvas.ppm)) / max(3, round(0.06 * canvas.ppm))
            )
            inner = canvas.region(left + 0.06, opening.y0 + 0.08, left + width - 0.06, opening.y1 - 0.08)
            canvas.color[inner] *= floats(slats)[: canvas.z[inner].shape[0], None, None]
        else:
            for bottom in (0.08, 0.54):
                low = opening.y0 + bottom * (opening.y1 - opening.y0)
                panel = canvas.region(left + 0.07, low, left + width - 0.07, low + 0.38 * (opening.y1 - opening.y0))
                canvas.z[panel] -= 0.02


def draw_door(canvas: Canvas, rng: np.random.Generator, opening: Opening, design: Design) -> None:
    """Draw a panelled door with a fanlight, in a stone frame, over two steps."""
    x0, y0, x1, y1, z = opening
    canvas.box((x0 - 0.22, y0, x1 + 0.22, y1 + 0.25), design.trim, z + 0.08)
    canvas.box((x0 - 0.3, y1 + 0.25, x1 + 0.3, y1 + 0.4), design.trim, z + 0.28)
    canvas.fill(canvas.region(x0, y0, x1, y1), design.accent, z - 0.2, grain=0.09)
    canvas.fill(canvas.region(x0 + 0.08, y1 - 0.42, x1 - 0.08, y1 - 0.08), (0.12, 0.13, 0.14), z - 0.22, glass=0.6)
    middle = (x0 + x1) / 2
    for left, right in ((x0 + 0.1, middle - 0.07), (middle + 0.07, x1 - 0.1)):
        for low, high in ((0.15, 0.75), (0.9, y1 - y0 - 0.62)):
            panel = canvas.region(left, y0 + low, right, y0 + high)
            canvas.z[panel] -= 0.035
            canvas.darken(panel, 0.12)
    canvas.box((middle + 0.02, y0 + 0.95, middle + 0.06, y0 + 1.1), (0.75, 0.65, 0.35), z - 0.12)
    canvas.box((x0 - 0.3, 0, x1 + 0.3, y0), (0.55, 0.54, 0.51), z + 0.45)


def draw_garage(canvas: Canvas, rng: np.random.Generator, opening: Opening, design: Design) -> None:
    """Draw a rolling shutter of ribbed metal, rusty at the bottom and half tagged."""
    where = canvas.region(*opening[:4])
    canvas.box((opening.x0 - 0.12, opening.y0, opening.x1 + 0.12, opening.y1 + 0.16), design.trim, opening.z + 0.05)
    canvas.fill(where, tuple(0.6 + 0.4 * (value - 0.3) for value in design.paint), opening.z - REVEAL_M, grain=0.06)  # type: ignore[arg-type]
    rows = np.arange(canvas.z[where].shape[0])
    ribs = floats(0.80 + 0.28 * np.abs(np.sin(rows * np.pi / (0.1 * canvas.ppm))))
    canvas.color[where] *= ribs[:, None, None]
    rust = smoothstep(
        0.3,
        1.6,
        fractal(rng, canvas.z[where].shape, 30, 4) + np.linspace(-1.2, 1.4, len(rows), dtype=np.float32)[:, None],
    )
    canvas.color[where] += 0.5 * rust[..., None] * (floats((0.38, 0.22, 0.12)) - canvas.color[where])
