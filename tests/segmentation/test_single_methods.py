"""What each method promises by itself."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from segmentation import create_segmenter, method_parameters
from segmentation.chanvase import steps
from segmentation.edge import gradients, grown
from segmentation.kmeans import fit_centres, nearest, points_of
from segmentation.slickmeans import means_of
from segmentation.superpixel import lab_of, superpixels
from tests.drawn_segments import draw_facade


def two_halves(left: tuple[int, int, int], right: tuple[int, int, int], side: int = 40) -> NDArray[np.uint8]:
    photo = np.empty((side, 2 * side, 3), np.uint8)
    photo[:, :side], photo[:, side:] = left, right
    return photo


def test_the_strongest_gradient_of_all_channels_together_is_255() -> None:
    strength = gradients(two_halves((0, 0, 0), (200, 200, 200)))
    assert strength.max() == 255 and strength[:, :30].max() == 0
    one_channel = gradients(two_halves((0, 0, 0), (200, 0, 0)))
    assert one_channel.max() == 85  # the mean of 255, 0, 0


def test_a_photo_without_gradients_has_none() -> None:
    assert gradients(np.full((5, 6, 3), 9, np.uint8)).max() == 0


def test_a_gradient_that_equals_the_threshold_is_an_edge() -> None:
    photo = two_halves((0, 0, 0), (200, 0, 0))
    smoothing = {"bilateral_d": 1, "sigma_color": 0, "h": 0, "h_color": 0}
    at = create_segmenter("edge", method_parameters("edge", {"edge_th": 85} | smoothing)).segment(photo)
    above = create_segmenter("edge", method_parameters("edge", {"edge_th": 85.5} | smoothing)).segment(photo)
    assert (at.max(), above.max()) == (2, 1)


def test_parts_grow_by_a_pixel_into_edges_and_never_into_another_part() -> None:
    labels = np.array([[1, 0, 2], [1, 0, 2], [1, 2, 2]], np.int32)
    assert grown(labels).tolist() == [[1, 1, 2], [1, 1, 2], [1, 2, 2]]
    wide = np.array([[1, 0, 0, 0, 2]], np.int32)
    assert grown(wide).tolist() == [[1, 1, 0, 2, 2]]


def test_segments_between_edges_are_numbered_by_their_first_pixel() -> None:
    photo = np.zeros((60, 90, 3), np.uint8)
    photo[:, 30:60] = 255
    labels = create_segmenter("edge").segment(photo)
    assert [int(labels[0, column]) for column in (5, 45, 85)] == [1, 2, 3]


def test_superpixels_are_smaller_for_a_smaller_side() -> None:
    lab = lab_of(draw_facade(160, 120).photo)
    assert superpixels(lab, 12, 30).max() > superpixels(lab, 30, 30).max()


def test_a_photo_smaller_than_a_superpixel_is_one() -> None:
    assert superpixels(lab_of(np.zeros((8, 90, 3), np.uint8)), 40, 30).max() == 1


def test_places_of_clusters_are_divided_by_the_importance_of_colour() -> None:
    photo = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert points_of(photo, np.array([6]), 2.0).tolist() == [[18, 19, 20, 0.5, 1.0]]


def test_there_are_no_more_clusters_than_points() -> None:
    points = np.array([[0, 0], [9, 9]], np.float32)
    assert len(fit_centres(points, 5, 2, 0)) == 2


def test_each_point_takes_the_nearest_centre() -> None:
    centres = np.array([[0, 0], [10, 0]], np.float32)
    assert nearest(np.array([[4, 0], [6, 0], [5, 0]], np.float32), centres).tolist() == [0, 1, 0]


def test_a_sample_finds_the_clusters_that_all_pixels_give() -> None:
    photo = two_halves((20, 20, 20), (220, 220, 220))
    few = method_parameters("kmeans", {"k": 2, "sample_size": 50})
    all_pixels = method_parameters("kmeans", {"k": 2, "sample_size": 0})
    sampled, full = (create_segmenter("kmeans", each).segment(photo) for each in (few, all_pixels))
    assert (np.unique(sampled[:, :40]).size, np.unique(sampled[:, 40:]).size) == (1, 1)
    assert ((sampled == sampled[0, 0]) == (full == full[0, 0])).all()


def test_means_of_superpixels_are_place_and_colour() -> None:
    labels = np.array([[1, 1], [2, 2]], np.int32)
    lab = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert means_of(labels, lab).tolist() == [[0, 0.5, 1.5, 2.5, 3.5], [1, 0.5, 7.5, 8.5, 9.5]]


def test_clusters_of_superpixels_are_numbered_from_1() -> None:
    labels = create_segmenter("slickmeans").segment(draw_facade(200, 120).photo)
    assert labels.min() == 1 and labels.max() == 15


def test_a_level_set_is_cut_into_steps_of_equal_height() -> None:
    level_set = np.linspace(-3, 5, 256)[None]
    found = steps(level_set, 4)
    assert found.min() == 1 and found.max() == 4
    assert np.bincount(found[0])[1:].tolist() == [64, 64, 64, 64]


@pytest.mark.parametrize("number_of_bins", [1, 3, 20, 256])
def test_there_are_never_more_steps_than_asked_for(number_of_bins: int) -> None:
    assert steps(np.linspace(0, 1, 999)[None], number_of_bins).max() == number_of_bins


def test_a_flat_level_set_is_one_step() -> None:
    assert steps(np.full((3, 3), 2.5), 20).max() == 1


def test_colours_are_taken_as_red_green_blue() -> None:
    # in Lab blue and black lie farther apart than red and orange; with swapped channels it would be the other way round
    photo = draw_facade(120, 80).photo
    for name in ("quickshift", "superpixel"):
        found, swapped = (
            create_segmenter(name).segment(np.ascontiguousarray(each)) for each in (photo, photo[:, :, ::-1])
        )
        assert (found != swapped).any()


@pytest.mark.parametrize("name", ["felzenszwalb", "graph"])
def test_small_segments_join_their_neighbours(name: str) -> None:
    photo = two_halves((30, 60, 90), (200, 180, 20))
    photo[10:14, 10:14] = 255
    kept = method_parameters(name, {"min_segment_size": 1, "sigma": 0.01})
    joined = method_parameters(name, {"min_segment_size": 100, "sigma": 0.01})
    assert create_segmenter(name, kept).segment(photo).max() == 3
    assert create_segmenter(name, joined).segment(photo).max() == 2


@pytest.mark.parametrize("name", ["felzenszwalb", "graph"])
def test_areas_in_pixels_are_those_of_the_photo_on_a_coarse_grid_too(name: str) -> None:
    photo = np.repeat(np.repeat(two_halves((30, 60, 90), (200, 180, 20)), 4, axis=0), 4, axis=1)
    photo[40:60, 40:60] = 255  # 400 pixels, 25 on the copy
    grid = {"grid_megapixels": 0.0032, "sigma": 0.01}
    kept = method_parameters(name, {"min_segment_size": 200} | grid)
    joined = method_parameters(name, {"min_segment_size": 800} | grid)
    assert create_segmenter(name, kept).segment(photo).max() == 3
    assert create_segmenter(name, joined).segment(photo).max() == 2
