"""The rules of painting: every action, its undo, its replies."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation.painting import replies
from segmentation.painting.canvas import START_COLOUR, Canvas
from segmentation.painting.planes import MAX_LABEL
from segmentation.painting.replies import Stamp
from storage.errors import UsageError
from storage.formats.paint_classes import PaintClass

RED, BLUE, BLACK = (204, 0, 0), (0, 0, 204), (0, 0, 0)


def halves() -> Canvas:
    """6 x 6 pixels: label 1 in the three columns at the left, label 2 in those at the right."""
    labels = np.ones((6, 6), dtype=np.int32)
    labels[:, 3:] = 2
    return Canvas(labels)


def num_painted(canvas: Canvas) -> int:
    return int(canvas.is_painted.sum())


def test_the_pixels_of_six_by_six_are_counted_after_each_step() -> None:
    canvas = halves()
    counts = []
    for action in (
        lambda: canvas.fill((0, 0)),  # 18: the left half
        lambda: canvas.cut((0, 2)),
        lambda: canvas.cut((2, 2)),  # 15: three pixels are edge now
        lambda: canvas.set_colour(BLUE),
        lambda: canvas.fill((0, 5)),  # 15: what lies below the cut is blue
        lambda: canvas.unfill((0, 0)),  # 9: the red above the cut goes
        lambda: canvas.fill((0, 0)),  # 15: and is filled again, up to the cut
        canvas.undo,  # 9
        canvas.reset,  # 0
        canvas.undo,  # 9
    ):
        action()
        counts.append(num_painted(canvas))
    assert counts == [18, 18, 15, 15, 15, 9, 15, 9, 0, 9]
    assert canvas.mask_of(BLUE).sum() == 9 and canvas.colours() == [BLUE]
    assert (canvas.labels[2, :3] == 0).all() and (canvas.labels[[0, 5], 0] == 1).all()


def test_a_fill_paints_the_segment_and_tells_what_changed() -> None:
    canvas = halves()
    reply = canvas.fill((4, 1))
    assert (reply.num_painted, reply.num_labelled, reply.box, reply.note) == (18, 0, (3, 0, 3, 6), "")
    assert canvas.mask_of(START_COLOUR)[:, 3:].all() and not canvas.is_painted[:, :3].any()
    assert canvas.paint_picture[0, 5].tolist() == list(START_COLOUR) and not canvas.paint_picture[0, 0].any()


def test_a_segment_that_comes_twice_is_filled_where_the_click_was() -> None:
    canvas = Canvas(np.array([[7, 1, 7]]))
    canvas.fill((0, 0))
    assert canvas.is_painted.tolist() == [[True, False, False]]


def test_a_fill_of_what_is_painted_recolours_the_region_of_equal_colour_over_segments() -> None:
    canvas = halves()
    canvas.fill((0, 0))
    canvas.fill((5, 0))
    canvas.set_colour(BLUE)
    assert canvas.fill((0, 0)).num_painted == 36
    assert canvas.mask_of(BLUE).all()


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_colours_that_differ_in_one_channel_only_are_two_regions(channel: int) -> None:
    # S1 and S8: the red channel counts, and equal means equal in all three at the same pixel.
    other = tuple(level + (place == channel) for place, level in enumerate(RED))
    canvas = halves()
    canvas.fill((0, 0))
    canvas.set_colour(other)  # type: ignore[arg-type]
    canvas.fill((5, 0))
    canvas.set_colour(BLUE)
    assert canvas.fill((5, 5)).num_painted == 18
    assert canvas.unfill((0, 0)).num_painted == 18
    assert canvas.colours() == [BLUE]


def test_paint_equal_by_channel_but_never_at_one_pixel_is_not_one_region() -> None:
    # S8: the three floods of single channels overlap in more than the flood of equal colour.
    canvas = Canvas(np.arange(1, 6).reshape(1, 5))
    for x, colour in enumerate([(1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 1), (1, 1, 1)]):
        canvas.set_colour(colour)
        canvas.fill((x, 0))
    assert canvas.unfill((0, 0)).num_painted == 1


def test_a_cut_over_unpainted_pixels_can_be_undone_and_redone() -> None:
    # S2
    canvas = halves()
    canvas.cut((1, 0))
    reply = canvas.cut((1, 5))
    assert (reply.num_painted, reply.num_labelled, reply.box) == (0, 6, (1, 0, 1, 6))
    assert (canvas.labels[:, 1] == 0).all()
    canvas.undo()
    assert (canvas.labels[:, :3] == 1).all()
    canvas.redo()
    assert (canvas.labels[:, 1] == 0).all() and canvas.fill((0, 0)).num_painted == 6


def test_a_cut_takes_paint_off_its_pixels() -> None:
    canvas = halves()
    canvas.fill((0, 0))
    canvas.cut((0, 0))
    reply = canvas.cut((5, 5))
    assert (reply.num_painted, reply.num_labelled) == (3, 6)
    assert num_painted(canvas) == 15


def test_a_chain_of_cuts_is_one_step_per_line() -> None:
    canvas = halves()
    notes = [canvas.cut(point).note for point in ((0, 0), (5, 0), (5, 5))]
    assert notes == [replies.FIRST_POINT, "", ""]
    assert len(canvas.history.done) == 2
    canvas.undo()
    assert (canvas.labels[0] == 0).all() and canvas.labels[3, 5] == 2


@pytest.mark.parametrize("between", ["fill", "unfill", "undo", "redo", "reset", "fill_stroke"])
def test_what_comes_between_ends_a_chain_of_cuts(between: str) -> None:
    canvas = halves()
    canvas.cut((0, 0))
    arguments = {"fill": [(5, 5)], "unfill": [(5, 5)], "fill_stroke": [[(5, 5)]]}.get(between, [])
    getattr(canvas, between)(*arguments)
    assert canvas.cut((5, 0)).note == replies.FIRST_POINT


def test_a_colour_and_a_point_outside_do_not_end_a_chain_of_cuts() -> None:
    canvas = halves()
    canvas.cut((0, 0))
    canvas.set_colour(BLUE)
    assert canvas.fill((6, 0)).note == replies.OUTSIDE
    assert canvas.cut((0, -1)).note == replies.OUTSIDE
    assert canvas.cut((5, 0)).num_labelled == 6


def test_black_paint_is_warned_of() -> None:
    # S3
    canvas = halves()
    assert canvas.colour != BLACK
    assert canvas.set_colour(BLACK).note == replies.BLACK_PAINT
    reply = canvas.fill((0, 0))
    assert reply.note == replies.BLACK_PAINT and reply.num_painted == 18
    assert canvas.colours() == [BLACK] and canvas.mask_of(BLACK).sum() == 18


def test_a_click_on_an_edge_fills_nothing_and_says_so() -> None:
    # S7
    labels = np.ones((5, 5), dtype=np.int32)
    labels[2] = 0
    canvas = Canvas(labels)
    reply = canvas.fill((0, 2))
    assert reply.note == replies.ON_EDGE and num_painted(canvas) == 0 and not canvas.history.done


def test_a_click_on_a_cut_fills_nothing_either() -> None:
    canvas = halves()
    canvas.cut((0, 2))
    canvas.cut((5, 2))
    assert canvas.fill((0, 2)).note == replies.ON_EDGE


def test_a_stroke_is_one_step_and_leaves_no_gap_between_its_points() -> None:
    # S6: one entry per gesture
    canvas = Canvas(np.arange(1, 21).reshape(1, 20))
    reply = canvas.fill_stroke([(2, 0), (9, 0), (12, 0)])
    assert reply.num_painted == 11 and reply.box == (2, 0, 11, 1)
    assert len(canvas.history.done) == 1
    assert canvas.unfill_stroke([(4, 0), (30, 0)]).num_painted == 11
    canvas.undo()
    canvas.undo()
    assert num_painted(canvas) == 0


def test_a_stroke_leaves_edges_out_and_goes_by_its_direction() -> None:
    canvas = Canvas(np.array([[1, 0, 2]]))
    assert canvas.fill_stroke([(0, 0), (2, 0)]).num_painted == 2
    assert canvas.is_painted.tolist() == [[True, False, True]]
    assert canvas.fill_stroke([(1, 0)]).note == replies.NOTHING_CHANGED
    assert canvas.fill_stroke([(-5, 3)]).note == replies.NOTHING_CHANGED


def test_a_reset_takes_all_paint_off_closes_cuts_and_can_be_undone() -> None:
    canvas = halves()
    before = canvas.checksum()
    canvas.fill((0, 0))
    canvas.cut((0, 0))
    canvas.cut((5, 5))
    painted = canvas.checksum()
    reply = canvas.reset()
    assert canvas.checksum() == before and (reply.num_painted, reply.num_labelled) == (15, 6)
    canvas.undo()
    assert canvas.checksum() == painted
    canvas.redo()
    assert canvas.checksum() == before and canvas.reset().note == replies.NOTHING_CHANGED


def test_other_labels_keep_the_paint_and_are_one_step() -> None:
    canvas = halves()
    canvas.fill((0, 0))
    canvas.cut((0, 0))
    canvas.cut((0, 5))
    before = canvas.checksum()
    other = np.full((6, 6), 9)
    assert canvas.apply_labels(other).num_labelled == 36
    assert num_painted(canvas) == 12 and (canvas.labels == 9).all()
    canvas.reset()
    assert (canvas.labels == 9).all(), "a reset goes back to the labels that were applied last"
    canvas.undo()
    canvas.undo()
    assert canvas.checksum() == before
    other[:] = 1
    canvas.redo()
    assert (canvas.labels == 9).all(), "the canvas keeps labels of its own"


def test_stamps_are_one_step_and_the_later_one_lies_on_top() -> None:
    canvas = halves()
    mask = np.array([[True, True], [True, False]])
    first = Stamp(0, 0, np.full((2, 2, 3), 10, np.uint8), mask)
    second = Stamp(1, 0, np.full((2, 2, 3), 20, np.uint8), mask)
    assert canvas.paint_stamps([first, second]).box == (0, 0, 3, 2)
    assert canvas.mask_of((10, 10, 10)).sum() == 2 and canvas.mask_of((20, 20, 20)).sum() == 3
    canvas.undo()
    assert num_painted(canvas) == 0


def test_a_stamp_that_does_not_fit_is_refused_before_anything_is_painted() -> None:
    canvas = halves()
    fits = Stamp(0, 0, np.full((2, 2, 3), 10, np.uint8), np.ones((2, 2), bool))
    with pytest.raises(ValueError, match="does not fit"):
        canvas.paint_stamps([fits, Stamp(5, 0, fits.picture, fits.mask)])
    assert num_painted(canvas) == 0


def test_masks_of_an_earlier_session_are_painted_again() -> None:
    canvas = halves()
    canvas.fill((0, 0))
    canvas.set_colour(BLUE)
    canvas.fill((5, 0))
    again = halves()
    again.restore_paint([(colour, canvas.mask_of(colour)) for colour in canvas.colours()])
    assert again.checksum() == canvas.checksum()
    with pytest.raises(ValueError, match="shape"):
        again.restore_paint([(RED, np.ones((5, 6), bool))])


def test_what_changes_nothing_is_no_step_and_says_why() -> None:
    canvas = halves()
    assert canvas.undo().note == replies.NOTHING_TO_UNDO and canvas.redo().note == replies.NOTHING_TO_REDO
    assert canvas.unfill((0, 0)).note == replies.NOT_PAINTED
    canvas.fill((0, 0))
    assert canvas.fill((0, 0)).note == replies.ALREADY
    assert len(canvas.history.done) == 1


def test_a_class_has_its_colour_and_the_first_one_is_taken_up() -> None:
    canvas = Canvas(np.ones((2, 2), int), [PaintClass("crack", BLUE), PaintClass("spall", RED)])
    assert canvas.colour == BLUE
    canvas.set_class("spall")
    assert canvas.colour == RED
    with pytest.raises(ValueError, match="crack, spall"):
        canvas.set_class("dent")
    with pytest.raises(UsageError, match="black"):
        Canvas(np.ones((2, 2), int), [PaintClass("nothing", BLACK)])


@pytest.mark.parametrize(
    "labels",
    [np.zeros((0, 3), int), np.zeros((2, 2, 2), int), np.zeros((2, 2)), np.array([[-1]]), np.array([[MAX_LABEL + 1]])],
)
def test_what_is_no_label_image_is_refused(labels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="labels"):
        Canvas(labels)


def test_the_largest_label_can_be_filled_and_cut() -> None:
    canvas = Canvas(np.array([[MAX_LABEL, MAX_LABEL, 5]]))
    canvas.cut((1, 0))
    canvas.cut((1, 0))
    assert canvas.fill((0, 0)).num_painted == 1 and canvas.labels.tolist() == [[MAX_LABEL, 0, 5]]


@pytest.mark.parametrize("colour", [(256, 0, 0), (-1, 0, 0), (1, 2), (1.0, 2, 3), (True, 0, 0), "red"])
def test_what_is_no_colour_is_refused(colour: object) -> None:
    with pytest.raises(ValueError, match="colour"):
        halves().set_colour(colour)  # type: ignore[arg-type]


def test_a_snapshot_stays_while_its_canvas_is_painted_on() -> None:
    canvas = halves()
    canvas.fill((0, 0))
    canvas.cut((0, 2))
    canvas.cut((2, 2))
    taken, checksum = canvas.snapshot(), canvas.checksum()
    canvas.fill((5, 5))
    canvas.reset()
    assert taken.checksum() == checksum and num_painted(taken) == 15 and taken.colours() == [RED]
    assert not taken.history.done
