"""Whatever was done, undo gives back every byte, redo does it again; and memory is bounded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.painting import changes
from segmentation.painting.canvas import Canvas
from segmentation.painting.changes import Change, change_flooded, change_pixels, change_region
from segmentation.painting.floods import Region, flood
from segmentation.painting.history import MAX_STEPS, History, Step
from segmentation.painting.replay import replay
from segmentation.painting.replies import Stamp

SIDE = 9
at = st.tuples(st.integers(-1, SIDE), st.integers(-1, SIDE))
colours = st.sampled_from([(0, 0, 0), (204, 0, 0), (205, 0, 0), (0, 9, 0), (255, 255, 255)])
actions = st.one_of(
    st.builds(lambda colour: {"action": "colour", "colour": colour}, colours),
    st.builds(lambda kind, point: {"action": kind, "at": point}, st.sampled_from(["fill", "unfill"]), at),
    st.builds(
        lambda kind, points: {"action": kind, "points": points},
        st.sampled_from(["fill_stroke", "unfill_stroke", "cut"]),
        st.lists(at, min_size=1, max_size=4),
    ),
    st.builds(lambda seed: {"action": "labels", "file": str(seed)}, st.integers(0, 9)),
    st.builds(lambda seed: {"action": "templates", "seed": seed}, st.integers(0, 9)),
    st.sampled_from([{"action": "reset"}, {"action": "undo"}, {"action": "redo"}]),
)


def drawn_labels(seed: str) -> np.ndarray:
    return np.random.default_rng(int(seed)).integers(0, 3, (SIDE, SIDE))


def drawn_stamps(action: Any) -> list[Stamp]:
    rng = np.random.default_rng(action["seed"])
    return [Stamp(left, 2, rng.integers(0, 3, (4, 3, 3)).astype(np.uint8), rng.random((4, 3)) < 0.6) for left in (1, 3)]


def planes(canvas: Canvas) -> tuple[bytes, bytes]:
    return canvas.labels_and_cuts.tobytes(), canvas.paint.tobytes()


@settings(max_examples=80)
@given(st.integers(0, 99), st.lists(actions, max_size=12))
def test_undo_of_anything_gives_back_every_byte_and_redo_does_it_again(seed: int, done: list[dict[str, Any]]) -> None:
    canvas = Canvas(drawn_labels(str(seed)))
    states = [planes(canvas)]
    for action in done:
        if action["action"] not in ("undo", "redo"):
            replay(canvas, [action], drawn_stamps, drawn_labels)
    num_steps = len(canvas.history.done)
    end = planes(canvas)
    while canvas.history.done:
        canvas.undo()
        states.append(planes(canvas))
    assert len(states) == num_steps + 1 and (num_steps == 0 or states[-1] == states[0])
    for state in states[-2:0:-1]:
        canvas.redo()
        assert planes(canvas) == state
    canvas.redo()
    assert planes(canvas) == end


@settings(max_examples=60)
@given(st.integers(0, 99), st.lists(actions, max_size=12))
def test_a_reply_tells_just_what_changed(seed: int, done: list[dict[str, Any]]) -> None:
    canvas = Canvas(drawn_labels(str(seed)))
    for action in done:
        labels, paint = canvas.labels_and_cuts.copy(), canvas.paint.copy()
        (reply,) = replay(canvas, [action], drawn_stamps, drawn_labels)
        is_other = (labels != canvas.labels_and_cuts) | (paint != canvas.paint)
        if reply.box is None:
            assert not is_other.any()
        else:
            left, top, width, height = reply.box
            outside = is_other.copy()
            outside[top : top + height, left : left + width] = False
            assert not outside.any()
        assert reply.box or reply.note or action["action"] == "colour"


@given(st.integers(0, 99), st.integers(0, SIDE - 1), st.integers(0, SIDE - 1))
def test_fill_then_unfill_of_an_empty_canvas_leaves_it_empty(seed: int, x: int, y: int) -> None:
    canvas = Canvas(drawn_labels(str(seed)))
    before = planes(canvas)
    canvas.fill((x, y))
    canvas.unfill((x, y))
    assert planes(canvas) == before


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9), st.integers(1, 20), st.sampled_from([0, 48]))
def test_a_change_of_a_region_puts_its_numbers_there_and_nothing_elsewhere(
    seed: int, height: int, width: int, block: int, short_run: int
) -> None:
    rng = np.random.default_rng(seed)
    plane = rng.integers(0, 3, (height + 2, width + 3)).astype(np.int32)
    mask, new = rng.random((height, width)) < 0.7, rng.integers(0, 3, (height, width)).astype(np.int32)
    expected, before = plane.copy(), plane.copy()
    expected[1 : 1 + height, 2 : 2 + width][mask] = new[mask]
    former = changes.BLOCK_PIXELS, changes.SHORT_RUN
    changes.BLOCK_PIXELS, changes.SHORT_RUN = block, short_run
    try:
        change = change_region(plane, True, Region(2, 1, mask), new)
        assert (plane == before).all()
        change.make(plane)
        assert (plane == expected).all() and change.num_pixels == (expected != before).sum()
        change.take_back(plane)
    finally:
        changes.BLOCK_PIXELS, changes.SHORT_RUN = former
    assert (plane == before).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 9))
def test_the_changes_of_a_flooded_region_and_of_its_pixels_are_one(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    plane = rng.integers(0, 2, (height, width)).astype(np.int32)
    region = flood(plane, 0, 0)
    mask = np.zeros(plane.shape, bool)
    rows, columns = region.mask.shape
    mask[region.top : region.top + rows, region.left : region.left + columns] = region.mask
    made = [
        change_flooded(plane, True, region, 7),
        change_region(plane, True, region, 7),
        change_pixels(plane, True, np.flatnonzero(mask), 7),
    ]
    for change in made:
        assert change.starts.tolist() == made[0].starts.tolist()
        assert change.lengths.tolist() == made[0].lengths.tolist()
        assert change.before.tolist() == [plane[0, 0]] and change.after.tolist() == [7]
        assert (change.starts // width == (change.starts + change.lengths - 1) // width).all(), "a run leaves its row"


def test_no_more_than_two_hundred_steps_are_kept_and_the_oldest_go() -> None:
    canvas = Canvas(np.arange(1, 251).reshape(1, 250))
    for x in range(250):
        canvas.fill((x, 0))
    for _ in range(300):
        canvas.undo()
    assert MAX_STEPS == 200 and canvas.is_painted[0].tolist() == [True] * 50 + [False] * 200


def test_a_new_step_ends_what_can_be_redone() -> None:
    canvas = Canvas(np.arange(1, 4).reshape(1, 3))
    canvas.fill((0, 0))
    canvas.undo()
    canvas.fill((1, 0))
    canvas.redo()
    assert canvas.is_painted.tolist() == [[False, True, False]]


def test_memory_is_bounded_but_the_newest_step_always_stays() -> None:
    history = History(max_bytes=1000)
    wide = np.zeros(50, dtype=np.int32)
    for place in range(9):
        history.add(Step(str(place), (Change(True, wide, wide, wide[:1], wide[:1]),)))  # 408 bytes
    assert [step.label for step in history.done] == ["7", "8"] and history.num_bytes == 816
    huge = np.zeros(5000, dtype=np.int32)
    history.add(Step("huge", (Change(True, huge, huge, huge, huge),)))
    assert [step.label for step in history.done] == ["huge"]


def test_a_fill_of_a_whole_photo_takes_little_memory() -> None:
    canvas = Canvas(np.ones((1000, 1000), dtype=np.int32))
    canvas.fill((500, 500))
    assert canvas.history.num_bytes < 20_000


def test_an_action_that_cannot_be_done_is_named_with_its_place() -> None:
    canvas = Canvas(np.ones((2, 2), int))
    with pytest.raises(ValueError, match=r"action 2 \('class'\): no class 'x'"):
        replay(canvas, [{"action": "reset"}, {"action": "class", "name": "x"}])
    with pytest.raises(ValueError, match="cannot be done here"):
        replay(canvas, [{"action": "labels", "file": "a.png"}])
