"""Connected parts of masks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from segmentation.parts import connected_parts, labels_of_mask


def test_parts_are_4_connected_and_numbered_row_by_row() -> None:
    mask = np.array([[0, 1, 0, 1], [1, 0, 0, 1], [1, 0, 1, 0]], bool)
    labels, count = connected_parts(mask)
    assert labels.tolist() == [[0, 1, 0, 2], [3, 0, 0, 2], [3, 0, 4, 0]] and count == 4


def test_parts_inside_come_first_then_those_outside() -> None:
    mask = np.array([[0, 1, 0], [0, 1, 0]], bool)
    assert labels_of_mask(mask).tolist() == [[2, 1, 3], [2, 1, 3]]


@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=8)))
def test_every_pixel_has_an_id_and_no_id_is_on_both_sides(mask: np.ndarray) -> None:
    labels = labels_of_mask(mask)
    assert np.unique(labels).tolist() == list(range(1, labels.max() + 1))
    assert not set(labels[mask].tolist()) & set(labels[~mask].tolist())
