"""A whole front: floors, bays, ground floor, roof line and damage, as its design says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo import damage
from demo.canvas import Canvas
from demo.design import Design
from demo.materials import make_surface
from demo.openings import Opening, draw_door, draw_garage, draw_window
from demo.ornament import (
    draw_balcony,
    draw_cables,
    draw_cooler,
    draw_cornice,
    draw_graffiti,
    draw_pipe,
    draw_quoins,
    draw_shop,
)

TOPS = {"gable": 3.6, "stepped": 3.4, "parapet": 1.1, "flat": 0.35}


@dataclass
class Facade:
    """A drawn front.

    Attributes
    ----------
    canvas : Canvas
        The wall.
    rails : ndarray of uint8, shape (H, W, 4)
        Balcony railings, which stand before the wall: RGB and coverage.
    openings : list of Opening
        Windows of the upper floors, floor by floor from the left.
    """

    canvas: Canvas
    rails: NDArray[np.uint8]
    openings: list[Opening]

    @property
    def has_rails(self) -> bool:
        """Whether any balcony was drawn."""
        return bool(self.rails.any())


def draw_facade(design: Design, ppm: float, rng: np.random.Generator) -> Facade:
    """Draw the front of a building at ``ppm`` pixels per metre."""
    height = design.eaves + TOPS.get(design.roof, 0.3)
    canvas = Canvas((design.width, height), ppm, design.wall, rng, design.tint)
    facade = Facade(canvas, np.zeros((*canvas.shape, 4), np.uint8), _lay_out(design))
    if design.base is not None:
        where = canvas.region(0, 0, design.width, design.floor_height)
        canvas.cover(where, make_surface(design.base, rng, canvas.z[where].shape, ppm), z=0.04)
    if design.has_quoins:
        draw_quoins(canvas, design)
    _draw_upper_floors(facade, design, rng)
    _draw_ground_floor(canvas, design, rng)
    _draw_top(canvas, design)
    if design.wall not in ("boards", "wall tiles"):
        damage.add_weather(canvas, rng, facade.openings)
    _add_damage(facade, design, rng)
    _add_clutter(canvas, design, rng)
    return facade


def _lay_out(design: Design) -> list[Opening]:
    """Place the windows of the upper floors; balcony floors get French windows."""
    openings = []
    bay = (design.width - 0.8) / design.num_bays
    width, part = design.window
    for floor in range(1, design.num_floors):
        for i in range(design.num_bays):
            centre = 0.4 + bay * (i + 0.5)
            bottom = 0.9 + floor * design.floor_height - (0.0 if design.balconies != "none" else -0.1)
            top = bottom + part * design.floor_height
            if _has_balcony(design, floor, i):
                bottom -= 0.62
            openings.append(Opening(centre - width / 2, bottom, centre + width / 2, top))
    return openings


def _has_balcony(design: Design, floor: int, bay: int) -> bool:
    if design.balconies == "row":
        return floor == 1
    return design.balconies == "some" and (bay + floor) % 2 == 0


def _draw_upper_floors(facade: Facade, design: Design, rng: np.random.Generator) -> None:
    canvas = facade.canvas
    middle = design.num_bays // 2
    if design.balconies == "oriel":
        bay = facade.openings[middle]
        where = canvas.region(bay.x0 - 0.35, design.floor_height + 0.55, bay.x1 + 0.35, design.eaves - 0.5)
        canvas.z[where] = 0.6
    for i, opening in enumerate(facade.openings):
        if design.balconies == "oriel" and i % design.num_bays == middle:
            opening = opening._replace(z=0.6)
        states = ["whole"] * 7 + ["empty"]
        states += ["broken"] * 4 if "glass" in design.damages else ["broken"]
        states += ["boarded"] * 3 if "boards" in design.damages else []
        draw_window(canvas, rng, opening, design, str(rng.choice(states)))
        if _has_balcony(design, i // design.num_bays + 1, i % design.num_bays):
            draw_balcony(canvas, facade.rails, opening, design)


def _draw_ground_floor(canvas: Canvas, design: Design, rng: np.random.Generator) -> None:
    bay = (design.width - 0.8) / design.num_bays
    door = int(rng.integers(design.num_bays))
    top = design.floor_height - 0.35
    z = 0.04 if design.base is not None else 0.0
    for i in range(design.num_bays):
        centre = 0.4 + bay * (i + 0.5)
        if i == door:
            draw_door(canvas, rng, Opening(centre - 0.6, 0.3, centre + 0.6, top - 0.2, z), design)
        elif design.ground == "shops":
            draw_shop(canvas, rng, Opening(centre - bay * 0.42, 0.15, centre + bay * 0.42, top - 0.25, z), design)
        elif design.ground == "garage" and rng.random() < 0.6:
            draw_garage(canvas, rng, Opening(centre - bay * 0.42, 0.05, centre + bay * 0.42, top - 0.2, z), design)
        else:
            width = design.window[0] * (1.25 if design.ground == "arcade" else 1)
            bottom = 0.35 if design.ground == "arcade" else 1.0
            state = str(rng.choice(["whole", "whole", "broken", "boarded"]))
            draw_window(
                canvas, rng, Opening(centre - width / 2, bottom, centre + width / 2, top - 0.1, z), design, state
            )
    if design.wall != "panels":
        draw_cornice(canvas, design.floor_height + 0.25, design, 0.14)


def _draw_top(canvas: Canvas, design: Design) -> None:
    """Cornice and roof line: cut the wall's top to a gable or to steps."""
    draw_cornice(canvas, design.eaves - 0.36, design, 0.42 if design.roof in ("parapet", "mansard", "hip") else 0.22)
    x = np.abs(np.arange(canvas.shape[1]) / canvas.ppm - canvas.width / 2)
    y = (canvas.height - np.arange(canvas.shape[0]) / canvas.ppm)[:, None]
    rise = canvas.height - design.eaves
    if design.roof == "gable":
        limit = design.eaves + rise * (1 - x / (canvas.width / 2))
    elif design.roof == "stepped":
        steps = np.floor(x / (canvas.width / 2) * 5) / 5
        limit = np.where(x > canvas.width * 0.47, 0, design.eaves + rise * (1 - steps))
    else:
        return
    canvas.is_solid = y < limit[None, :]
    coping = canvas.is_solid & (y > limit[None, :] - 0.18)
    canvas.fill((slice(None), slice(None)), design.trim, 0.12, mask=coping)
    middle = canvas.width / 2
    loft = Opening(middle - 0.45, design.eaves + 0.6, middle + 0.45, design.eaves + 1.7)
    draw_window(canvas, np.random.default_rng(round(design.width * 1e6)), loft, design)


