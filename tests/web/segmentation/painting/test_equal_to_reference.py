"""The painting of the page is equal to the reference: canvas, replies and history, after every action of a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as drawn
from numpy.typing import NDArray

from segmentation.painting.planes import MAX_LABEL
from segmentation.painting.replies import Stamp
from storage.formats.paint_classes import PaintClass
from tests.web.segmentation.painting.both import Painting, assert_equal_in_both, told_by_page

pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright")

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Black, its neighbours, pairs that differ in one channel, the strongest.
COLOURS = [[0, 0, 0], [0, 0, 1], [1, 0, 0], [204, 0, 0], [204, 0, 1], [205, 0, 0], [204, 1, 0], [255, 255, 255]]
CLASSES = (PaintClass("wall", (204, 0, 0)), PaintClass("window", (0, 0, 1)))


@st.composite
def paintings(draw: st.DrawFn) -> Painting:
    """Draw a small label image, with edges, and a script of all actions, with points beyond the photo."""
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 11))
    labels = drawn.arrays(np.int32, (height, width), elements=st.sampled_from([0, 1, 1, 1, 2, 2, MAX_LABEL]))
    point = st.tuples(st.integers(-2, width + 1), st.integers(-2, height + 1)).map(list)
    points = st.lists(point, min_size=1, max_size=4)
    action = st.one_of(
        st.builds(lambda kind, at: {"action": kind, "at": at}, st.sampled_from(["fill", "fill", "unfill"]), point),
        st.builds(
            lambda kind, way: {"action": kind, "points": way},
            st.sampled_from(["fill_stroke", "unfill_stroke", "cut", "cut"]),
            points,
        ),
        st.builds(lambda colour: {"action": "colour", "colour": colour}, st.sampled_from(COLOURS)),
        st.sampled_from([{"action": "class", "name": one.name} for one in CLASSES]),
        st.sampled_from([{"action": kind} for kind in ("undo", "undo", "redo", "reset", "templates")]),
        st.just({"action": "labels", "file": "other"}),
    )
    return Painting(
        draw(labels),
        draw(st.lists(action, min_size=1, max_size=24)),
        CLASSES,
        {"other": draw(labels)},
        draw_stamps(draw, height, width),
        draw(st.sampled_from([1, 3, 200])),
        draw(st.sampled_from([1, 60, 400, 1 << 27])),
    )


def draw_stamps(draw: st.DrawFn, height: int, width: int) -> tuple[Stamp, ...]:
    """Draw up to three pictures that fit, which may overlap and have holes."""
    stamps = []
    for _ in range(draw(st.integers(0, 3))):
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        shape = draw(st.integers(1, height - top)), draw(st.integers(1, width - left))
        colours = draw(drawn.arrays(np.uint8, (*shape, 3), elements=st.sampled_from([0, 1, 204])))
        stamps.append(Stamp(left, top, colours, draw(drawn.arrays(np.bool_, shape))))
    return tuple(stamps)


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(painting=paintings())
def test_any_script_gives_the_same_in_both(modules: Page, painting: Painting) -> None:
    assert_equal_in_both(modules, painting)


def blocks(seed: int, height: int, width: int, side: int, num_labels: int) -> NDArray[np.int32]:
    """Draw squares of random labels, 0 among them: regions of several squares, with edges."""
    few = np.random.default_rng(seed).integers(0, num_labels, (height // side + 1, width // side + 1))
    return np.kron(few, np.ones((side, side), int))[:height, :width].astype(np.int32)


def random_script(seed: int, height: int, width: int, length: int) -> list[dict[str, Any]]:
    """Draw a long script: mostly what a person does, seldom what none would do."""
    random = np.random.default_rng(seed)

    def point() -> list[int]:
        return [int(random.integers(-3, width + 3)), int(random.integers(-3, height + 3))]

    kinds = ["fill", "unfill", "cut", "fill_stroke", "unfill_stroke", "colour", "undo", "redo", "reset"]
    script: list[dict[str, Any]] = []
    for kind in random.choice(kinds, length, p=[0.3, 0.1, 0.2, 0.08, 0.05, 0.12, 0.08, 0.06, 0.01]):
        if kind in ("fill", "unfill"):
            script.append({"action": kind, "at": point()})
        elif kind == "colour":
            script.append({"action": kind, "colour": COLOURS[random.integers(len(COLOURS))]})
        elif kind in ("undo", "redo", "reset"):
            script.append({"action": str(kind)})
        else:
            script.append({"action": str(kind), "points": [point() for _ in range(random.integers(1, 6))]})
    return script


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("side", "num_labels"), [(1, 3), (4, 3), (9, 6), (60, 2)])
def test_a_long_script_on_larger_segments_gives_the_same_in_both(
    modules: Page, seed: int, side: int, num_labels: int
) -> None:
    height, width = (37, 83) if seed % 2 else (71, 40)
    script = random_script(seed, height, width, 120)
    assert_equal_in_both(modules, Painting(blocks(seed, height, width, side, num_labels), script, CLASSES))


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 2)])
def test_the_narrowest_photos_give_the_same_in_both(modules: Page, shape: tuple[int, int]) -> None:
    labels = np.ones(shape, dtype=np.int32)
    assert_equal_in_both(modules, Painting(labels, random_script(9, *shape, 200)))


def test_a_region_that_winds_back_and_forth_is_filled_whole_in_both(modules: Page) -> None:
    labels = np.ones((61, 61), dtype=np.int32)
    labels[1::4, :-1] = labels[3::4, 1:] = 2  # one corridor from the top to the bottom
    spiral = np.rot90(labels).copy()
    for image in (labels, spiral, np.indices((50, 50)).sum(axis=0).astype(np.int32) % 2 + 1):
        actions = [
            {"action": "fill", "at": [0, 0]},
            {"action": "fill", "at": [1, 0]},
            {"action": "unfill", "at": [0, 0]},
        ]
        assert_equal_in_both(modules, Painting(image, actions))


def test_strokes_over_cuts_leave_them_open_in_both(modules: Page) -> None:
    labels = np.ones((30, 40), dtype=np.int32)
    actions = [
        {"action": "cut", "points": [[0, 10], [39, 20], [-5, 3], [10, 29]]},
        {"action": "fill_stroke", "points": [[0, 0], [39, 29], [0, 29]]},
        {"action": "colour", "colour": [0, 0, 0]},
        {"action": "fill_stroke", "points": [[5, 25], [35, 2]]},
        {"action": "unfill_stroke", "points": [[0, 11], [39, 21]]},
        {"action": "reset"},
        *[{"action": "undo"}] * 8,
        *[{"action": "redo"}] * 8,
    ]
    assert_equal_in_both(modules, Painting(labels, actions))


def test_undo_ends_where_the_oldest_step_was_forgotten_in_both(modules: Page) -> None:
    labels = np.arange(1, 261, dtype=np.int32).reshape(13, 20)
    fills = [{"action": "fill", "at": [place % 20, place // 20]} for place in range(230)]
    painting = Painting(labels, [*fills, *[{"action": "undo"}] * 205, *[{"action": "redo"}] * 205])
    assert_equal_in_both(modules, painting)
    told = told_by_page(modules, painting)
    assert told[229][5] == 200 and told[-206][3] == "there is nothing to undo"


def test_a_history_of_bounded_memory_forgets_the_same_steps_in_both(modules: Page) -> None:
    labels = blocks(3, 64, 64, 1, 3)
    painting = Painting(labels, [*random_script(3, 64, 64, 150), *[{"action": "undo"}] * 60], max_bytes=20_000)
    assert_equal_in_both(modules, painting)
    assert max(told[7] for told in told_by_page(modules, painting)) > 15_000


def test_a_colour_or_a_label_that_is_none_is_refused_in_the_page(modules: Page) -> None:
    for wrong in ([256, 0, 0], [0.5, 0, 0], [1, 2]):
        with pytest.raises(Exception, match="is no colour"):
            told_by_page(modules, Painting(np.ones((2, 2), np.int32), [{"action": "colour", "colour": wrong}]))
    with pytest.raises(Exception, match="must be 0 to"):
        told_by_page(modules, Painting(np.full((2, 2), MAX_LABEL + 1), []))
