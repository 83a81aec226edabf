"""What is set onto a wall: shop fronts, cornices, quoins, balconies, pipes, cables, machines and graffiti."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.canvas import Canvas
from demo.design import PAINTS, Design
from demo.lettering import coin_name, coin_shop, text_mask
from demo.noise import floats, fractal, smoothstep, wander
from demo.openings import Opening

BALCONY_M = 0.9
RAIL_M = 0.85


def draw_shop(canvas: Canvas, rng: np.random.Generator, opening: Opening, design: Design) -> None:
    """Draw a display window with goods, a painted frame, and a sign board with its name."""
    x0, y0, x1, y1, z = opening
    paint = PAINTS[rng.integers(len(PAINTS))]
    canvas.box((x0 - 0.15, 0, x1 + 0.15, y1 + 0.1), paint, z + 0.06)
    pane = canvas.region(x0, y0 + 0.35, x1, y1 - 0.1)
    canvas.fill(pane, (0.12, 0.12, 0.12), z - 0.2, glass=rng.uniform(0.3, 0.8))
    room = canvas.color[pane]
    rows, columns = room.shape[:2]
    room += 0.14 * smoothstep(-0.5, 1.5, fractal(rng, (rows, columns), 25, 3))[..., None]
    for _ in range(int(rng.integers(12, 26))):  # goods on shelves
        width, height = rng.integers(4, max(6, columns // 7)), rng.integers(4, max(6, rows // 4))
        x, shelf = rng.integers(0, max(1, columns - width)), rows * rng.choice([0.45, 0.72, 0.99])
        room[int(shelf - height) : int(shelf), x : x + width] = rng.uniform(0.15, 0.55) + rng.normal(0, 0.06, 3)
    for x in np.linspace(x0, x1, int(rng.integers(2, 4)) + 1):
        canvas.box((x - 0.04, y0, x + 0.04, y1), design.frame, z - 0.1)
    _sign(canvas, rng, (x0 - 0.15, y1 + 0.02, x1 + 0.15, y1 + 0.55), z)


def _sign(canvas: Canvas, rng: np.random.Generator, corners: tuple[float, float, float, float], z: float) -> None:
    where = canvas.region(*corners)
    ground = PAINTS[rng.integers(len(PAINTS))] if rng.random() < 0.7 else (0.82, 0.79, 0.70)
    canvas.fill(where, ground, z + 0.14, grain=0.07)
    rows, columns = canvas.z[where].shape
    if rows < 8 or columns < 8:
        return
    letters = np.zeros((rows, columns), np.float32)
    pad = max(1, rows // 6)
    letters[pad:-pad, pad:-pad] = text_mask(coin_shop(rng), (rows - 2 * pad, columns - 2 * pad), 1)
    ink = floats((0.9, 0.85, 0.7)) if sum(ground) < 1.8 else floats((0.35, 0.15, 0.12))
    letters *= smoothstep(-2.2, -0.8, canvas.grain[where])  # paint that has flaked off
    canvas.color[where] += letters[..., None] * (ink - canvas.color[where])


def draw_cornice(canvas: Canvas, y: float, design: Design, depth: float) -> None:
    """Draw a stepped moulding over the whole width at height ``y``, with dentils when it is a deep one."""
    canvas.box((0, y, canvas.width, y + 0.12), design.trim, depth * 0.35)
    canvas.box((0, y + 0.12, canvas.width, y + 0.24), design.trim, depth * 0.65)
    canvas.box((0, y + 0.24, canvas.width, y + 0.36), design.trim, depth)
    if depth > 0.3:
        for x in np.arange(0.1, canvas.width, 0.45):
            canvas.box((x, y - 0.14, x + 0.2, y + 0.12), design.trim, depth * 0.6)


def draw_quoins(canvas: Canvas, design: Design) -> None:
    """Draw corner stones, long and short by turns, up both edges of the wall."""
    for i, y in enumerate(np.arange(0, design.eaves - 0.2, 0.42)):
        length = 0.62 if i % 2 else 0.4
        for x0, x1 in ((0, length), (canvas.width - length, canvas.width)):
            tone = 1 + 0.05 * np.sin(7.3 * i + x0)
            red, green, blue = design.trim
            canvas.box((x0, y + 0.015, x1, y + 0.40), (red * tone, green * tone, blue * tone), 0.05)


def draw_balcony(canvas: Canvas, rails: NDArray[np.uint8], opening: Opening, design: Design) -> None:
    """Draw a slab on two consoles; its railing goes to ``rails`` (H, W, 4), RGB and coverage."""
    x0, x1, y = opening.x0 - 0.45, opening.x1 + 0.45, opening.y0 - 0.12
    canvas.box((x0, y - 0.16, x1, y), design.trim, BALCONY_M)
    for x in (x0 + 0.2, x1 - 0.38):
        canvas.box((x, y - 0.46, x + 0.18, y - 0.16), design.trim, 0.4)
    color = tuple(int(255 * value) for value in design.accent) + (255,)
    thickness = max(1, round(0.03 * canvas.ppm))
    for height in (0.08, 0.98):
        _rail(canvas, rails, ((x0, y + height), (x1, y + height)), color, thickness + 1)
    for x in np.arange(x0 + 0.02, x1, 0.13):
        _rail(canvas, rails, ((x, y), (x, y + 0.98)), color, thickness)


def _rail(
    canvas: Canvas,
    rails: NDArray[np.uint8],
    ends: tuple[tuple[float, float], tuple[float, float]],
    color: tuple[int, ...],
    thickness: int,
) -> None:
    start, end = np.round(canvas.pixels(np.array(ends))).astype(int).tolist()
    cv2.line(rails, start, end, color, thickness)


def draw_pipe(canvas: Canvas, x: float, top: float) -> None:
    """Draw a rain pipe with brackets from the eaves to the ground."""
    canvas.box((x, 0.1, x + 0.11, top), (0.42, 0.42, 0.41), 0.14)
    for y in np.arange(0.8, top, 1.9):
        canvas.box((x - 0.04, y, x + 0.15, y + 0.06), (0.35, 0.34, 0.33), 0.15)


def draw_cooler(canvas: Canvas, rng: np.random.Generator, x: float, y: float) -> None:
    """Draw the outer unit of an air conditioner: a box with a round grille and a stain below."""
    canvas.box((x, y, x + 0.8, y + 0.56), (0.78, 0.77, 0.73), 0.35)
    centre = canvas.pixels(np.array([[x + 0.3, y + 0.28]]))[0]
    for part in (0.24, 0.18, 0.12, 0.06):
        cv2.circle(
            canvas.color,
            np.round(centre).astype(int).tolist(),
            round(part * canvas.ppm),
            (0.3, 0.3, 0.3),
            1,
            cv2.LINE_AA,
        )
    stain = canvas.region(x + 0.3, y - rng.uniform(0.8, 2.0), x + 0.55, y)
    canvas.darken(stain, 0.25 * np.ones(canvas.z[stain].shape, np.float32))


def draw_cables(canvas: Canvas, rng: np.random.Generator, count: int) -> None:
    """Hang cables across the wall between two fixings each."""
    for _ in range(count):
        left, right = rng.uniform(0, 0.35) * canvas.width, rng.uniform(0.6, 1.0) * canvas.width
        height = rng.uniform(2.8, canvas.height * 0.75)
        x = np.linspace(left, right, 24)
        sag = rng.uniform(0.05, 0.4)
        y = height + rng.uniform(-0.4, 0.4) * (x - left) / (right - left) - sag * (1 - np.linspace(-1, 1, 24) ** 2)
        points = np.round(canvas.pixels(np.stack([x, y], 1)) * 16).astype(np.int32)
        cv2.polylines(
            canvas.color, [points], False, (0.11, 0.11, 0.11), max(1, round(0.03 * canvas.ppm)), cv2.LINE_AA, 4
        )


def draw_graffiti(canvas: Canvas, rng: np.random.Generator, x: float) -> None:
    """Spray a tag onto the lower wall: fat letters with an outline, or one quick line."""
    width, height = rng.uniform(1.2, 2.4), rng.uniform(0.5, 0.9)
    where = canvas.region(x, 0.5, x + width, 0.5 + height)
    shape = canvas.z[where].shape
    if min(shape) < 10:
        return
    color = floats(
        rng.choice([[0.15, 0.15, 0.17], [0.62, 0.18, 0.20], [0.20, 0.35, 0.60], [0.85, 0.84, 0.80], [0.25, 0.5, 0.3]])
    )
    text = text_mask(coin_name(rng), shape, int(rng.integers(0, 3)))
    matrix = floats([[1.0, 0, 0], [float(rng.uniform(-0.12, 0.12)), 1, 0]])
    text = cv2.warpAffine(text, matrix, shape[::-1])
    line = np.zeros(shape, np.float32)
    points = wander(rng, np.array([0.0, 0.2]), np.array([1.0, 0.3]), 0.3) * shape[::-1]
    cv2.polylines(line, [np.round(points).astype(np.int32)], False, 1.0, 2, cv2.LINE_AA)
    ink = np.maximum(text, line * 0.8)[..., None] * 0.85 * (canvas.glass[where] == 0)[..., None]
    canvas.color[where] += ink * (color - canvas.color[where])
