"""Layers hold the same pixels as what they were made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segmentation.painting.canvas import Canvas
from segmentation.painting.layers import Layer, layer_of_masks, layer_of_plane, layer_of_stamps
from segmentation.painting.planes import paint_of
from segmentation.painting.replies import Stamp

SHAPE = (7, 9)
RED, BLUE = (204, 0, 0), (0, 0, 204)
planes = arrays(
    np.int32, SHAPE, elements=st.sampled_from([0, 0, 0, paint_of(RED), paint_of(BLUE), paint_of((0, 0, 0))])
)


def drawn(layer: Layer) -> np.ndarray:
    plane = np.zeros(SHAPE[0] * SHAPE[1], np.int32)
    for start, length, paint in layer.runs.tolist():
        assert not plane[start : start + length].any()
        plane[start : start + length] = paint
    return plane.reshape(SHAPE)


@settings(deadline=None, max_examples=80)
@given(planes)
def test_runs_and_picture_hold_the_plane(plane: np.ndarray) -> None:
    layer = layer_of_plane(plane)
    assert np.array_equal(drawn(layer), plane) and layer.num_pixels == np.count_nonzero(plane)
    assert (np.diff(layer.runs[:, 0]) > 0).all()
    if layer.box is None:
        assert not plane.any()
        return
    canvas = Canvas(np.ones(SHAPE, int))
    canvas.paint_stamps([Stamp(*layer.box[:2], *layer.picture())])
    assert np.array_equal(canvas.paint, plane)


@settings(deadline=None, max_examples=40)
@given(planes)
def test_the_box_is_the_smallest(plane: np.ndarray) -> None:
    layer = layer_of_plane(plane)
    if layer.box is not None:
        rows, columns = np.nonzero(plane)
        left, top = int(columns.min()), int(rows.min())
        assert layer.box == (left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1)


def test_an_empty_layer_has_no_picture() -> None:
    with pytest.raises(ValueError, match="nothing is painted"):
        layer_of_plane(np.zeros(SHAPE, np.int32)).picture()


def test_later_masks_lie_over_earlier_ones() -> None:
    below, above = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    below[1:4], above[2:3, 2:5] = True, True
    plane = drawn(layer_of_masks([(RED, below), (BLUE, above)], SHAPE))
    assert (plane[2, 2:5] == paint_of(BLUE)).all() and (plane[1] == paint_of(RED)).all() and not plane[4:].any()


def test_stamps_give_what_a_canvas_paints() -> None:
    random = np.random.default_rng(5)
    stamps = [
        Stamp(left, top, random.integers(0, 256, (3, 4, 3), dtype=np.uint8), random.random((3, 4)) < 0.7)
        for left, top in ((0, 0), (2, 1), (5, 4))
    ]
    canvas = Canvas(np.ones(SHAPE, int))
    canvas.paint_stamps(stamps)
    assert np.array_equal(drawn(layer_of_stamps(stamps, SHAPE)), canvas.paint)
