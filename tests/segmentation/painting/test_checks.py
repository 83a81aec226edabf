"""The check of a canvas follows every change, and tells canvases apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segmentation.painting.canvas import Canvas
from segmentation.painting.checks import CanvasChecks, plane_check
from segmentation.painting.replay import replay

HEIGHT, WIDTH = 9, 11
points = st.tuples(st.integers(-1, WIDTH), st.integers(-1, HEIGHT)).map(list)
actions = st.lists(
    st.one_of(
        st.fixed_dictionaries({"action": st.sampled_from(["fill", "unfill"]), "at": points}),
        st.fixed_dictionaries(
            {
                "action": st.sampled_from(["cut", "fill_stroke", "unfill_stroke"]),
                "points": st.lists(points, min_size=1, max_size=3),
            }
        ),
        st.sampled_from([{"action": name} for name in ("undo", "redo", "reset")]),
        st.sampled_from([{"action": "colour", "colour": [0, 0, 255]}, {"action": "colour", "colour": [255, 255, 255]}]),
        st.just({"action": "labels", "file": "other"}),
    ),
    max_size=25,
)


def labels(seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 4, (HEIGHT, WIDTH)) * 5_000_000 // 3


@settings(deadline=None, max_examples=80)
@given(actions)
def test_the_check_is_that_of_the_planes_after_every_action(done: list[dict[str, Any]]) -> None:
    canvas = Canvas(labels())
    checks = CanvasChecks(canvas)
    for action in done:
        replay(canvas, [action], read_labels=lambda file: labels(1))
        assert checks.both == (plane_check(canvas.paint), plane_check(canvas.labels_and_cuts))
        assert checks.num_painted == np.count_nonzero(canvas.paint)


def test_the_check_is_the_sum_of_numbers_times_places() -> None:
    plane = np.array([[1, -2], [0, 2**31 - 1]], np.int32)
    assert plane_check(plane) == (1 * 1 + -2 * 2 + 4 * (2**31 - 1)) % 2**32


def test_a_large_plane_is_summed_in_blocks() -> None:
    plane = np.random.default_rng(3).integers(-(2**31), 2**31, (1200, 1100), dtype=np.int64).astype(np.int32)
    places = range(1, plane.size + 1)
    assert plane_check(plane) == sum(map(int.__mul__, places, plane.reshape(-1).tolist())) % 2**32


def test_paint_of_another_place_or_colour_has_another_check() -> None:
    found = set()
    for colour in ((1, 2, 3), (3, 2, 1)):
        for point in ((0, 0), (10, 8)):
            canvas = Canvas(np.arange(1, HEIGHT * WIDTH + 1).reshape(HEIGHT, WIDTH))
            checks = CanvasChecks(canvas)
            canvas.set_colour(colour)
            canvas.fill(point)
            found.add(checks.paint)
    assert len(found) == 4