def _add_damage(facade: Facade, design: Design, rng: np.random.Generator) -> None:
    canvas, openings = facade.canvas, facade.openings
    kinds = design.damages
    behind = "brick" if design.wall not in ("brick", "dark brick", "yellow brick") else "rubble stone"
    num_patches = int(rng.integers(4, 8)) if "plaster" in kinds else int(rng.integers(1, 4))
    for _ in range(num_patches):
        spot = (rng.uniform(0, design.width), rng.uniform(0.2, design.eaves))
        damage.lose_plaster(canvas, rng, spot, rng.uniform(0.35, 1.3), behind)
    if "x cracks" in kinds:
        damage.add_x_cracks(canvas, rng, openings)
    for _ in range(int(rng.integers(2, 5)) if "crack" in kinds else 1):
        start = (rng.uniform(0, design.width), rng.uniform(2, design.eaves))
        end = (start[0] + rng.normal(0, 1.8), start[1] - rng.uniform(1.5, 4))
        damage.add_crack(canvas, rng, start, end, rng.uniform(0.015, 0.045))
    if "soot" in kinds:
        for i in rng.choice(len(openings), 2, replace=False):
            damage.add_soot(canvas, rng, openings[i])
    if "breach" in kinds:
        spot = (rng.uniform(0.2, 0.8) * design.width, rng.uniform(0.45, 0.85) * design.eaves)
        damage.add_breach(canvas, rng, spot, rng.uniform(0.8, 1.3))
    if "collapse" in kinds and design.roof not in ("gable", "stepped"):
        damage.break_top(canvas, rng, rng.choice([0.1, 0.9]) * design.width, rng.uniform(2.5, 5), rng.uniform(0.8, 1.9))


def _add_clutter(canvas: Canvas, design: Design, rng: np.random.Generator) -> None:
    if rng.random() < 0.7:
        draw_pipe(canvas, float(rng.choice([0.15, design.width - 0.3])), design.eaves - 0.4)
    bay = (design.width - 0.8) / design.num_bays
    for _ in range(int(rng.integers(0, 3))):
        x = 0.4 + bay * rng.integers(1, design.num_bays) - 0.4
        draw_cooler(canvas, rng, x, design.floor_height * rng.integers(1, design.num_floors) + 1.2)
    draw_cables(canvas, rng, int(rng.integers(1, 4)))
    for _ in range(int(rng.integers(0, 3))):
        draw_graffiti(canvas, rng, rng.uniform(0, design.width - 2))
