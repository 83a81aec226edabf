"""Shading of a relief: shadows fall away from the sun, recesses are dark."""

from __future__ import annotations

import numpy as np
import pytest

from demo.canvas import Canvas
from demo.light import Z_ZERO, Relief, make_relief
from demo.scene import choose_light

PPM = 40.0


def wall(z: float | None = None, box: tuple[float, float, float, float] = (1.5, 1.5, 2.5, 2.5)) -> Canvas:
    """A smooth white wall of 4 by 4 metres, with a block on it or a hole in it."""
    canvas = Canvas((4.0, 4.0), PPM, "stucco", np.random.default_rng(0))
    canvas.color[:], canvas.bump[:] = 0.8, 0.0
    if z is not None:
        canvas.z[canvas.region(*box)] = z
    return canvas


def mean_shade(relief: Relief, layer: int, canvas: Canvas, *corners: float) -> float:
    return float(relief.shade[canvas.region(*corners)][..., layer].mean()) / 200


def test_a_flat_wall_is_lit_evenly() -> None:
    shade = make_relief(wall()).shade.astype(int)
    assert np.ptp(shade.reshape(-1, 3), axis=0).max() <= 2
    assert shade.mean((0, 1)) == pytest.approx([200, 200, 200], abs=3)


def test_the_morning_sun_throws_shadows_to_the_right_and_the_afternoon_sun_to_the_left() -> None:
    canvas = wall(0.4)
    relief = make_relief(canvas)
    right, left = (2.55, 1.4, 2.7, 2.0), (1.3, 1.4, 1.45, 2.0)
    assert mean_shade(relief, 1, canvas, *right) < 0.3 < 0.9 < mean_shade(relief, 1, canvas, *left)
    assert mean_shade(relief, 2, canvas, *left) < 0.3 < 0.9 < mean_shade(relief, 2, canvas, *right)


def test_both_suns_throw_shadows_down() -> None:
    canvas = wall(0.4)
    relief = make_relief(canvas)
    for layer in (1, 2):
        below, above = (mean_shade(relief, layer, canvas, 1.9, y, 2.1, y + 0.1) for y in (1.35, 2.6))
        assert below < 0.3 < 0.9 < above


def test_a_deeper_block_throws_a_longer_shadow() -> None:
    dark = [(make_relief(wall(z)).shade[..., 1] < 100).sum() for z in (0.1, 0.3, 0.6)]
    assert dark[0] < dark[1] < dark[2]


def test_a_recess_sees_less_of_the_sky_than_the_wall() -> None:
    canvas = wall(-0.24)
    relief = make_relief(canvas)
    assert mean_shade(relief, 0, canvas, 1.55, 2.3, 2.45, 2.45) < 0.8 * mean_shade(
        relief, 0, canvas, 0.2, 0.2, 0.8, 0.8
    )


def test_a_railing_throws_a_shadow_that_is_not_where_it_hangs() -> None:
    canvas = wall()
    rails = np.zeros((*canvas.shape, 4), np.uint8)
    rails[canvas.region(1.8, 3.0, 2.2, 3.4)] = 255
    dark = make_relief(canvas, rails).shade[..., 1] < 60
    rows, columns = np.nonzero(dark)
    assert dark.any() and rows.min() > 40 and columns.mean() > 80  # it hangs in rows 24 to 40, columns 72 to 88


def test_heights_are_stored_in_centimetres_and_voids_as_nought() -> None:
    canvas = wall(0.37)
    canvas.is_solid[:10] = False
    height = make_relief(canvas).height
    assert set(np.unique(height)) == {0, Z_ZERO, Z_ZERO + 37}
    assert (height[:10] == 0).all()


def test_slices_run_from_the_outermost_to_the_innermost_depth() -> None:
    canvas = wall(0.9)
    canvas.z[canvas.region(0, 0, 1, 1)] = -0.5
    levels = make_relief(canvas).levels
    assert list(levels) == sorted(levels, reverse=True)
    assert levels[0] == pytest.approx(0.9) and levels[-1] == pytest.approx(-0.5)


def test_a_far_wall_has_fewer_slices() -> None:
    canvas = wall(0.9)
    assert len(make_relief(canvas, is_far=True).levels) < len(make_relief(canvas).levels)


def test_a_flat_wall_needs_one_slice() -> None:
    assert make_relief(wall()).levels == (0.0,)


def test_an_empty_wall_is_no_error() -> None:
    canvas = wall()
    canvas.is_solid[:] = False
    assert not make_relief(canvas).height.any()


@pytest.mark.parametrize("seed", range(20))
def test_a_chosen_light_is_plausible(seed: int) -> None:
    light = choose_light(np.random.default_rng(seed))
    assert 0 <= sum(light.sun) <= 1 and 0 <= light.cloudiness <= 1
    assert 0.2 < light.flat.mean() < 1.5
