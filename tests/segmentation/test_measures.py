"""What a table says of segments."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation.measures import measure_segments


def test_a_segment_has_size_place_and_mean_colour() -> None:
    labels = np.array([[1, 1, 2], [0, 2, 2]], np.int32)
    photo = np.zeros((2, 3, 3), np.uint8)
    photo[0, 0], photo[0, 1] = (10, 20, 30), (30, 20, 31)
    first, second = measure_segments(labels, photo)
    assert (first.id, first.pixels, first.left, first.top, first.width, first.height) == (1, 2, 0, 0, 2, 1)
    assert first.share == pytest.approx(2 / 6) and first.color == (20, 20, 30.5)
    assert (second.id, second.pixels, second.left, second.top, second.width, second.height) == (2, 3, 1, 0, 2, 2)


def test_a_photo_taller_than_a_block_is_counted_whole() -> None:
    labels = np.ones((700, 3), np.int32)
    labels[600:] = 2
    photo = np.full((700, 3, 3), 7, np.uint8)
    assert [each.pixels for each in measure_segments(labels, photo)] == [1800, 300]


def test_a_photo_of_edges_only_has_no_segment() -> None:
    assert measure_segments(np.zeros((3, 3), np.int32), np.zeros((3, 3, 3), np.uint8)) == []
