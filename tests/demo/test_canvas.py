"""Painting on a wall in metres."""

from __future__ import annotations

import numpy as np
import pytest

from demo.canvas import Canvas
from demo.materials import make_surface

PPM = 20.0


@pytest.fixture
def canvas() -> Canvas:
    """A wall of 6 by 4 metres."""
    return Canvas((6.0, 4.0), PPM, "stucco", np.random.default_rng(0))


def test_the_size_in_pixels_follows_from_metres(canvas: Canvas) -> None:
    assert canvas.shape == (80, 120)
    assert canvas.color.shape == (80, 120, 3)


def test_heights_are_measured_from_the_ground(canvas: Canvas) -> None:
    canvas.box((0, 0, 1, 1), (1, 0, 0), 0.5)
    assert (canvas.z[60:, :20] == 0.5).all()
    assert np.count_nonzero(canvas.z) == 400


def test_what_lies_beside_the_wall_is_cut_off(canvas: Canvas) -> None:
    canvas.box((5, 3, 60, 70), (1, 0, 0), 0.5)
    assert np.count_nonzero(canvas.z) == 400
    canvas.box((-5, -3, -1, -1), (1, 0, 0), 0.7)
    assert (canvas.z != 0.7).all()


def test_painting_sets_colour_depth_and_glass_where_the_mask_is(canvas: Canvas) -> None:
    where = canvas.region(1, 1, 2, 2)
    mask = np.zeros((20, 20), bool)
    mask[:10] = True
    canvas.fill(where, (0.2, 0.4, 0.6), -0.3, mask=mask, glass=0.7, grain=0)
    assert canvas.color[where][:10] == pytest.approx(np.broadcast_to([0.2, 0.4, 0.6], (10, 20, 3)))
    assert (canvas.z[where][:10] == np.float32(-0.3)).all() and (canvas.z[where][10:] == 0).all()
    assert (canvas.glass[where] > 0).sum() == 200


def test_paint_without_a_depth_keeps_the_relief(canvas: Canvas) -> None:
    canvas.box((1, 1, 2, 2), (1, 1, 1), 0.4)
    canvas.fill(canvas.region(1, 1, 2, 2), (0.5, 0.5, 0.5))
    assert canvas.z.max() == np.float32(0.4)


def test_a_surface_laid_on_glass_is_matt(canvas: Canvas) -> None:
    where = canvas.region(0, 0, 2, 2)
    canvas.fill(where, (0, 0, 0), glass=1)
    canvas.cover(where, make_surface("brick", np.random.default_rng(1), (40, 40), PPM), z=0.1)
    assert canvas.glass.max() == 0 and canvas.z[where].min() == np.float32(0.1)


def test_darkening_multiplies(canvas: Canvas) -> None:
    where = canvas.region(0, 0, 1, 1)
    before = canvas.color[where].copy()
    canvas.darken(where, 0.25)
    canvas.darken(where, np.full((20, 20), 0.5, np.float32))
    assert canvas.color[where] == pytest.approx(before * 0.75 * 0.5)


def test_a_polygon_covers_its_area(canvas: Canvas) -> None:
    mask = canvas.polygon(np.array([[1, 1], [5, 1], [3, 3]]))
    assert mask.sum() / PPM**2 == pytest.approx(4.0, rel=0.1)
    assert mask[80 - 30, 60] and not mask[5, 60]


def test_pixels_and_region_agree(canvas: Canvas) -> None:
    rows, columns = canvas.region(1.5, 2.0, 3.0, 3.5)
    corner = canvas.pixels(np.array([[1.5, 3.5]]))[0]
    assert (columns.start, rows.start) == tuple(corner)
