"""Tools of the server in the page: templates, GrabCut, Segment Anything, other segments."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from storage.encoding import encode_picture
from tests.web.segmentation.page.conftest import opened_page
from tests.web.segmentation.page.drawn_facade import (
    OBJECT,
    RADIUS,
    WINDOW_HEIGHT,
    WINDOW_WIDTH,
    WINDOWS,
    draw_facade,
    draw_object,
    overlap,
)
from tests.web.segmentation.page.painted_page import PaintedPage, colour_at

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

RED, BLUE = (204, 0, 0), (0, 0, 204)


def paint_one_window(painted: PaintedPage) -> None:
    """Fill both parts of the first window."""
    x, y = WINDOWS[0]
    painted.click(x + 20, y + 10)
    painted.click(x + 20, y + 45)
    painted.kept()


def test_a_painted_window_is_found_again_wherever_it_stands(painted: PaintedPage) -> None:
    paint_one_window(painted)
    painted.page.keyboard.press("t")
    x, y = WINDOWS[0]
    painted.drag((x - 4, y - 4), (x + WINDOW_WIDTH + 3, y + WINDOW_HEIGHT + 3))
    slider = painted.page.get_by_label("Difference allowed")
    expect(painted.page.locator(".side").get_by_text("1 place found")).to_be_visible()
    slider.fill("0.01")
    expect(painted.page.locator(".side").get_by_text(f"{len(WINDOWS)} places found")).to_be_visible()
    painted.page.get_by_role("button", name="Paint these").click()
    expect(painted.page.locator("#status")).to_have_text(f"{len(WINDOWS)} places painted.")
    paint = painted.paint()
    assert all(colour_at(paint, left + 20, top + 45) == RED for left, top in WINDOWS)
    assert (paint != 0).sum() == len(WINDOWS) * WINDOW_WIDTH * WINDOW_HEIGHT
    painted.assert_same_canvas()
    painted.page.keyboard.press("z")
    assert (painted.paint() != 0).sum() == WINDOW_WIDTH * WINDOW_HEIGHT


def test_templates_are_left_while_their_places_are_computed(painted: PaintedPage) -> None:
    held: list[Route] = []
    paint_one_window(painted)
    painted.page.keyboard.press("t")
    x, y = WINDOWS[0]
    painted.drag((x - 4, y - 4), (x + WINDOW_WIDTH + 3, y + WINDOW_HEIGHT + 3))
    expect(painted.page.locator(".side").get_by_text("1 place found")).to_be_visible()
    painted.page.route("**/templates/layer", lambda route: held.append(route))
    with painted.page.expect_request("**/templates/layer"):
        painted.page.get_by_role("button", name="Paint these").click()
    painted.page.keyboard.press("q")
    with painted.page.expect_response("**/templates/layer"):
        held[0].continue_()
    painted.page.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
    expect(painted.page.locator("#alert")).to_be_empty()
    assert (painted.paint() != 0).sum() == WINDOW_WIDTH * WINDOW_HEIGHT


def test_templates_are_chosen_as_files_and_nothing_is_painted_before_it_is_accepted(painted: PaintedPage) -> None:
    x, y = WINDOWS[3]
    template = draw_facade()[y - 2 : y + WINDOW_HEIGHT + 2, x - 2 : x + WINDOW_WIDTH + 2]
    segment = np.zeros_like(template)
    segment[2:-2, 2:-2] = BLUE
    painted.page.keyboard.press("t")
    painted.page.get_by_role("button", name="Choose files…").click()
    for name, picture in (("templates", template), ("segments", segment)):
        file = {"name": "w.png", "mimeType": "image/png", "buffer": encode_picture(picture, "png")}
        painted.page.locator(f"input[name={name}]").set_input_files(file)
    painted.page.get_by_role("button", name="Add", exact=True).click()
    painted.page.get_by_label("Difference allowed").fill("0.005")
    expect(painted.page.locator(".side").get_by_text(f"{len(WINDOWS)} places found")).to_be_visible()
    painted.page.keyboard.press("q")
    assert not painted.paint().any()


def cut_out(page: PaintedPage) -> None:
    """Open the photo of the object, and draw a box around it."""
    page.page.locator(".film-photo").nth(1).click()
    page.ready("b.png")
    page.page.keyboard.press("g")
    (x, y), reach = OBJECT, RADIUS + 12
    page.drag((x - reach, y - reach), (x + reach, y + reach), button="middle")


def test_grabcut_of_a_drawn_object_reaches_an_iou_of_095(painted: PaintedPage) -> None:
    cut_out(painted)
    painted.page.keyboard.press("Space")
    expect(painted.page.locator(".side").get_by_text("Round 1")).to_be_visible()
    painted.drag((OBJECT[0] - 20, OBJECT[1]), (OBJECT[0] + 20, OBJECT[1] + 10))  # surely object
    painted.drag((300, 40), (420, 60), button="right")  # surely not
    painted.page.keyboard.press("Space")
    expect(painted.page.locator(".side").get_by_text("Round 2")).to_be_visible()
    assert not painted.paint(1).any()
    painted.page.keyboard.press("f")
    expect(painted.page.locator("#status")).to_contain_text("pixels painted")
    found = painted.paint(1) != 0
    assert overlap(found, draw_object()[1]) >= 0.95
    painted.assert_same_canvas(1)


def test_an_object_becomes_segments_that_are_filled(painted: PaintedPage) -> None:
    cut_out(painted)
    painted.page.keyboard.press("Space")
    expect(painted.page.locator(".side").get_by_text("Round 1")).to_be_visible()
    painted.page.get_by_role("button", name="As segments").click()
    expect(painted.page.locator(".rail [aria-pressed=true]")).to_have_attribute("aria-label", "Fill")
    painted.click(*OBJECT)
    assert overlap(painted.paint(1) != 0, draw_object()[1]) >= 0.95


def test_what_grabcut_cannot_do_is_said(painted: PaintedPage) -> None:
    painted.page.keyboard.press("g")
    painted.page.keyboard.press("Space")
    expect(painted.page.locator("#alert")).to_contain_text("draw")
    painted.page.keyboard.press("q")
    expect(painted.page.locator(".rail [aria-pressed=true]")).to_have_attribute("aria-label", "Fill")


def test_without_a_checkpoint_segment_anything_says_what_it_needs(painted: PaintedPage) -> None:
    painted.page.keyboard.press("a")
    expect(painted.page.locator(".side .notice").first).to_contain_text("checkpoint")
    expect(painted.page.get_by_role("button", name="Predict")).to_be_hidden()
    painted.page.keyboard.press("Escape")
    expect(painted.page.locator(".rail [aria-pressed=true]")).to_have_attribute("aria-label", "Fill")


class SquarePredictor:
    """Finds what is in the box, with a square around each point put in or left out; the second mask is the best."""

    def set_image(self, image: NDArray[np.uint8]) -> None:
        self.shape = image.shape[:2]

    def predict(
        self,
        point_coords: NDArray[Any] | None = None,
        point_labels: NDArray[Any] | None = None,
        box: NDArray[Any] | None = None,
        multimask_output: bool = True,
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        mask = np.zeros(self.shape, bool)
        if box is not None:
            left, top, right, bottom = map(int, box)
            mask[top:bottom, left:right] = True
        if point_coords is not None and point_labels is not None:
            for (x, y), is_inside in zip(point_coords.astype(int), point_labels, strict=True):
                mask[y - 5 : y + 6, x - 5 : x + 6] = bool(is_inside)
        return np.stack([~mask, mask]), np.array([0.1, 0.9]), np.empty(0)


@pytest.fixture
def with_sam(browser: Browser, street: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PaintedPage]:
    """The page of a program that has a network."""
    monkeypatch.setattr("segmentation.sam.load_predictor", lambda parameters: SquarePredictor())
    monkeypatch.setattr("stages.segmenting.painting_tools.check_sam", lambda parameters: None)
    with opened_page(browser, street, {}) as page:
        page.open()
        yield page


def test_points_and_boxes_of_segment_anything_become_paint(with_sam: PaintedPage) -> None:
    given = with_sam.page.locator(".side").get_by_text(re.compile(r"^\d given$"))
    with_sam.page.keyboard.press("a")
    with_sam.drag((300, 120), (240, 100), button="middle")  # up and to the left
    with_sam.click(270, 110, button="right")
    with_sam.click(400, 300)
    expect(given).to_have_text("3 given")
    with_sam.page.keyboard.press("z")
    expect(given).to_have_text("2 given")
    with_sam.page.keyboard.press("Space")
    expect(with_sam.page.get_by_role("button", name="Paint it")).to_be_enabled()
    assert not with_sam.paint().any()
    with_sam.page.keyboard.press("f")
    expect(with_sam.page.locator("#status")).to_have_text("1,079 pixels painted.")
    paint = with_sam.paint() != 0
    assert paint.sum() == 60 * 20 - 11 * 11 and paint[100:120, 240:300].sum() == paint.sum()
    with_sam.assert_same_canvas()


def test_a_point_that_is_given_while_segment_anything_predicts_counts(
    with_sam: PaintedPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()
    predict = SquarePredictor.predict

    def wait_and_predict(*args: Any, **given: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        assert may_end.wait(60)
        return predict(*args, **given)

    monkeypatch.setattr(SquarePredictor, "predict", wait_and_predict)
    with_sam.page.keyboard.press("a")
    with_sam.drag((240, 100), (300, 120), button="middle")
    with_sam.page.keyboard.press("Space")
    expect(with_sam.page.get_by_text("Predicting …")).to_be_visible()
    with_sam.click(400, 300)
    may_end.set()
    expect(with_sam.page.get_by_role("button", name="Paint it")).to_be_enabled()
    with_sam.page.keyboard.press("f")
    expect(with_sam.page.locator("#status")).to_have_text(f"{60 * 20 + 11 * 11:,} pixels painted.")


def test_what_segment_anything_found_becomes_segments(with_sam: PaintedPage) -> None:
    with_sam.page.keyboard.press("a")
    with_sam.page.locator(".choice-of [data-name=box]").click()
    with_sam.drag((100, 100), (150, 130))
    with_sam.page.get_by_role("button", name="As segments").click()
    expect(with_sam.page.locator(".rail [aria-pressed=true]")).to_have_attribute("aria-label", "Fill")
    with_sam.click(120, 110)
    assert (with_sam.paint() != 0).sum() == 50 * 30


def test_another_method_takes_the_place_of_the_segments_and_paint_stays(painted: PaintedPage) -> None:
    painted.click(240, 20)
    painted.page.locator("#method").select_option("superpixel")
    expect(painted.page.locator("#status")).to_contain_text("paint stays")
    painted.page.get_by_label("region size").fill("60")
    expect(painted.page.locator("#status")).to_have_text(re.compile(r"^\d\d segments now"))
    assert colour_at(painted.paint(), 240, 20) == RED
    painted.assert_same_canvas()
    painted.page.keyboard.press("z")
    painted.assert_same_canvas()


def test_a_parameter_out_of_its_range_is_not_sent(painted: PaintedPage) -> None:
    field = painted.page.get_by_label("min segment size")
    field.fill("-1")
    field.press("Enter")
    assert field.evaluate("node => node.validity.rangeUnderflow") is True
    expect(painted.page.locator(".busy")).to_be_hidden()


def test_all_methods_are_compared_and_one_is_used(painted: PaintedPage) -> None:
    painted.page.get_by_role("button", name="Compare all methods").click()
    expect(painted.page.locator(".sheet-card")).to_have_count(8)
    use = painted.page.get_by_role("button", name="Use superpixel")
    expect(use).to_be_enabled()
    use.click()
    expect(painted.page.locator("dialog")).to_have_count(0)
    expect(painted.page.locator("#method")).to_have_value("superpixel")
    expect(painted.page.locator("#status")).to_contain_text("paint stays")
    painted.assert_same_canvas()
