"""Floods and lines: exact, by 4 and by 8 neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.painting import floods
from segmentation.painting.floods import Region, flood
from segmentation.painting.lines import line_pixels
from tests.segmentation.painting.plain_flood import plain_flood


def whole(region: Region, shape: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, dtype=bool)
    rows, columns = region.mask.shape
    mask[region.top : region.top + rows, region.left : region.left + columns] = region.mask
    return mask


@given(st.integers(0, 2**32 - 1), st.integers(1, 14), st.integers(1, 14), st.integers(2, 4), st.integers(2, 7))
def test_a_flood_in_growing_windows_is_the_flood_of_the_whole_plane(
    seed: int, height: int, width: int, num_labels: int, first_side: int
) -> None:
    rng = np.random.default_rng(seed)
    plane = rng.integers(0, num_labels, (height, width)).astype(np.int32) - 1
    x, y = int(rng.integers(width)), int(rng.integers(height))
    former, floods.FIRST_SIDE = floods.FIRST_SIDE, first_side
    try:
        region = flood(plane, x, y)
    finally:
        floods.FIRST_SIDE = former
    assert (whole(region, plane.shape) == plain_flood(plane, x, y)).all()
    assert region.mask.any(axis=0).all() and region.mask.any(axis=1).all(), "the box is larger than the region"


def test_a_flood_leaves_its_plane_as_it_is() -> None:
    plane = np.arange(12, dtype=np.int32).reshape(3, 4) // 5
    before = plane.copy()
    flood(plane, 0, 0)
    assert (plane == before).all()


def test_regions_that_touch_at_a_corner_only_are_two() -> None:
    plane = np.array([[1, 2], [2, 1]], dtype=np.int32)
    assert whole(flood(plane, 0, 0), (2, 2)).tolist() == [[True, False], [False, False]]


points = st.tuples(st.integers(-30, 30), st.integers(-30, 30))


@given(points, points)
def test_a_line_goes_from_end_to_end_by_8_neighbours(start: tuple[int, int], end: tuple[int, int]) -> None:
    pixels = line_pixels(start, end)
    assert tuple(pixels[0]) == start and tuple(pixels[-1]) == end
    assert len(pixels) == max(abs(end[0] - start[0]), abs(end[1] - start[1])) + 1
    assert (np.abs(np.diff(pixels, axis=0)).max(axis=1, initial=0) <= 1).all()


@given(points, points)
def test_the_line_back_has_the_same_pixels(start: tuple[int, int], end: tuple[int, int]) -> None:
    assert (line_pixels(start, end)[::-1] == line_pixels(end, start)).all()


@given(points, points)
def test_no_pixel_of_a_line_is_more_than_half_a_pixel_off(start: tuple[int, int], end: tuple[int, int]) -> None:
    along = 0 if abs(end[0] - start[0]) >= abs(end[1] - start[1]) else 1
    n = end[along] - start[along]
    for pixel in line_pixels(start, end).tolist():
        exact = abs(n) * start[1 - along] + (pixel[along] - start[along]) * (end[1 - along] - start[1 - along]) * (
            1 if n >= 0 else -1
        )
        assert 2 * abs(abs(n) * pixel[1 - along] - exact) <= abs(n)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ((2, 1), [[0, 0], [1, 1], [2, 1]]),
        ((2, -1), [[0, 0], [1, -1], [2, -1]]),
        ((1, 2), [[0, 0], [1, 1], [1, 2]]),
        ((-2, 1), [[0, 0], [-1, 0], [-2, 1]]),
        ((0, 0), [[0, 0]]),
    ],
)
def test_a_tie_goes_away_from_the_end_with_the_smaller_x(end: tuple[int, int], expected: list[list[int]]) -> None:
    assert line_pixels((0, 0), end).tolist() == expected


def test_a_slanted_line_separates_by_4_neighbours_only() -> None:
    import cv2

    free = np.ones((20, 20), dtype=np.uint8)
    pixels = line_pixels((0, 3), (19, 15))
    free[pixels[:, 1], pixels[:, 0]] = 0
    assert cv2.connectedComponents(free, connectivity=4)[0] - 1 == 2
    assert cv2.connectedComponents(free, connectivity=8)[0] - 1 == 1
