"""A building with all that stays in place around it, ready to be photographed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from demo.camera import Plane, upright
from demo.design import Design, choose_designs
from demo.facade import draw_facade
from demo.light import Part, make_relief
from demo.ornament import RAIL_M
from demo.roofs import LOFT_PPM, draw_backdrop, draw_chimneys, draw_loft, draw_roof, draw_side
from demo.sprites import SPRITE_PPM, Sprite, draw_fence, draw_lamp, draw_rubble, draw_tree
from demo.surroundings import draw_ground, draw_opposite, draw_skyline

PPM = 72.0  # texture pixels per metre of a front, for photos of 1024 pixels
NEIGHBOUR_PPM = 30.0


@dataclass(frozen=True)
class Standing:
    """A sprite in the street: where its middle stands (x, z in metres)."""

    sprite: Sprite
    x: float
    z: float

    @property
    def plane(self) -> Plane:
        """The plane that the sprite is drawn on, parallel to the fronts."""
        rows, columns = self.sprite.shape[:2]
        return upright(self.x - columns / SPRITE_PPM / 2, rows / SPRITE_PPM, self.z, SPRITE_PPM)


@dataclass(frozen=True)
class Building:
    """What a photo of one building is made from.

    Attributes
    ----------
    design : Design
        What it is like; its front stands in z = 0 from x = 0 to ``design.width``.
    front : Part
        The wall towards the street.
    rails : tuple of (Plane, ndarray) or None
        Balcony railings.
    beside : list of Part
        Its side walls, and the neighbours' sides and fronts, in the order of drawing: what may hide comes later.
    roof : list of Part
        Roof planes.
    far, near : list of (Plane, ndarray)
        Flat things behind the neighbours (skyline, garden wall) and right behind the front (loft, chimneys).
    ground, opposite : ndarray
        See :mod:`demo.surroundings`.
    standing : list of Standing
        Trees, lamps, fences and rubble that every photo of this building shows.
    """

    design: Design
    front: Part
    rails: tuple[Plane, NDArray[np.uint8]] | None
    beside: list[Part]
    roof: list[Part]
    far: list[tuple[Plane, NDArray[np.uint8]]]
    near: list[tuple[Plane, NDArray[np.uint8]]]
    ground: NDArray[np.uint8]
    opposite: NDArray[np.float32]
    standing: list[Standing]


def build(design: Design, rng: np.random.Generator, scale: float = 1.0) -> Building:
    """Draw a building and its surroundings; ``scale`` is the photos' longest side over 1024 pixels."""
    ppm = PPM * scale
    facade = draw_facade(design, ppm, rng)
    relief = make_relief(facade.canvas, facade.rails)
    front = Part(upright(0, facade.canvas.height, 0, ppm), relief)
    rails = (upright(0, facade.canvas.height, RAIL_M, ppm), facade.rails) if facade.has_rails else None
    neighbours = _neighbours(design, rng, scale)
    ends = ((0.0, True), (design.width, False))
    sides = [
        draw_side(design, 0.4 * ppm, rng, (x, 0.0), is_left=is_left)
        for (x, is_left), next_to in zip(ends, neighbours, strict=True)
        if design.is_detached or next_to[-1].plane.origin[1] < design.eaves - 0.5
    ]
    middle = design.width / 2
    far = [(upright(middle - 65, 15, -42, 900 / 130), draw_skyline(rng))]
    if design.is_detached:  # else the neighbours hide it
        far.append((upright(middle - 27, 3.0, -7.5, 20.0), draw_backdrop(rng)))
    near = draw_chimneys(design, rng)
    if "collapse" in design.damages:
        loft = draw_loft(design.width - 0.3, design.eaves, rng)
        near.insert(0, (upright(0.15, design.eaves - 0.1, -1.1, LOFT_PPM), loft))
    return Building(
        design=design,
        front=front,
        rails=rails,
        beside=sides + [part for parts in neighbours for part in parts],
        roof=draw_roof(design, 0.55 * ppm, rng),
        far=far,
        near=near,
        ground=draw_ground(rng),
        opposite=draw_opposite(rng, 0.9),
        standing=_furnish(design, rng),
    )


def _neighbours(design: Design, rng: np.random.Generator, scale: float) -> list[list[Part]]:
    """Draw what stands to the left and to the right: close by, or across a gap when the building stands alone."""
    sides = []
    for is_left, other in zip((True, False), choose_designs(rng, 2), strict=True):
        roof = other.roof if other.roof in ("gable", "flat", "parapet") else "flat"
        other = replace(other, roof=roof, damages=(), num_bays=min(other.num_bays, 3), width=9.2, balconies="none")
        facade = draw_facade(other, NEIGHBOUR_PPM * scale, rng)
        gap = rng.uniform(2.5, 5) if design.is_detached else 0.03
        x = -gap - other.width if is_left else design.width + gap
        relief = make_relief(facade.canvas, is_far=True)
        z = -rng.uniform(0.1, 0.8) if design.is_detached else -0.12
        parts = []
        if design.is_detached:
            edge = (x + other.width if is_left else x, z)
            parts.append(draw_side(other, 0.5 * NEIGHBOUR_PPM * scale, rng, edge, is_left=not is_left))
        parts.append(Part(upright(x, facade.canvas.height, z, NEIGHBOUR_PPM * scale), relief))
        sides.append(parts)
    return sides


def _furnish(design: Design, rng: np.random.Generator) -> list[Standing]:
    """Set up what stands before the building all the time."""
    standing = []
    if {"collapse", "breach", "plaster"} & set(design.damages):
        wide = rng.uniform(2.2, 4.8)
        heap = draw_rubble(rng, wide, rng.uniform(0.6, 1.3))
        standing.append(Standing(heap, rng.uniform(0.1, 0.9) * design.width, 0.75))
    if rng.random() < 0.5:
        edge = rng.choice([-0.08, 0.02, 0.98, 1.08])
        standing.append(Standing(draw_tree(rng, bool(rng.random() < 0.3)), edge * design.width, rng.uniform(2.4, 3.2)))
    if rng.random() < 0.5:
        standing.append(Standing(draw_lamp(rng), rng.uniform(0.05, 0.95) * design.width, 3.3))
    if rng.random() < 0.3:
        standing.append(Standing(draw_fence(rng), rng.uniform(0.2, 0.8) * design.width, 1.9))
    return standing
