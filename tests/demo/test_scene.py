"""Photos of a building, and of other things."""

from __future__ import annotations

import numpy as np
import pytest

from demo.building import Building, Standing, build
from demo.camera import look_at
from demo.design import Design, choose_designs
from demo.people import draw_person
from demo.scene import View, choose_light, choose_view, take_photo
from demo.singles import NOTES, draw_single
from demo.sprites import SPRITE_PPM, draw_fence, draw_lamp, draw_rubble, draw_tree
from demo.surroundings import draw_ground, draw_opposite, draw_sky, draw_skyline, ground_plane
from demo.vehicles import draw_car

SIDE = 256
SPRITES = {
    "tree": lambda rng: draw_tree(rng),
    "bare tree": lambda rng: draw_tree(rng, is_bare=True),
    "lamp": draw_lamp,
    "person": draw_person,
    "fence": draw_fence,
    "rubble": lambda rng: draw_rubble(rng, 3.0, 1.0),
    "car": draw_car,
}


def photo_of(building: Building, seed: int, index: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return take_photo(building, choose_view(building.design, rng, index, SIDE), rng)


@pytest.mark.parametrize("seed", range(5))
def test_a_photo_is_neither_black_nor_blown_out_nor_flat(building: Building, seed: int) -> None:
    photo = photo_of(building, seed)
    assert max(photo.shape) == SIDE
    assert 50 < photo.mean() < 200 and photo.std() > 25
    assert (photo == 255).all(2).mean() < 0.2


def test_the_same_seed_takes_the_same_photo(building: Building) -> None:
    assert (photo_of(building, 3) == photo_of(building, 3)).all()


def test_two_views_of_a_building_are_no_copies(building: Building) -> None:
    first, second = (photo_of(building, seed) for seed in (0, 1))
    assert first.shape != second.shape or np.abs(first.astype(int) - second).mean() > 10


@pytest.mark.parametrize("seed", range(12))
def test_a_view_shows_the_front_from_the_street(seed: int) -> None:
    rng = np.random.default_rng(seed)
    design = choose_designs(rng, 1)[0]
    for index in range(4):
        camera = choose_view(design, rng, index, SIDE).camera
        assert camera.center[2] > 3 and 1 < camera.center[1] < 2.5
        middle = camera.project(np.array([[design.width / 2, design.eaves * 0.45, 0.0]]))[0]
        assert -0.3 * camera.width < middle[0] < 1.3 * camera.width
        assert -0.3 * camera.height < middle[1] < 1.3 * camera.height


def test_views_come_from_both_sides_in_both_formats_and_several_lights(design: Design) -> None:
    views = [choose_view(design, np.random.default_rng(seed), 2, SIDE) for seed in range(40)]
    x = [view.camera.center[0] for view in views]
    assert min(x) < 0 and max(x) > design.width
    assert {view.camera.width > view.camera.height for view in views} == {True, False}
    assert len({view.light.sun for view in views}) >= 4
    assert any(view.passing for view in views) and not all(view.passing for view in views)


def test_nobody_stands_right_before_the_lens(building: Building) -> None:
    rng = np.random.default_rng(0)
    camera = look_at(np.array([5.0, 1.7, 9.0]), np.array([5.0, 3.0, 0.0]), 250.0, (256, 192))
    light = choose_light(rng)
    near = Standing(np.full((400, 900, 4), 255, np.uint8), 5.0, 7.0)
    photos = [
        take_photo(building, View(camera, light, passing, None), np.random.default_rng(1)) for passing in ([], [near])
    ]
    assert (photos[0] == photos[1]).all()


def test_a_car_in_the_way_hides_part_of_the_front(building: Building) -> None:
    camera = look_at(np.array([5.0, 1.7, 14.0]), np.array([5.0, 3.0, 0.0]), 250.0, (256, 192))
    light = choose_light(np.random.default_rng(0))
    car = Standing(draw_car(np.random.default_rng(0)), 5.0, 4.6)
    bare, hidden = (
        take_photo(building, View(camera, light, passing, None), np.random.default_rng(1)).astype(int)
        for passing in ([], [car])
    )
    changed = np.abs(bare - hidden).max(2) > 20
    assert 0.01 < changed.mean() < 0.3


def test_two_buildings_of_one_design_look_different(design: Design) -> None:
    first, second = (photo_of(build(design, np.random.default_rng(seed), 0.25), 7) for seed in (1, 2))
    assert np.abs(first.astype(int) - second).mean() > 6


@pytest.mark.parametrize("name", SPRITES)
@pytest.mark.parametrize("seed", range(3))
def test_a_sprite_stands_on_its_bottom_row_and_leaves_room_around(name: str, seed: int) -> None:
    sprite = SPRITES[name](np.random.default_rng(seed))
    assert sprite.dtype == np.uint8 and sprite.shape[2] == 4
    covered = sprite[..., 3] > 128
    assert covered[-12:].any()
    assert 0.02 < covered.mean() < 0.95
    assert sprite[covered][:, :3].std() > 5


def test_a_tree_is_taller_than_a_person() -> None:
    rng = np.random.default_rng(0)
    assert draw_tree(rng).shape[0] > 2 * draw_person(rng).shape[0]
    assert draw_person(rng).shape[0] / SPRITE_PPM == pytest.approx(1.75, abs=0.2)


def test_ground_lies_flat_and_differs_from_building_to_building() -> None:
    assert ground_plane(5.0).normal == pytest.approx([0, 1, 0])
    first, second = (draw_ground(np.random.default_rng(seed)) for seed in (0, 1))
    assert (first[..., 3] == 255).all()
    assert np.abs(first.astype(int) - second).mean() > 4


def test_the_sky_is_darker_above_than_at_the_horizon() -> None:
    camera = look_at(np.array([0, 1.6, 9.0]), np.array([0, 5.0, 0.0]), 200.0, (240, 180))
    light = choose_light(np.random.default_rng(3))
    clear = type(light)(light.sun, light.sun_color, light.sky_color, 0.2, 0.05, 1.0)
    sky = draw_sky(camera, clear, np.random.default_rng(0))
    assert sky.shape == (180, 240, 3)
    assert sky[:20].mean() < sky[110:130].mean()


def test_what_panes_mirror_is_bright_above_and_dark_below() -> None:
    seen = draw_opposite(np.random.default_rng(0), 1.0)
    assert seen[:30].mean() > 2 * seen[-15:].mean()


def test_the_skyline_reaches_the_ground_everywhere() -> None:
    assert (draw_skyline(np.random.default_rng(0))[-1, :, 3] == 255).all()


@pytest.mark.parametrize("index", range(10))
def test_every_kind_of_single_is_a_photo_of_the_size_asked_for(index: int) -> None:
    photo = draw_single(np.random.default_rng(index), index, 192)
    assert photo.dtype == np.uint8 and sorted(photo.shape[:2]) == [144, 192]
    assert photo.std() > 6


def test_singles_of_one_kind_are_not_copies() -> None:
    first, second = (draw_single(np.random.default_rng(seed), 6, 160) for seed in (0, 1))
    assert first.shape != second.shape or np.abs(first.astype(int) - second).mean() > 4


def test_notes_are_about_no_real_person_or_place() -> None:
    assert all(note.isascii() for note in NOTES)
