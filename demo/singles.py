"""Photos that belong to no building: what else lies in the folder of somebody who was there."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.building import build
from demo.camera import look_at
from demo.canvas import Canvas
from demo.damage import add_crack, add_weather, lose_plaster
from demo.design import choose_designs
from demo.lens import choose_lens, develop
from demo.lettering import text_mask
from demo.light import SUNS, make_relief
from demo.materials import Color
from demo.noise import floats, fractal, smoothstep
from demo.render import Frame, linear
from demo.scene import choose_light, choose_view, take_photo
from demo.sprites import draw_rubble, draw_tree
from demo.surroundings import draw_sky

Photo = NDArray[np.uint8]
NOTES = (
    "SITE REPORT\n\nWall, ground floor: crack 4 mm\nParapet loose, fence it off\nGas closed 14:20\nSecond visit needed",
    "TO DO\n\n- batteries\n- tape, 50 m\n- call the owner of no. 17\n- photos of the yard",
    "STAIRS CLOSED\n\nDanger of falling plaster\nUse the rear entrance",
    "Team B\n\nBlocks 4 to 9 done\nBlock 10: no access\nBlock 11: see sketch",
)


def draw_single(rng: np.random.Generator, index: int, side: int) -> Photo:
    """Draw a photo of something seen once; ``index`` chooses what, ``side`` is the longest side in pixels."""
    kinds: tuple[Callable[[np.random.Generator, tuple[int, int]], Photo], ...] = (
        _other_building,
        _room,
        _rubble,
        _paper,
        _tree,
        _other_building,
        _ceiling,
        _crack_with_scale,
        _clouds,
        _other_building,
    )
    is_upright = rng.random() < 0.35
    size = (side * 3 // 4, side) if is_upright else (side, side * 3 // 4)
    return kinds[index % len(kinds)](rng, size)


def _other_building(rng: np.random.Generator, size: tuple[int, int]) -> Photo:
    design = choose_designs(rng, 3)[int(rng.integers(3))]
    view = choose_view(design, rng, 0, max(size))
    return take_photo(build(design, rng, max(size) / 1024), view, rng)


def _wall(rng: np.random.Generator, size: tuple[int, int], ppm: float, surface: str, tint: Color) -> Canvas:
    canvas = Canvas((size[0] / ppm, size[1] / ppm), ppm, surface, rng, tint)
    add_weather(canvas, rng, [])
    return canvas


def _pale(rng: np.random.Generator) -> Color:
    """A pale colour, such as walls have."""
    tone, warmth = rng.uniform(0.6, 0.8), rng.normal(0.02, 0.03)
    return tone + warmth, tone + rng.normal(0, 0.015), tone - warmth


def _lit(canvas: Canvas, rng: np.random.Generator, size: tuple[int, int], ambient: float, sun: float) -> Frame:
    """Light a wall that fills the photo, brighter towards one side as by a window or a lamp."""
    relief = make_relief(canvas)
    shade = relief.shade.astype(np.float32) / 200
    index = 1 + int(rng.integers(len(SUNS)))
    light = ambient * shade[..., 0] + sun * shade[..., index]
    dark, bright = rng.permutation([0.55, 1.3])
    light *= np.linspace(dark, bright, light.shape[1])[None, :]
    frame = linear(np.ascontiguousarray(relief.color[..., :3])) * light[..., None] * floats((1.04, 1.0, 0.93))
    return cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR)


def _room(rng: np.random.Generator, size: tuple[int, int]) -> Photo:
    """An inner wall with a crack, a skirting board, a socket and paper that has come off."""
    ppm = size[0] / 3.4
    canvas = _wall(rng, size, ppm, "stucco", _pale(rng))
    stripes = 0.06 * np.sin(np.arange(canvas.shape[1]) / ppm * rng.uniform(25, 60))
    canvas.color *= (1 + stripes.astype(np.float32))[None, :, None]
    for _ in range(2):
        lose_plaster(
            canvas, rng, (rng.uniform(0, 3.4), rng.uniform(0.5, canvas.height)), rng.uniform(0.2, 0.5), "brick"
        )
    add_crack(canvas, rng, (rng.uniform(0.3, 1.5), canvas.height), (rng.uniform(1.8, 3.2), 0.3), 0.02)
    canvas.box((0, 0, 3.4, 0.12), (0.55, 0.46, 0.36), 0.03)
    x = rng.uniform(0.4, 2.8)
    canvas.box((x, 0.35, x + 0.09, 0.44), (0.85, 0.84, 0.80), 0.02)
    return develop(_lit(canvas, rng, size, 0.5, 0.35), choose_lens(rng), rng)


def _ceiling(rng: np.random.Generator, size: tuple[int, int]) -> Photo:
    """Boards of a ceiling with damp rings and a lamp."""
    canvas = _wall(rng, size, size[0] / 4.5, "boards", (0.68, 0.62, 0.52))
    rings = fractal(rng, canvas.shape, 0.5 * size[0], 5)
    damp = np.exp(-(((rings - 0.6) / 0.12) ** 2)) * 0.5 + 0.25 * smoothstep(0.6, 0.9, rings)
    canvas.color *= (1 - damp * floats(0.6))[..., None] * floats((1.0, 0.93, 0.82))
    centre = (int(canvas.shape[1] * rng.uniform(0.3, 0.7)), int(canvas.shape[0] * rng.uniform(0.3, 0.7)))
    cv2.circle(canvas.color, centre, int(0.09 * size[0]), (0.5, 0.5, 0.48), -1, cv2.LINE_AA)
    cv2.circle(canvas.color, centre, int(0.075 * size[0]), (0.95, 0.93, 0.85), -1, cv2.LINE_AA)
    return develop(_lit(canvas, rng, size, 0.6, 0.2), choose_lens(rng), rng)


def _crack_with_scale(rng: np.random.Generator, size: tuple[int, int]) -> Photo:
    """A crack close by, with a ruler held beside it."""
    ppm = size[0] / 0.9
    canvas = _wall(rng, size, ppm, "stucco", _pale(rng))
    add_crack(canvas, rng, (0.1, canvas.height * 0.9), (0.8, canvas.height * 0.1), 0.012)
    y = canvas.height * rng.uniform(0.3, 0.5)
    canvas.box((0.3, y, 0.72, y + 0.035), (0.86, 0.78, 0.32), 0.004, 0.02)
    for i, x in enumerate(np.arange(0.31, 0.71, 0.01)):
        mark = canvas.region(x, y, x + 0.0015, y + (0.02 if i % 5 == 0 else 0.01))
        canvas.color[mark] = 0.12
    return develop(_lit(canvas, rng, size, 0.4, 0.6), choose_lens(rng), rng)


def _rubble(rng: np.random.Generator, size: tuple[int, int]) -> Photo:
    """A heap of masonry that fills the photo."""
    frame = np.full((size[1], size[0], 3), 0.03, np.float32)
    for finer in (1.0, 0.75, 0.5):
        heap = draw_rubble(rng, 14.0 * finer, 12.0 * finer)
        shape = (2 * size[0], 2 * size[0] * heap.shape[0] // heap.shape[1])  # larger than the photo, which cuts it
        large = cv2.resize(heap, shape, interpolation=cv2.INTER_AREA)
        top = max(0, large.shape[0] - size[1])
        part = large[top:, size[0] // 2 : size[0] // 2 + size[0]]
        spot = frame[-part.shape[0] :]
        spot += (part[..., 3:] / np.float32(255)) * (linear(np.ascontiguousarray(part[..., :3])) - spot)
    frame *= (1 + 0.2 * fractal(rng, frame.shape[:2], size[0] / 3, 6))[..., None]
    return develop(frame, choose_lens(rng), rng)


def _paper(rng: np.random.Generator, size: tuple[int, int]) -> Photo:
    """A written sheet on a table, seen from a slant."""
    canvas = _wall(rng, size, size[0] / 0.9, "boards", (0.50, 0.38, 0.26))
    sheet = np.full((700, 540, 3), 0.92, np.float32) * (1 + 0.02 * fractal(rng, (700, 540), 300, 4))[..., None]
    ink = np.zeros((700, 540), np.float32)
    ink[60:460, 50:490] = text_mask(NOTES[rng.integers(len(NOTES))], (400, 440))
    ink[520:640, 70:300] = text_mask("~ M. Kern", (120, 230)) * 0.8
    sheet += ink[..., None] * (floats((0.12, 0.14, 0.32)) - sheet)
    frame = _lit(canvas, rng, size, 0.6, 0.3)
    corners = floats([[0.24, 0.1], [0.8, 0.14], [0.86, 0.94], [0.14, 0.9]]) + rng.normal(0, 0.025, (4, 2))
    target = (corners * size).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(floats([[0, 0], [539, 0], [539, 699], [0, 699]]), target)
    page = cv2.warpPerspective(sheet, matrix, size)
    where = cv2.warpPerspective(np.ones((700, 540), np.float32), matrix, size)[..., None]
    frame *= 1 - 0.5 * cv2.blur(np.roll(where, (12, 9), (0, 1)), (31, 31))[..., None]
    frame += where * (page**2 * np.linspace(0.6, 0.85, size[0], dtype=np.float32)[None, :, None] - frame)
    return develop(frame, choose_lens(rng), rng)


def _tree(rng: np.random.Generator, size: tuple[int, int]) -> Photo:
    """Trees against the sky."""
    light = choose_light(rng)
    camera = look_at(np.array([0, 1.6, 9.0]), np.array([0, 4.2, 0.0]), 0.9 * max(size), size)
    frame = draw_sky(camera, light, rng)
    meadow = round(camera.project(np.array([[0.0, 1.4, -900.0]]))[0, 1])
    grass = floats((0.10, 0.14, 0.05)) * (1 + 0.35 * fractal(rng, (size[1] - meadow, size[0]), 30, 5))[..., None]
    frame[meadow:] = grass * light.flat
    for part in (0.55, 0.75, 1.0):
        drawn = draw_tree(rng)
        tall = int(meadow * 0.95 * part)
        tree = cv2.resize(drawn, (tall * drawn.shape[1] // drawn.shape[0], tall))[:, : size[0] - 2]
        x = int(rng.integers(max(1, size[0] - tree.shape[1])))
        bottom = meadow + int((size[1] - meadow) * 0.8 * part)
        spot = frame[bottom - tall : bottom, x : x + tree.shape[1]]
        color = linear(np.ascontiguousarray(tree[..., :3])) * light.flat
        spot += (tree[..., 3:] / np.float32(255)) * (color - spot)
    return develop(frame, choose_lens(rng), rng)


def _clouds(rng: np.random.Generator, size: tuple[int, int]) -> Photo:
    """Nothing but sky."""
    camera = look_at(np.array([0, 1.6, 9.0]), np.array([0, 7.0, 0.0]), 0.9 * max(size), size)
    return develop(draw_sky(camera, choose_light(rng), rng), choose_lens(rng), rng)
