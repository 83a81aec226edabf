"""Numbers as they go over the wire."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from flask import Flask

from segmentation.painting.canvas import Canvas
from web.segmentation import binary


@pytest.fixture
def canvas() -> Canvas:
    canvas = Canvas(np.arange(1, 13).reshape(3, 4) // 4 + 1)
    canvas.fill((0, 0))
    canvas.cut((0, 2))
    canvas.cut((3, 2))
    return canvas


def test_planes_are_a_copy_labels_first(canvas: Canvas) -> None:
    numbers = binary.planes(canvas)
    labels, paint = numbers.reshape(2, 3, 4)
    assert np.array_equal(labels, canvas.labels_and_cuts) and np.array_equal(paint, canvas.paint)
    assert numbers.dtype == np.dtype("<i4") and (labels < 0).any()
    canvas.reset()
    assert paint.any()


def test_a_history_of_nothing_is_two_zeros() -> None:
    assert binary.history(Canvas(np.ones((2, 2), int)).history).tolist() == [0, 0]


def test_steps_stand_from_the_oldest_on_with_those_taken_back_behind(canvas: Canvas) -> None:
    canvas.undo()
    numbers = binary.history(canvas.history).tolist()
    assert numbers[:2] == [1, 1]
    fill = [1, 1, 1, 1, 1, 0, 3, 0, (1 << 24) + (204 << 16)]
    assert numbers[2 : 2 + len(fill)] == fill
    assert numbers[2 + len(fill)] == 1  # changes of the cut: there was no paint on its way


@pytest.mark.parametrize("size", [0, 1, 5, binary.CHUNK_BYTES // 4 - 1, binary.CHUNK_BYTES // 2 + 3])
def test_an_answer_holds_all_numbers_with_its_length(size: int) -> None:
    numbers = np.arange(size, dtype=np.int32) - 7
    with Flask("x").test_request_context("/"):
        answer = binary.binary_answer(numbers, False, 12)
    content = b"".join(answer.response)
    assert np.array_equal(np.frombuffer(content, "<i4"), numbers)
    assert answer.headers["Content-Length"] == str(4 * size) and answer.headers["X-Revision"] == "12"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("is_far", "accepted", "is_packed"), [(True, "gzip", 1), (True, "br", 0), (False, "gzip", 0)])
def test_only_far_browsers_that_take_it_get_packed_numbers(is_far: bool, accepted: str, is_packed: int) -> None:
    numbers = np.zeros(5000, np.int32)
    with Flask("x").test_request_context("/", headers={"Accept-Encoding": accepted}):
        answer = binary.binary_answer(numbers, is_far)
    content = b"".join(answer.response)
    assert (answer.headers.get("Content-Encoding") == "gzip") == bool(is_packed)
    assert (gzip.decompress(content) if is_packed else content) == numbers.tobytes()
    assert answer.headers["Content-Length"] == str(len(content))
