"""GrabCut by strokes and rectangles."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from segmentation import create_segmenter, method_parameters
from segmentation.grabcut import EmptyClassError, GrabCutState, StrokeKind
from segmentation.method_parameters import GrabCutParameters
from storage.errors import UsageError
from tests.drawn_segments import draw_object

DRAWN = draw_object()
AROUND = ((40, 28), (200, 152))


def iou(found: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(found & wanted) / np.count_nonzero(found | wanted))


def test_a_rectangle_around_a_drawn_object_cuts_it_out() -> None:
    state = GrabCutState(DRAWN.photo)
    state.add_rectangle(*AROUND)
    state.iterate()
    state.iterate()
    assert state.scale == 1 and state.num_rounds == 2
    assert iou(state.foreground(), DRAWN.mask) >= 0.95


def test_strokes_alone_cut_it_out() -> None:
    state = GrabCutState(DRAWN.photo)
    state.add_stroke([(90, 90), (150, 90)], StrokeKind.FOREGROUND, 9)
    state.add_stroke([(10, 10), (230, 10)], StrokeKind.BACKGROUND, 9)
    state.add_stroke([(10, 170), (230, 170)], StrokeKind.BACKGROUND, 9)
    for _ in range(4):
        state.iterate()
    assert iou(state.foreground(), DRAWN.mask) >= 0.95


def test_a_large_photo_is_cut_on_a_copy_with_a_border_on_the_edges_of_the_photo() -> None:
    large = draw_object(960, 720)
    found = {}
    for refine in (True, False):
        state = GrabCutState(large.photo, GrabCutParameters(grid_megapixels=0.05, refine=refine))
        state.add_rectangle((160, 112), (800, 608))
        state.iterate()
        found[refine] = iou(state.foreground(), large.mask)
        assert state.scale == pytest.approx(np.sqrt(0.05e6 / (960 * 720))) and state.mask.size <= 50_000
    assert found[True] >= 0.95 and found[True] > found[False]


def test_strokes_before_the_first_round_are_not_lost() -> None:
    state = GrabCutState(DRAWN.photo)
    state.add_stroke([(120, 100)], StrokeKind.BACKGROUND, 20)
    state.add_stroke([(5, 5)], StrokeKind.FOREGROUND, 8)
    state.add_rectangle(*AROUND)
    for _ in range(3):
        state.iterate()
        found = state.foreground()
        assert not found[100, 120] and found[5, 5]


def test_a_stroke_has_no_gaps_however_fast_the_pointer_is() -> None:
    state = GrabCutState(DRAWN.photo)
    state.add_stroke([(10, 20), (200, 140)], StrokeKind.FOREGROUND, 1)
    drawn = (state.strokes == StrokeKind.FOREGROUND).astype(np.uint8)
    assert cv2.connectedComponents(drawn, connectivity=8)[0] == 2


def test_a_later_stroke_lies_on_an_earlier_one() -> None:
    state = GrabCutState(DRAWN.photo)
    state.add_stroke([(50, 50)], StrokeKind.FOREGROUND, 9)
    state.add_stroke([(50, 50)], StrokeKind.PROBABLE_BACKGROUND, 1)
    assert state.strokes[50, 50] == StrokeKind.PROBABLE_BACKGROUND == state.mask[50, 50]


def test_what_is_outside_all_rectangles_stays_background() -> None:
    state = GrabCutState(DRAWN.photo)
    state.add_rectangle((120, 60), (230, 140))
    for _ in range(3):
        state.iterate()
    found = state.foreground()
    assert found[100, 140]
    found[60:140, 120:230] = False
    assert not found.any()


def test_a_second_rectangle_adds_a_second_object_and_keeps_the_first() -> None:
    photo = np.full((80, 200, 3), (60, 120, 60), np.uint8)
    photo += np.random.default_rng(0).integers(0, 9, photo.shape, dtype=np.uint8)
    photo[20:60, 20:60] = photo[20:60, 140:180] = (220, 40, 40)
    state = GrabCutState(photo)
    state.add_rectangle((10, 10), (70, 70))
    state.iterate()
    assert state.foreground()[40, 40] and not state.foreground()[40, 160]
    state.add_rectangle((130, 10), (190, 70))
    state.iterate()
    assert state.foreground()[40, 40] and state.foreground()[40, 160] and not state.foreground()[40, 100]
    assert state.labels().max() == 3


def test_a_rectangle_may_be_dragged_from_any_corner_and_out_of_the_photo() -> None:
    states = [GrabCutState(DRAWN.photo) for _ in range(2)]
    states[0].add_rectangle((200, 300), (40, -9))
    states[1].add_rectangle((40, 0), (200, 180))
    assert states[0].rectangles == states[1].rectangles == [(40, 0, 200, 180)]


def test_an_empty_rectangle_is_refused() -> None:
    with pytest.raises(UsageError, match="no pixel"):
        GrabCutState(DRAWN.photo).add_rectangle((5, 5), (5, 90))


def test_without_any_foreground_a_round_is_refused_and_the_mask_stays() -> None:
    state = GrabCutState(DRAWN.photo)
    before = state.mask.copy()
    with pytest.raises(EmptyClassError, match="0 pixels are foreground.*draw a foreground stroke"):
        state.iterate()
    assert (state.mask == before).all() and state.num_rounds == 0


def test_without_any_background_a_round_is_refused() -> None:
    state = GrabCutState(DRAWN.photo)
    state.add_rectangle((0, 0), (240, 180))
    with pytest.raises(EmptyClassError, match="0 pixels are background"):
        state.iterate()
    state.add_stroke([(5, 5), (235, 5)], StrokeKind.BACKGROUND, 7)
    state.iterate()
    assert state.num_rounds == 1


def test_after_a_reset_nothing_is_left() -> None:
    state = GrabCutState(DRAWN.photo)
    state.add_rectangle(*AROUND)
    state.add_stroke([(5, 5)], StrokeKind.FOREGROUND, 7)
    state.iterate()
    state.reset()
    assert not state.foreground().any() and not state.rectangles and state.num_rounds == 0


def test_the_same_steps_give_the_same_mask() -> None:
    masks = []
    for seed in (1, 2):
        state = GrabCutState(DRAWN.photo)
        state.add_rectangle(*AROUND)
        cv2.setRNGSeed(seed)
        state.iterate()
        masks.append(state.mask)
    assert (masks[0] == masks[1]).all()


@pytest.mark.parametrize("brush_size", [-1, 101])
def test_a_brush_out_of_range_is_refused(brush_size: float) -> None:
    with pytest.raises(ValueError, match="0 to 100"):
        GrabCutState(DRAWN.photo).add_stroke([(1, 1)], StrokeKind.FOREGROUND, brush_size)


def test_a_stroke_without_points_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one point"):
        GrabCutState(DRAWN.photo).add_stroke([], StrokeKind.FOREGROUND)


@pytest.mark.parametrize("side", [2, 4, 40])
def test_a_photo_too_small_for_its_rectangle_is_one_segment(side: int) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    labels = create_segmenter("grabcut", method_parameters("grabcut", {"margin": 0.49})).segment(photo)
    assert labels.shape == (side, side) and (labels == 1).all()


def test_in_a_folder_of_photos_the_object_in_the_middle_is_the_first_segment() -> None:
    segmenter = create_segmenter("grabcut", method_parameters("grabcut", {"iterations": 2}))
    labels = segmenter.segment(DRAWN.photo)
    assert iou(labels == labels[110, 120], DRAWN.mask) >= 0.95 and labels.min() == 1
