"""Taking a photo of a building: where from, in which light, and what is in the way."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.building import Building, Standing
from demo.camera import Camera, Plane, look_at
from demo.design import Design
from demo.lens import choose_lens, develop
from demo.light import Light, Part
from demo.noise import Field, floats, fractal, smoothstep
from demo.people import draw_person
from demo.render import Frame, paste, paste_relief, windows
from demo.sprites import SPRITE_PPM
from demo.surroundings import draw_sky, ground_plane
from demo.vehicles import draw_car

# name: sun (morning, afternoon), colour of the sun, colour of the sky light, haze, cloudiness
_LIGHTS: dict[str, tuple] = {
    "morning": ((1.0, 0.0), (1.10, 1.00, 0.86), (0.30, 0.34, 0.40), 0.2, 0.25),
    "afternoon": ((0.0, 1.0), (1.14, 0.98, 0.80), (0.30, 0.33, 0.39), 0.2, 0.35),
    "veiled": ((0.35, 0.15), (1.0, 0.97, 0.92), (0.58, 0.60, 0.62), 0.5, 0.7),
    "overcast": ((0.08, 0.08), (0.9, 0.9, 0.9), (0.78, 0.80, 0.82), 0.7, 1.0),
    "evening": ((0.0, 0.7), (1.25, 0.82, 0.52), (0.36, 0.38, 0.48), 0.5, 0.45),
}
CLEARANCE_M = 4.5  # nobody takes a photo with a car right before the lens


@dataclass(frozen=True)
class View:
    """Everything that differs between the photos of one building."""

    camera: Camera
    light: Light
    passing: list[Standing]
    cast: Field | None


def choose_light(rng: np.random.Generator) -> Light:
    """Choose the hour and the weather."""
    name = str(rng.choice(list(_LIGHTS), p=[0.27, 0.23, 0.2, 0.2, 0.1]))
    sun, sun_color, sky_color, haze, cloudiness = _LIGHTS[name]
    return Light(sun, sun_color, sky_color, haze, float(np.clip(cloudiness + rng.normal(0, 0.12), 0.05, 1)), 1.0)


def choose_view(design: Design, rng: np.random.Generator, index: int, side: int) -> View:
    """Choose how to take photo ``index`` of a building: the first ones show all of it, later ones also parts."""
    is_upright = bool(rng.random() < (0.6 if design.eaves > design.width else 0.25))
    size = (side * 3 // 4, side) if is_upright else (side, side * 3 // 4)
    camera = _choose_camera(design, rng, size, is_detail=index >= 2 and rng.random() < 0.3)
    passing = []
    for draw, probability, z in ((draw_car, 0.35, 4.6), (draw_person, 0.25, 2.6)):
        if rng.random() < probability:
            passing.append(Standing(draw(rng), rng.uniform(0.05, 0.95) * design.width, z + rng.uniform(-0.6, 0.4)))
    cast = None
    if rng.random() < 0.4:
        lumps = fractal(rng, (96, 128), 36, 5)
        slope = (
            np.linspace(-2.4, 1.6, 96, dtype=np.float32)[:, None]
            + rng.normal() * np.linspace(-1, 1, 128, dtype=np.float32)[None, :]
        )
        cast = 1 - 0.8 * smoothstep(0.0, 0.5, lumps * rng.uniform(0.3, 0.9) + slope)
    return View(camera, choose_light(rng), passing, cast)


def _choose_camera(design: Design, rng: np.random.Generator, size: tuple[int, int], is_detail: bool) -> Camera:
    focal = rng.uniform(0.78, 1.05) * max(size)
    by_width, by_height = design.width * focal / size[0] / 0.95, (design.eaves + 1.5) * focal / size[1] / 0.97
    fitting = max(by_width, by_height) if size[0] > size[1] else 0.5 * (by_width + by_height)
    distance = fitting * rng.uniform(0.84, 1.12)
    part = rng.uniform(0.4, 0.6)
    height = 0.5 * design.eaves + 0.4
    if is_detail:
        distance = fitting * rng.uniform(0.42, 0.6)
        part, height = rng.uniform(0.3, 0.7), rng.uniform(0.4, 0.7) * design.eaves
    distance = float(np.clip(distance, 6.5, 21.5))
    azimuth = rng.uniform(-0.78, 0.78)
    x = part * design.width
    center = np.array([x + distance * np.sin(azimuth), rng.uniform(1.4, 2.1), distance * np.cos(azimuth)])
    tilt = rng.uniform(0.65, 1.1)  # most people point the camera less high than the building's middle
    aim = 1.7 + (height - 1.7) * tilt
    return look_at(center, np.array([x, aim, 0.0]), focal, size, rng.normal(0, 0.018))


def take_photo(building: Building, view: View, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Take a photo: RGB, (height, width, 3)."""
    camera, light = view.camera, view.light
    frame = draw_sky(camera, light, rng)
    flat = light.flat
    hazed = flat * (0.6 + 0.5 * light.haze)
    for i, (plane, texture) in enumerate(building.far):
        paste(frame, camera, plane, texture, hazed if i == 0 else flat * 0.7)
    ground = ground_plane(building.design.width / 2)
    paste(
        frame,
        camera,
        ground,
        building.ground,
        floats(light.sky_color) * 0.95 + floats(light.sun_color) * 0.5 * sum(light.sun),
    )
    for part in _facing(camera, building.beside):
        paste_relief(frame, camera, part, light, building.opposite)
    for plane, texture in building.near:
        paste(frame, camera, plane, texture, flat * 0.9)
    for part in _facing(camera, building.roof):
        paste_relief(frame, camera, part, light, building.opposite)
    paste_relief(frame, camera, building.front, light, building.opposite, cast=view.cast)
    if building.rails is not None:
        paste(frame, camera, *building.rails, flat)
    things = [thing for thing in building.standing + view.passing if camera.center[2] - thing.z > CLEARANCE_M]
    for thing in sorted(things, key=lambda standing: standing.z):
        _shadow(frame, camera, thing)
        paste(frame, camera, thing.plane, thing.sprite, flat * 0.85)
    return develop(frame, choose_lens(rng), rng)


def _facing(camera: Camera, parts: list[Part]) -> list[Part]:
    """Leave out the walls that are seen from behind."""
    return [part for part in parts if (camera.center - part.plane.origin) @ part.plane.normal > 0.2]


def _shadow(frame: Frame, camera: Camera, thing: Standing) -> None:
    """Darken the ground under a thing, softly."""
    covered = np.flatnonzero(thing.sprite[-6:, :, 3].any(0))
    if len(covered) == 0:
        return
    width = (covered[-1] - covered[0]) / SPRITE_PPM + 0.5
    x = thing.x - thing.sprite.shape[1] / SPRITE_PPM / 2 + (covered[0] + covered[-1]) / 2 / SPRITE_PPM
    deep = min(1.7, 0.45 * width + 0.15)
    texture = _soft_disc()
    plane = Plane(
        np.array([x - width / 2, 0.01, thing.z - deep * 0.75]), np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), 32 / width
    )
    homography = plane.homography(camera) @ np.diag([1, deep / width, 1.0])
    for window in windows(camera, plane, (round(deep * plane.ppm), 32)):
        alpha = cv2.warpPerspective(texture, window.shift(homography), (window.width, window.height))
        frame[window.slices] *= (1 - 0.8 / 255 * alpha * window.coverage())[..., None]


def _soft_disc() -> Field:
    y, x = np.mgrid[-1:1:32j, -1:1:32j].astype(np.float32)
    return smoothstep(1.0, 0.2, np.hypot(x, y))
