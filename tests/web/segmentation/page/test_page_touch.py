"""A tablet without keys: fingers tap, stroke, zoom; and the page for everyone: names, sizes, colours, bad news."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.segmentation.page.conftest import opened_page
from tests.web.segmentation.page.drawn_facade import SKY_HEIGHT, WIDTH, WINDOWS
from tests.web.segmentation.page.painted_page import PaintedPage, colour_at

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SKY = (240, 20)
SMALLEST_TARGET = 40
RED = (204, 0, 0)


def tap(touched: PaintedPage, x: float, y: float) -> None:
    """Tap a pixel of the photo."""
    touched.page.touchscreen.tap(*touched.place(x, y))


def move_fingers(touched: PaintedPage, *ways: Sequence[tuple[float, float]]) -> None:
    """Put a finger at the first place of each way, move all along, rest, lift them; places in pixels of CSS."""
    session = touched.page.context.new_cdp_session(touched.page)
    rested = [[*way, way[-1]] for way in ways]  # a finger lifted in flight would fling, and the next tap only stop that
    began = time.time() - len(rested[0])
    for step in range(len(rested[0])):
        points = [{"x": way[step][0], "y": way[step][1], "id": number} for number, way in enumerate(rested)]
        event = {"type": "touchMove" if step else "touchStart", "touchPoints": points, "timestamp": began + step}
        session.send("Input.dispatchTouchEvent", event)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_tap_fills_and_the_toolbar_does_the_rest(touched: PaintedPage) -> None:
    tap(touched, *SKY)
    assert (touched.paint() != 0).sum() == SKY_HEIGHT * WIDTH
    touched.page.get_by_role("button", name="Cut", exact=True).tap()
    tap(touched, 100, 0)
    tap(touched, 100, SKY_HEIGHT - 1)
    touched.page.get_by_role("button", name="Unfill", exact=True).tap()
    tap(touched, 20, 20)
    paint = touched.paint()
    assert (colour_at(paint, 20, 20), colour_at(paint, *SKY)) == (None, RED)
    touched.page.get_by_role("button", name="Undo").tap()
    assert colour_at(touched.paint(), 20, 20) == RED
    touched.page.get_by_role("button", name="Write masks").tap()
    expect(touched.page.locator("#kept")).to_have_text("Masks written")
    touched.page.get_by_role("button", name="Next photo").tap()
    touched.ready("b.png")


def test_a_finger_that_moves_strokes_as_one_step(touched: PaintedPage) -> None:
    way = [touched.place(x + 20, y + 45) for x, y in WINDOWS[:3]]
    move_fingers(touched, way)
    paint = touched.paint()
    assert all(colour_at(paint, x + 20, y + 45) == RED for x, y in WINDOWS[:3])
    touched.page.get_by_role("button", name="Undo").tap()
    assert not touched.paint().any()


def test_two_fingers_zoom_and_paint_nothing(touched: PaintedPage) -> None:
    scale = "() => window.paintingPage.stage.viewport.scale"
    before = touched.page.evaluate(scale)
    (x, y) = touched.place(240, 180)
    left, right = ([(x + side * reach, y) for reach in (20, 60, 120)] for side in (-1, 1))
    move_fingers(touched, left, right)
    assert touched.page.evaluate(scale) > 3 * before
    assert not touched.paint().any()
    tap(touched, 250, 170)
    assert colour_at(touched.paint(), 250, 170) == RED


def test_an_object_is_cut_out_by_buttons_alone(touched: PaintedPage) -> None:
    touched.page.get_by_role("button", name="Next photo").tap()
    touched.ready("b.png")
    touched.page.get_by_role("button", name="Cut an object out").tap()
    move_fingers(touched, [touched.place(40, 120), touched.place(120, 200), touched.place(200, 280)])
    touched.page.get_by_role("button", name="Compute").tap()
    expect(touched.page.locator(".side").get_by_text("Round 1")).to_be_visible()
    touched.page.get_by_role("button", name="Paint it").tap()
    assert colour_at(touched.paint(1), 120, 200) == RED


def test_every_control_has_a_name_and_is_no_smaller_than_a_finger(touched: PaintedPage) -> None:
    find = """() => [...document.querySelectorAll("button, select, input, [role=application]")]
      .filter((node) => node.checkVisibility())
      .map((node) => {
        const label = node.labels?.[0];
        const name = node.getAttribute("aria-label") ?? (label?.textContent || node.textContent);
        const { width, height } = (node.type === "checkbox" ? label : node).getBoundingClientRect();
        return { html: node.outerHTML.slice(0, 120), name: name.trim(), size: Math.min(width, height) };
      })"""
    for key in ("f", "t", "g", "a"):
        touched.page.keyboard.press(key)
        controls = touched.page.evaluate(find)
        assert [found["html"] for found in controls if not found["name"]] == []
        assert [found["html"] for found in controls if found["size"] < SMALLEST_TARGET] == []


@pytest.mark.parametrize("width", [820, 480])
def test_nothing_is_wider_than_the_screen(touched: PaintedPage, width: int) -> None:
    touched.page.set_viewport_size({"width": width, "height": 1000})
    for key in ("f", "t", "g"):
        touched.page.keyboard.press(key)
        assert touched.page.evaluate("() => document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("ratio", [1.5, 3])
def test_the_pixel_under_the_pointer_is_met_on_screens_of_any_ratio(
    browser: Browser, street: Path, ratio: float
) -> None:
    with opened_page(browser, street, {"device_scale_factor": ratio}) as page:
        page.open()
        for x, y in ((0, 0), (479, 359), WINDOWS[2]):
            page.page.mouse.move(*page.place(x, y))
            expect(page.page.locator(".pixel")).to_have_text(f"{x}, {y}")


def test_the_tab_key_goes_from_the_way_in_through_the_bar_and_the_tools_to_the_photo(painted: PaintedPage) -> None:
    painted.page.evaluate("() => document.activeElement.blur()")
    order = []
    for _ in range(24):
        painted.page.keyboard.press("Tab")
        order.append(painted.page.evaluate("() => document.activeElement.id || document.activeElement.className"))
        if order[-1] == "stage":
            break
    assert "stage" in order and "skip" in order
