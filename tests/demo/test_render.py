"""Drawing textures and reliefs through a camera."""

from __future__ import annotations

import numpy as np
import pytest

from demo.camera import Camera, look_at, upright
from demo.canvas import Canvas
from demo.light import Light, Part, make_relief
from demo.noise import floats
from demo.render import BAND, linear, paste, paste_relief, windows

PPM = 40.0
DULL = Light((0.0, 0.0), (1, 1, 1), (1, 1, 1), 0, 1, 1)
MIRRORED = np.full((20, 40, 3), 0.5, np.float32)


def frontal(x: float = 2.0) -> Camera:
    """A camera 6 m before a wall of 4 by 4 metres."""
    return look_at(np.array([x, 2.0, 6.0]), np.array([2.0, 2.0, 0.0]), 300.0, (320, 320))


def blank() -> np.ndarray:
    return np.zeros((320, 320, 3), np.float32)


def plain(value: int = 255, alpha: int = 255) -> np.ndarray:
    texture = np.full((160, 160, 4), value, np.uint8)
    texture[..., 3] = alpha
    return texture


def wall(hole: float) -> Part:
    """A white wall with a black hole in its middle, ``hole`` metres deep."""
    canvas = Canvas((4.0, 4.0), PPM, "stucco", np.random.default_rng(0))
    canvas.color[:], canvas.bump[:] = 1.0, 0.0
    canvas.fill(canvas.region(1.5, 1.5, 2.5, 2.5), (0, 0, 0), -hole, grain=0)
    return Part(upright(0, 4, 0, PPM), make_relief(canvas))


def test_display_values_are_square_roots_of_light() -> None:
    values = np.array([[[0, 51, 255]]], np.uint8)
    assert linear(values)[0, 0] == pytest.approx([0, 0.04, 1])
    assert linear(values, floats([1, 2, 0.5]))[0, 0] == pytest.approx([0, 0.08, 0.5])


def test_bands_cover_the_plane_once() -> None:
    seen = np.zeros((320, 320), int)
    for window in windows(frontal(), upright(0, 4, 0, PPM), (160, 160)):
        assert window.height <= BAND
        seen[window.slices] += 1
    assert set(np.unique(seen)) == {0, 1}
    assert seen.sum() == pytest.approx(200 * 200, rel=0.03)


def test_a_texture_appears_where_its_plane_is_projected() -> None:
    frame = blank()
    paste(frame, frontal(), upright(0, 4, 0, PPM), plain(), 1.0)
    rows, columns = np.nonzero(frame[..., 0] > 0.5)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == pytest.approx((60, 259, 60, 259), abs=2)


def test_light_colours_a_texture() -> None:
    frame = blank()
    paste(frame, frontal(), upright(0, 4, 0, PPM), plain(), floats([0.2, 0.4, 0.8]))
    assert frame[160, 160] == pytest.approx([0.2, 0.4, 0.8])


def test_a_transparent_texture_lets_through_what_is_behind() -> None:
    frame = blank() + np.float32(1.0)
    paste(frame, frontal(), upright(0, 4, 0, PPM), plain(0, alpha=102), 1.0)
    assert frame[160, 160] == pytest.approx([0.6] * 3, abs=0.01)


def test_what_is_out_of_view_changes_nothing() -> None:
    frame = blank()
    for plane in (upright(100, 4, 0, PPM), upright(0, 4, 50.0, PPM)):
        paste(frame, frontal(), plane, plain(), 1.0)
    assert not frame.any()


def test_a_fine_texture_far_away_is_averaged_not_sampled() -> None:
    texture = plain(0)
    texture[:, ::2, :3] = 255
    frame = blank()
    paste(
        frame,
        look_at(np.array([2.0, 2, 60]), np.array([2.0, 2, 0]), 300.0, (320, 320)),
        upright(0, 4, 0, PPM),
        texture,
        1.0,
    )
    inside = frame[152:168, 152:168, 0]
    assert inside.std() < 0.1 < inside.mean()


def test_a_relief_seen_from_the_front_shows_wall_and_hole() -> None:
    frame = blank()
    paste_relief(frame, frontal(), wall(0.3), DULL, MIRRORED)
    assert frame[80, 80, 0] > 0.8 and frame[160, 160, 0] < 0.05


def test_a_void_in_a_relief_shows_what_is_behind() -> None:
    part = wall(0.3)
    part.relief.height[:80] = 0
    frame = blank() + np.float32(7.0)
    paste_relief(frame, frontal(), part, DULL, MIRRORED)
    assert (frame[100:150, 100:220] == 7).all() and (frame[170:250, 100:220] < 2).all()


@pytest.mark.parametrize("x", [-2.0, 6.0])
def test_a_hole_seen_from_the_side_shows_its_reveal_on_the_far_side(x: float) -> None:
    camera = frontal(x)
    flat, deep = blank(), blank()
    paste_relief(flat, camera, wall(0.0), DULL, MIRRORED)
    paste_relief(deep, camera, wall(0.4), DULL, MIRRORED)
    ends = np.sort(camera.project(np.array([[1.5, 2.0, 0], [2.5, 2.0, 0]]))[:, 0])
    row = slice(150, 170)
    black_flat, black_deep = (
        np.nonzero((frame[row, :, 0] < 0.02).all(0) & (frame[row, :, 0] >= 0).all(0))[0] for frame in (flat, deep)
    )
    inside_flat, inside_deep = (
        found[(found > ends[0] - 4) & (found < ends[1] + 4)] for found in (black_flat, black_deep)
    )
    assert len(inside_deep) < 0.85 * len(inside_flat)
    hidden_side = inside_deep.min() - inside_flat.min(), inside_flat.max() - inside_deep.max()
    assert (hidden_side[1] > hidden_side[0]) == (x < 2)


def test_panes_mirror_the_other_side_of_the_street() -> None:
    canvas = Canvas((4.0, 4.0), PPM, "stucco", np.random.default_rng(0))
    canvas.fill(canvas.region(1, 1, 3, 3), (0, 0, 0), glass=0.8, grain=0)
    part = Part(upright(0, 4, 0, PPM), make_relief(canvas))
    dark, bright = blank(), blank()
    paste_relief(dark, frontal(), part, DULL, MIRRORED * 0)
    paste_relief(bright, frontal(), part, DULL, MIRRORED)
    assert bright[160, 160].mean() > dark[160, 160].mean() + 0.1
    assert bright[80, 80] == pytest.approx(dark[80, 80])


def test_a_cast_shadow_takes_the_sun_but_not_the_sky() -> None:
    light = Light((1.0, 0.0), (1, 1, 1), (0.25, 0.25, 0.25), 0, 0, 1)
    cast = np.ones((8, 8), np.float32)
    cast[:, :4] = 0
    frame = blank()
    paste_relief(frame, frontal(), wall(0.0), light, MIRRORED, cast=cast)
    assert frame[80, 80, 0] == pytest.approx(0.25, abs=0.03) and frame[80, 240, 0] == pytest.approx(1.25, abs=0.08)
