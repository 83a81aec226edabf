"""Projection: homographies of planes agree with points projected one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.camera import NEAR_M, Camera, Plane, look_at, upright

SIZE = (400, 300)


def camera_at(x: float, z: float, roll: float = 0.0) -> Camera:
    return look_at(np.array([x, 1.7, z]), np.array([3.0, 4.0, 0.0]), 380.0, SIZE, roll)


def test_the_target_is_in_the_middle_of_the_photo() -> None:
    pixel = camera_at(-4, 12).project(np.array([[3.0, 4.0, 0.0]]))[0]
    assert pixel == pytest.approx([(SIZE[0] - 1) / 2, (SIZE[1] - 1) / 2])


def test_right_is_right_and_up_is_up() -> None:
    camera = camera_at(3, 12)
    middle, right, above = camera.project(np.array([[3.0, 4, 0], [5, 4, 0], [3, 6, 0]]))
    assert right[0] > middle[0] and above[1] < middle[1]


def test_a_rotation_keeps_lengths() -> None:
    rotation = camera_at(-2, 9, 0.1).rotation
    assert rotation @ rotation.T == pytest.approx(np.eye(3))
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_roll_turns_the_photo_about_its_middle() -> None:
    point = np.array([[6.0, 4.0, 0.0]])
    straight, rolled = (camera_at(3, 12, roll).project(point)[0] - (199.5, 149.5) for roll in (0.0, 0.2))
    assert np.linalg.norm(straight) == pytest.approx(np.linalg.norm(rolled))
    turn = np.arctan2(*rolled[::-1]) - np.arctan2(*straight[::-1])
    assert abs(turn) == pytest.approx(0.2)


@given(st.floats(-8, 12), st.floats(5, 25), st.floats(-0.3, 0.3), st.floats(-0.5, 0.9))
def test_a_homography_agrees_with_projection(x: float, z: float, roll: float, lift: float) -> None:
    camera, plane = camera_at(x, z, roll), upright(-1.0, 9.0, 0.4, 50.0)
    texture = np.array([[0.0, 0, 1], [300, 40, 1], [120, 500, 1]])
    world = plane.origin + texture[:, :1] / 50 * plane.right + texture[:, 1:2] / 50 * plane.down + lift * plane.normal
    mapped = texture @ plane.homography(camera, lift).T
    assert mapped[:, :2] / mapped[:, 2:] == pytest.approx(camera.project(world), abs=1e-6)


def test_an_upright_plane_faces_the_street() -> None:
    assert upright(0, 5, 0, 10).normal == pytest.approx([0, 0, 1])


def test_the_ground_faces_up() -> None:
    ground = Plane(np.zeros(3), np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), 10)
    assert ground.normal == pytest.approx([0, 1, 0])


def test_the_outline_of_a_plane_in_view_has_its_four_corners() -> None:
    camera, plane = camera_at(3, 12), upright(0, 8, 0, 10)
    outline = plane.outline(camera, (80, 60))
    assert outline == pytest.approx(camera.project(np.array([[0.0, 8, 0], [6, 8, 0], [6, 0, 0], [0, 0, 0]])))


def test_a_plane_behind_the_camera_has_no_outline() -> None:
    assert len(upright(0, 8, 30.0, 10).outline(camera_at(3, 12), (80, 60))) == 0


def test_a_plane_that_runs_under_the_camera_is_cut_at_the_near_plane() -> None:
    ground = Plane(np.array([-20.0, 0, -5]), np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), 10)
    camera = camera_at(3, 12)
    outline = ground.outline(camera, (400, 400))
    assert len(outline) >= 4 and np.isfinite(outline).all()
    assert np.abs(outline).max() < 40 * 380 / NEAR_M
