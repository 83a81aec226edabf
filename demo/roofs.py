"""What stands above and beside a front: the roof, chimneys and the side walls of a building that stands alone."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.camera import Plane, upright
from demo.canvas import Canvas
from demo.damage import add_weather
from demo.design import Design
from demo.light import Part, make_relief
from demo.materials import make_surface
from demo.noise import floats, fractal
from demo.openings import Opening, draw_window

# Height of the ridge over the eaves and its distance behind the front, in metres.
_SLOPES = {"pitched": (2.4, 4.2), "hip": (2.8, 4.0), "mansard": (2.5, 0.9)}
SIDE_DEPTH_M = 8.5
LOFT_PPM = 16.0


def draw_roof(design: Design, ppm: float, rng: np.random.Generator) -> list[Part]:
    """Draw the roof plane that is seen over the front; none for flat roofs and gables."""
    if design.roof not in _SLOPES:
        return []
    rise, run = _SLOPES[design.roof]
    length = float(np.hypot(rise, run + 0.3))
    over = 0.25
    canvas = Canvas((design.width + 2 * over, length), ppm, design.roof_surface, rng)
    _lose_tiles(canvas, rng)
    if design.roof == "hip":
        x = np.arange(canvas.shape[1]) / ppm
        slant = 0.75 * (canvas.height - np.arange(canvas.shape[0]) / ppm)[:, None]
        canvas.is_solid = (x[None, :] > slant) & (x[None, :] < canvas.width - slant)
    elif design.roof == "mansard":
        _draw_dormers(canvas, design, rng)
    canvas.box((0, 0, canvas.width, 0.12), (0.36, 0.36, 0.36), 0.06)
    canvas.box((0, canvas.height - 0.12, canvas.width, canvas.height), (0.40, 0.33, 0.29), 0.05)
    down = np.array([0, -rise, run + 0.3]) / length
    plane = Plane(np.array([-over, design.eaves + rise, -run]), np.array([1.0, 0, 0]), down, ppm)
    return [Part(plane, make_relief(canvas))]


def _lose_tiles(canvas: Canvas, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(3, 14))):
        x, y = rng.uniform(0, canvas.width), rng.uniform(0.2, canvas.height)
        for i in range(int(rng.integers(1, 5))):
            left = x + 0.24 * rng.integers(-1, 2)
            canvas.box(
                (left, y + 0.2 * i, left + 0.24 * rng.integers(1, 4), y + 0.2 * (i + 1)),
                (0.20, 0.16, 0.13),
                -0.05,
                0.15,
            )
    lighter = 0.08 * canvas.grain
    canvas.color *= (1 + lighter)[..., None]


def _draw_dormers(canvas: Canvas, design: Design, rng: np.random.Generator) -> None:
    bay = (design.width - 0.8) / design.num_bays
    for i in range(design.num_bays):
        centre = 0.65 + bay * (i + 0.5)
        canvas.box((centre - 0.75, 0.4, centre + 0.75, 1.95), design.trim, 0.45)
        gable = canvas.polygon(np.array([[centre - 0.9, 1.9], [centre + 0.9, 1.9], [centre, 2.45]]))
        canvas.fill((slice(None), slice(None)), (0.34, 0.33, 0.33), 0.55, mask=gable)
        state = str(rng.choice(["whole", "whole", "broken"]))
        draw_window(canvas, rng, Opening(centre - 0.45, 0.55, centre + 0.45, 1.8, 0.45), design, state)


def draw_side(
    design: Design, ppm: float, rng: np.random.Generator, edge: tuple[float, float], *, is_left: bool
) -> Part:
    """Draw a side wall, with a gable under a pitched roof; ``edge`` is (x, z) of the edge it shares with the front."""
    rise = _SLOPES["pitched"][0] if design.roof == "pitched" else 0.0
    canvas = Canvas((SIDE_DEPTH_M, design.eaves + rise), ppm, design.wall, rng, design.tint)
    openings = [
        Opening(x, y, x + 0.9, y + 1.3)
        for x in (2.0, 5.5)
        for y in np.arange(1.2, design.eaves - 2, design.floor_height)
        if rng.random() < 0.6
    ]
    for opening in openings:
        draw_window(canvas, rng, opening, design, str(rng.choice(["whole", "broken", "boarded"])))
    add_weather(canvas, rng, openings)
    if rise:
        x = np.abs(np.arange(canvas.shape[1]) / ppm - SIDE_DEPTH_M / 2)
        y = (canvas.height - np.arange(canvas.shape[0]) / ppm)[:, None]
        canvas.is_solid = y < design.eaves + rise * (1 - x / (SIDE_DEPTH_M / 2))[None, :]
    far = SIDE_DEPTH_M if is_left else 0.0
    origin = np.array([edge[0], canvas.height, edge[1] - far])
    along = np.array([0, 0, 1.0 if is_left else -1.0])
    return Part(Plane(origin, along, np.array([0, -1.0, 0]), ppm), make_relief(canvas, is_far=True))


def draw_chimneys(design: Design, rng: np.random.Generator) -> list[tuple[Plane, NDArray[np.uint8]]]:
    """Draw one to three brick chimneys near the ridge, each as display RGB and coverage."""
    rise, run = _SLOPES.get(design.roof, (0.4, 5.0))
    chimneys = []
    for _ in range(int(rng.integers(1, 4))):
        ppm = 40.0
        width, height = rng.uniform(0.6, 1.1), rng.uniform(1.6, 2.4)
        color = make_surface("brick", rng, (round(height * ppm), round(width * ppm)), ppm).color
        rows, columns = color.shape[:2]
        color *= np.linspace(1.1, 0.62, columns, dtype=np.float32)[None, :, None]
        color[: rows // 10] = floats((0.56, 0.54, 0.50))
        color *= np.linspace(0.6, 1.1, rows, dtype=np.float32)[:, None, None] if rng.random() < 0.5 else 1
        x = rng.uniform(0.1, 0.9) * design.width - width / 2
        texture = np.dstack([np.clip(color, 0, 1) * 255, np.full((rows, columns), 255, np.float32)]).astype(np.uint8)
        chimneys.append((upright(x, design.eaves + rise + rng.uniform(0.7, 1.2), -run - 0.4, ppm), texture))
    return chimneys


def draw_loft(width: float, height: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw the dark inside with its beams that a broken top lays open: RGB and coverage, at :data:`LOFT_PPM`."""
    shape = (round(height * LOFT_PPM), round(width * LOFT_PPM))
    image = np.zeros((*shape, 4), np.uint8)
    image[..., :3] = np.clip((38 + 12 * fractal(rng, shape, 12, 3))[..., None] * (1.05, 1.0, 0.92), 0, 255)
    image[..., 3] = 255
    for x in range(4, shape[1], 11):
        image[:, x : x + 2, :3] = (96, 80, 62)
    return image


def draw_backdrop(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw the garden wall with bushes that closes gaps between buildings: RGB and coverage, 20 pixels per metre."""
    rows, columns = 60, 1080
    color = make_surface("stucco", rng, (rows, columns), 20.0, (0.52, 0.50, 0.45)).color * 255
    image = np.dstack([color, np.full((rows, columns), 255, np.float32)]).clip(0, 255).astype(np.uint8)
    image[:16, :, 3] = 0
    for _ in range(900):
        spot = (int(rng.integers(columns)), int(12 + rng.exponential(9)))
        tone = rng.uniform(0.5, 1.1)
        green = [int(value * tone) for value in (72, 88, 48)]
        cv2.circle(image, spot, int(rng.integers(2, 6)), [*green, 255], -1)
    return image
