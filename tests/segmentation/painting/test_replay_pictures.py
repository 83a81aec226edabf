"""The action ``picture``: opaque pixels in their own colours, one step, inside the photo."""

from __future__ import annotations

import numpy as np
import pytest

from segmentation.painting.canvas import Canvas
from segmentation.painting.planes import paint_of
from segmentation.painting.replay import replay

MASK = np.array([[True, False, True], [False, True, True]])
COLOURS = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
PICTURE = {"action": "picture", "file": "a.png", "at": [2, 1]}


def read(file: str) -> tuple[np.ndarray, np.ndarray]:
    assert file == "a.png"
    return COLOURS, MASK


def test_opaque_pixels_are_painted_in_their_own_colours() -> None:
    canvas = Canvas(np.ones((4, 6), int))
    (reply,) = replay(canvas, [PICTURE], read_picture=read)
    assert reply.num_painted == 4 and reply.box == (2, 1, 3, 2)
    for row, column in zip(*np.nonzero(MASK), strict=True):
        assert canvas.paint[1 + row, 2 + column] == paint_of(tuple(COLOURS[row, column].tolist()))
    assert np.count_nonzero(canvas.paint) == 4


def test_it_is_one_step_that_ends_a_cut() -> None:
    canvas = Canvas(np.ones((4, 6), int))
    replay(
        canvas, [{"action": "fill", "at": [0, 0]}, {"action": "cut", "points": [[0, 0]]}, PICTURE], read_picture=read
    )
    assert canvas.cut_from is None and len(canvas.history.done) == 2
    canvas.undo()
    assert (canvas.paint == paint_of((204, 0, 0))).all()


def test_the_same_again_changes_nothing() -> None:
    canvas = Canvas(np.ones((4, 6), int))
    replies = replay(canvas, [PICTURE, PICTURE], read_picture=read)
    assert replies[1].box is None and replies[1].note and len(canvas.history.done) == 1


@pytest.mark.parametrize("at", [[4, 0], [0, 3], [-1, 0], [0, -1]])
def test_a_picture_that_leaves_the_photo_is_refused(at: list[int]) -> None:
    with pytest.raises(ValueError, match="action 1 .* does not fit"):
        replay(Canvas(np.ones((4, 6), int)), [PICTURE | {"at": at}], read_picture=read)


def test_without_a_reader_it_cannot_be_done() -> None:
    with pytest.raises(ValueError, match="cannot be done here"):
        replay(Canvas(np.ones((4, 6), int)), [PICTURE])
