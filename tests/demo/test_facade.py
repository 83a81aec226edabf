"""Fronts: designs that differ, and what each part of a design draws."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from demo.canvas import Canvas
from demo.damage import add_crack, add_soot, add_weather, break_top, lose_plaster
from demo.design import ROOFS, WALLS, Design, choose_designs
from demo.facade import Facade, draw_facade
from demo.lettering import coin_name, coin_shop, text_mask
from demo.openings import Opening, draw_window
from demo.roofs import draw_roof, draw_side
from tests.demo.conftest import make_design

PPM = 24.0


def drawn(design: Design, seed: int = 0) -> Facade:
    return draw_facade(design, PPM, np.random.default_rng(seed))


def white_wall() -> Canvas:
    canvas = Canvas((6.0, 5.0), 40.0, "stucco", np.random.default_rng(0))
    canvas.color[:] = 0.8
    return canvas


def test_a_dozen_buildings_use_every_wall_and_every_roof() -> None:
    designs = choose_designs(np.random.default_rng(0), 12)
    assert {design.wall for design in designs} == set(WALLS)
    assert {design.roof for design in designs} == set(ROOFS)


def test_no_two_designs_are_alike() -> None:
    designs = choose_designs(np.random.default_rng(1), 40)
    assert len(set(designs)) == 40


@pytest.mark.parametrize("seed", range(10))
def test_buildings_have_plausible_sizes(seed: int) -> None:
    for design in choose_designs(np.random.default_rng(seed), 12):
        assert 7 < design.width < 17 and 5 < design.eaves < 17
        assert 4 <= len(set(design.damages)) <= 5


@pytest.mark.parametrize("roof", ROOFS)
def test_every_roof_can_be_drawn(design: Design, roof: str) -> None:
    changed = make_design(design, roof=roof)
    facade = drawn(changed)
    assert facade.canvas.height > changed.eaves
    assert len(draw_roof(changed, PPM, np.random.default_rng(0))) == (roof in ("pitched", "hip", "mansard"))


@pytest.mark.parametrize("wall", sorted(set(WALLS)))
@pytest.mark.parametrize("head", ["square", "arched", "pediment"])
def test_every_wall_can_be_drawn_with_every_kind_of_window(design: Design, wall: str, head: str) -> None:
    canvas = drawn(make_design(design, wall=wall, head=head)).canvas
    assert np.isfinite(canvas.color).all() and canvas.glass.any()


@pytest.mark.parametrize("ground", ["shops", "door", "arcade", "garage", "windows"])
def test_every_ground_floor_can_be_drawn(design: Design, ground: str) -> None:
    assert drawn(make_design(design, ground=ground)).canvas.z.max() > 0.1


def test_a_gable_is_open_beside_its_slopes(design: Design) -> None:
    solid = drawn(make_design(design, roof="gable", damages=())).canvas.is_solid
    assert not solid[0, 0] and not solid[0, -1] and solid[-1].all()
    widths = solid.sum(1)
    assert (np.diff(widths) >= 0).all()


def test_railings_are_drawn_for_balconies_only(design: Design) -> None:
    assert drawn(make_design(design, balconies="row")).has_rails
    assert not drawn(make_design(design, balconies="none")).has_rails


def test_a_bay_window_stands_out_of_the_wall(design: Design) -> None:
    canvas = drawn(make_design(design, balconies="oriel", damages=())).canvas
    assert (canvas.z > 0.5).mean() > 0.02


def test_the_same_seed_draws_the_same_front(design: Design) -> None:
    assert (drawn(design, 4).canvas.color == drawn(design, 4).canvas.color).all()


def test_another_seed_draws_another_front_of_the_same_design(design: Design) -> None:
    assert np.abs(drawn(design, 4).canvas.color - drawn(design, 5).canvas.color).mean() > 0.01


def test_openings_lie_inside_the_wall_and_apart(design: Design) -> None:
    facade = drawn(design)
    assert len(facade.openings) == design.num_bays * (design.num_floors - 1)
    for opening in facade.openings:
        assert 0 < opening.x0 < opening.x1 < design.width and 0 < opening.y0 < opening.y1 < design.eaves
    for left, right in zip(facade.openings, facade.openings[1:], strict=False):
        assert left.x1 < right.x0 or left.y0 < right.y0


def window(design: Design, state: str) -> Canvas:
    canvas = white_wall()
    draw_window(canvas, np.random.default_rng(0), Opening(2, 1, 3.2, 3), make_design(design, head="square"), state)
    return canvas


def test_a_window_lies_in_a_reveal_with_glass_in_a_frame(design: Design) -> None:
    canvas = window(design, "whole")
    assert canvas.z[canvas.region(2.1, 1.1, 3.1, 2.9)].max() < -0.1
    glass = canvas.glass[canvas.region(2, 1, 3.2, 3)] > 0
    assert 0.4 < glass.mean() < 0.95
    assert not glass[0].any() and not glass[:, 0].any()


def test_a_boarded_window_is_mostly_planks_before_the_wall(design: Design) -> None:
    canvas = window(design, "boarded")
    assert (canvas.z[canvas.region(2.1, 1.1, 3.1, 2.9)] > 0).mean() > 0.6


def test_an_empty_window_is_dark_and_deep(design: Design) -> None:
    canvas = window(design, "empty")
    inside = canvas.region(2.1, 1.1, 3.1, 2.9)
    assert canvas.z[inside].max() < -0.4 and canvas.color[inside].mean() < 0.15


def test_broken_glass_leaves_holes(design: Design) -> None:
    whole, broken = ((window(design, state).glass > 0).sum() for state in ("whole", "broken"))
    assert broken < 0.97 * whole


def test_a_crack_is_a_dark_line_from_end_to_end() -> None:
    canvas = white_wall()
    before = canvas.color.copy()
    add_crack(canvas, np.random.default_rng(0), (1.0, 4.0), (5.0, 1.0), 0.04)
    dark = canvas.color.mean(2) < 0.4
    rows, columns = np.nonzero(dark)
    assert columns.min() < 60 and columns.max() > 180 and rows.min() < 60 and rows.max() > 140
    assert dark.mean() < 0.05
    assert (canvas.color == before).mean() > 0.5


def test_lost_plaster_shows_brick_inside_a_ragged_edge() -> None:
    canvas = white_wall()
    lose_plaster(canvas, np.random.default_rng(0), (3.0, 2.5), 1.0, "brick")
    gone = (canvas.color[..., 0] - canvas.color[..., 2]) > 0.1
    assert 0.03 < gone.mean() < 0.5 and gone[100, 120]
    contours, _ = cv2.findContours(gone.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea)
    assert cv2.arcLength(largest, True) > 1.3 * 2 * np.sqrt(np.pi * cv2.contourArea(largest))


def test_plaster_is_not_lost_from_panes() -> None:
    canvas = white_wall()
    canvas.glass[canvas.region(2.5, 2, 3.5, 3)] = 0.6
    lose_plaster(canvas, np.random.default_rng(0), (3.0, 2.5), 1.2, "brick")
    assert (canvas.glass[canvas.region(2.5, 2, 3.5, 3)] > 0).all()


def test_soot_darkens_the_wall_above_an_opening_and_not_below() -> None:
    canvas = white_wall()
    add_soot(canvas, np.random.default_rng(0), Opening(2.5, 1.0, 3.5, 2.5))
    above, below = (
        canvas.color[canvas.region(2.8, 2.6, 3.2, 3.0)].mean(),
        canvas.color[canvas.region(2.8, 0.2, 3.2, 1.0)].mean(),
    )
    assert above < 0.6 and below == pytest.approx(0.8)


def test_a_broken_top_is_open_where_it_was_bitten_and_brick_below() -> None:
    canvas = white_wall()
    break_top(canvas, np.random.default_rng(0), 1.0, 2.0, 1.2)
    assert not canvas.is_solid[5, 40] and canvas.is_solid[:, 160:].all() and canvas.is_solid[120:].all()


def test_weather_darkens_the_foot_of_a_wall() -> None:
    canvas = white_wall()
    add_weather(canvas, np.random.default_rng(0), [Opening(2, 2, 3, 3)])
    assert canvas.color[-8:].mean() < canvas.color[90:110].mean() - 0.03


def test_a_lone_building_has_two_side_walls(design: Design) -> None:
    left, right = (
        draw_side(design, 10.0, np.random.default_rng(0), (x, 0.0), is_left=is_left)
        for x, is_left in ((0.0, True), (design.width, False))
    )
    assert left.plane.normal == pytest.approx([-1, 0, 0]) and right.plane.normal == pytest.approx([1, 0, 0])
    assert right.plane.origin[0] == pytest.approx(design.width)
    assert right.plane.origin[2] == 0 > left.plane.origin[2]  # a texture begins at its left as seen from outside


def test_sides_under_a_pitched_roof_rise_to_a_gable(design: Design) -> None:
    flat, pitched = (
        draw_side(
            make_design(design, roof=roof), 10.0, np.random.default_rng(0), (0.0, 0.0), is_left=True
        ).relief.height
        for roof in ("flat", "pitched")
    )
    assert flat.all() and pitched.shape[0] > flat.shape[0]
    assert not pitched[0, 0] and pitched[3, pitched.shape[1] // 2]


@pytest.mark.parametrize("shape", [(20, 100), (100, 20), (3, 3), (40, 40)])
def test_text_fills_its_box_and_stays_inside(shape: tuple[int, int]) -> None:
    mask = text_mask("BAKERY", shape, 1)
    assert mask.shape == shape and mask.min() >= 0 and mask.max() <= 1
    assert mask.max() > 0.3 or min(shape) < 5


def test_signs_of_a_street_say_different_things() -> None:
    rng = np.random.default_rng(0)
    names = [coin_shop(rng) for _ in range(60)]
    assert len(set(names)) == 60
    assert all(coin_name(rng).isalpha() for _ in range(20))
