"""What is around a building: the ground before it, the sky, the far skyline, and the street that its panes mirror."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.camera import Camera, Plane
from demo.light import Light
from demo.materials import make_surface
from demo.noise import floats, fractal, smoothstep, wander
from demo.render import Frame

GROUND_PPM = 22.0
GROUND_SIZE_M = (50.0, 29.0)
BEHIND_M = 8.0  # how far the ground goes on behind the fronts
PAVEMENT_M = 3.6


def ground_plane(middle: float) -> Plane:
    """Give the plane of the ground texture, centred on the front's ``middle``."""
    origin = np.array([middle - GROUND_SIZE_M[0] / 2, 0.0, -BEHIND_M])
    return Plane(origin, np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), GROUND_PPM)


def draw_ground(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw pavement, kerb and road with patches, cracks, drains and litter; display RGB and coverage (H, W, 4)."""
    shape = (round(GROUND_SIZE_M[1] * GROUND_PPM), round(GROUND_SIZE_M[0] * GROUND_PPM))
    color = make_surface("cobbles" if rng.random() < 0.25 else "asphalt", rng, shape, GROUND_PPM).color
    wear = fractal(rng, shape, 5 * GROUND_PPM, 5)
    color *= (0.95 + 0.10 * wear)[..., None]
    _mend(color, rng)
    front, kerb = round(BEHIND_M * GROUND_PPM), round((BEHIND_M + PAVEMENT_M) * GROUND_PPM)
    slabs = make_surface(str(rng.choice(["slabs", "slabs", "cobbles"])), rng, (kerb, shape[1]), GROUND_PPM)
    color[:kerb] = slabs.color * (1 + 0.08 * wear[:kerb])[..., None]
    color[kerb : kerb + 5] = floats((0.62, 0.61, 0.58)) * (1 + 0.1 * wear[kerb : kerb + 5])[..., None]
    color[kerb + 5 : kerb + 9] *= 0.55
    if rng.random() < 0.7:
        line = round((BEHIND_M + PAVEMENT_M + rng.uniform(3, 4.5)) * GROUND_PPM)
        for x in range(int(rng.integers(60)), shape[1], 110):
            color[line : line + 3, x : x + 60] += (
                0.35 * smoothstep(-1.2, 0.3, wear[line : line + 3, x : x + 60])[..., None]
            )
    near_wall = np.exp(-np.abs(np.arange(shape[0]) - front) / (0.5 * GROUND_PPM)).astype(np.float32)
    color *= (1 - 0.5 * near_wall)[:, None, None]
    _litter(color, rng, front)
    return np.dstack([np.clip(color, 0, 1) * 255, np.full(shape, 255, np.float32)]).astype(np.uint8)


def _mend(color: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Patches, cracks and iron covers of a road."""
    rows, columns = color.shape[:2]
    for _ in range(int(rng.integers(5, 12))):
        y, x = int(rng.integers(rows)), int(rng.integers(columns))
        height, width = rng.integers(20, 70), rng.integers(30, 140)
        color[y : y + height, x : x + width] *= rng.uniform(0.78, 1.12)
    for _ in range(14):
        start = rng.uniform(0, 1, 2) * (columns, rows)
        line = wander(rng, start, start + rng.normal(0, 130, 2), 0.15)
        cv2.polylines(color, [np.round(line).astype(np.int32)], False, (0.2, 0.2, 0.2), 1, cv2.LINE_AA)
    for _ in range(3):
        spot = (int(rng.integers(columns)), int(rng.integers(rows // 2, rows)))
        cv2.circle(color, spot, 9, (0.25, 0.24, 0.23), -1, cv2.LINE_AA)
        cv2.circle(color, spot, 7, (0.36, 0.34, 0.32), 1, cv2.LINE_AA)


def _litter(color: NDArray[np.float32], rng: np.random.Generator, front: int) -> None:
    """Fallen bits, dense at the foot of the wall, each with a small shadow."""
    for _ in range(420):
        x = int(rng.integers(4, color.shape[1] - 4))
        y = front + int(rng.exponential(2.2) * GROUND_PPM)
        if y >= color.shape[0] - 4:
            continue
        size = int(rng.integers(1, 4))
        tone = rng.uniform(0.4, 0.75)
        cv2.circle(color, (x + 1, y + 1), size, (0.15, 0.15, 0.15), -1)
        cv2.circle(color, (x, y), size, (tone, tone * rng.uniform(0.75, 0.97), tone * rng.uniform(0.65, 0.92)), -1)


def draw_sky(camera: Camera, light: Light, rng: np.random.Generator) -> Frame:
    """Draw the sky of a whole photo in linear light, (height, width, 3): a gradient with clouds and a pale horizon."""
    rows, columns = -(-camera.height // 8), -(-camera.width // 8)
    u, v = np.meshgrid((np.arange(columns) + 0.5) * 8, (np.arange(rows) + 0.5) * 8)
    rays = np.stack([u, v, np.ones_like(u)], -1) @ np.linalg.inv(camera.matrix @ camera.rotation).T
    up = (rays[..., 1] / np.linalg.norm(rays, axis=-1)).astype(np.float32)
    height = np.clip(up, 0.0, 1.0)
    blue = (
        floats((0.20, 0.38, 0.70))
        + (floats((0.62, 0.73, 0.84)) - floats((0.20, 0.38, 0.70))) * np.exp(-3.2 * height)[..., None]
    )
    lumps = np.ascontiguousarray(fractal(rng, (rows * 5 // 2, columns), rows * 0.7, 6, 0.6)[: rows * 2 : 2])
    cover = smoothstep(1.5 - 3.2 * light.cloudiness, 2.7 - 3.2 * light.cloudiness, lumps)
    white = (0.86 + 0.10 * lumps - 0.25 * light.cloudiness)[..., None] * floats((0.97, 0.985, 1.0))
    color = blue + cover[..., None] * (white - blue)
    low = np.exp(-9 * height)[..., None]
    color += low * (0.55 + 0.3 * light.haze) * (floats(light.sky_color) / max(light.sky_color) * 0.86 - color)
    level = max(light.sky_color) + 0.55 * sum(light.sun)
    warm = floats(light.sun_color) / max(light.sun_color)
    tinted = color * (1 + low * (warm - 1))
    return cv2.resize((tinted * level).astype(np.float32), (camera.width, camera.height), interpolation=cv2.INTER_CUBIC)


def draw_skyline(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw far roofs, towers and trees in the haze; display RGB and coverage (160, 900, 4), ten pixels to a metre."""
    image = np.zeros((160, 900, 4), np.uint8)
    x = 0
    while x < 900:
        width, height = int(rng.integers(40, 130)), int(rng.integers(55, 150))
        tone = rng.uniform(0.62, 0.74)
        shade = [int(255 * tone * part) for part in (1.0, 1.01, 1.03)]
        image[160 - height :, x : x + width] = [*shade, 255]
        for y in range(160 - height + 8, 160, 26):
            for left in range(x + 6, x + width - 10, 18):
                image[y : y + 12, left : left + 8, :3] = [int(value * 0.9) for value in shade]
        x += width
    return image


def draw_opposite(rng: np.random.Generator, light_level: float) -> Frame:
    """Draw what the panes mirror: dark fronts across the street under a bright sky; linear light (120, 480, 3)."""
    rows, columns = 120, 480
    up = np.linspace(1, 0, rows, dtype=np.float32)[:, None, None]
    image = (floats((0.75, 0.82, 0.9)) * (0.75 + 0.35 * up) * np.ones((rows, columns, 1), np.float32)).astype(
        np.float32
    )
    image *= (1 + 0.12 * fractal(rng, (rows, columns), 50, 4))[..., None]
    x = 0
    while x < columns:
        width, height = int(rng.integers(40, 90)), int(rng.integers(20, 66))
        image[rows - height :, x : x + width] = rng.uniform(0.05, 0.22) * floats((1.05, 1.0, 0.92))
        for y in range(rows - height + 4, rows, 12):
            for left in range(x + 4, x + width - 5, 10):
                image[y : y + 6, left : left + 4] *= 0.4
        x += width + int(rng.integers(0, 8))
    return cv2.blur(image, (3, 3)) * np.float32(light_level)
