"""Materials: each looks like itself, and no two pieces are alike."""

from __future__ import annotations

import numpy as np
import pytest

from demo.materials import COURSES, make_surface

NAMES = [*COURSES, "stucco", "asphalt"]
SHAPE = (90, 140)


@pytest.mark.parametrize("name", NAMES)
def test_a_surface_has_the_size_asked_for_and_plausible_colours(name: str) -> None:
    surface = make_surface(name, np.random.default_rng(0), SHAPE, 60)
    assert surface.color.shape == (*SHAPE, 3) and surface.bump.shape == SHAPE
    assert 0.1 < surface.color.mean() < 0.9
    assert np.percentile(surface.color, 1) > -0.05 and np.percentile(surface.color, 99) < 1.1


@pytest.mark.parametrize("name", NAMES)
def test_a_surface_is_no_flat_colour(name: str) -> None:
    surface = make_surface(name, np.random.default_rng(1), SHAPE, 60)
    assert surface.color.std(axis=(0, 1)).min() > 0.01 and surface.bump.std() > 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ppm", [5.0, 13.0])
def test_a_surface_can_be_drawn_small(name: str, ppm: float) -> None:
    assert np.isfinite(make_surface(name, np.random.default_rng(2), (12, 9), ppm).color).all()


def test_two_pieces_of_one_wall_differ() -> None:
    rng = np.random.default_rng(3)
    first, second = (make_surface("brick", rng, SHAPE, 60) for _ in range(2))
    assert np.abs(first.color - second.color).mean() > 0.02


@pytest.mark.parametrize("name", ["stucco", "boards", "brick"])
def test_a_tint_becomes_the_main_colour(name: str) -> None:
    tint = (0.3, 0.5, 0.7)
    mean = make_surface(name, np.random.default_rng(4), (200, 200), 40, tint).color.mean((0, 1))
    assert mean[0] < mean[1] < mean[2]
    assert mean == pytest.approx(tint, abs=0.12)


def test_joints_lie_deeper_than_bricks() -> None:
    surface = make_surface("ashlar", np.random.default_rng(5), (200, 300), 100)
    deep = surface.bump < np.percentile(surface.bump, 4)
    assert np.abs(surface.color[deep].mean() - surface.color[~deep].mean()) > 0.05


def test_courses_repeat_at_the_height_of_a_unit() -> None:
    ppm = 100
    bump = make_surface("ashlar", np.random.default_rng(6), (420, 600), ppm).bump.mean(1)
    spectrum = np.abs(np.fft.rfft(bump - bump.mean()))
    assert 420 / np.argmax(spectrum) == pytest.approx(COURSES["ashlar"].unit[1] * ppm, rel=0.15)


def test_an_unknown_material_is_not_drawn_as_another() -> None:
    with pytest.raises(KeyError):
        COURSES["marzipan"]
