"""Painting in the browser: fill, cut, fill both halves differently, unfill, undo, redo, save, reload."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.web.segmentation.page.drawn_facade import HEIGHT, SKY_HEIGHT, WIDTH, WINDOWS
from tests.web.segmentation.page.painted_page import PaintedPage, colour_at

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

RED, ORANGE = (204, 0, 0), (230, 126, 34)
SKY = (240, 20)
SKY_PIXELS = WIDTH * SKY_HEIGHT


def choose(painted: PaintedPage, colour: tuple[int, int, int]) -> None:
    """Press a colour of the palette."""
    painted.page.get_by_role("button", name=", ".join(map(str, colour)), exact=True).click()


def test_a_click_fills_a_segment_and_the_server_keeps_it(painted: PaintedPage) -> None:
    painted.click(*SKY)
    paint = painted.paint()
    assert (paint != 0).sum() == SKY_PIXELS and colour_at(paint, *SKY) == RED
    painted.assert_same_canvas()


def test_a_cut_parts_a_segment_and_both_halves_get_other_colours(painted: PaintedPage) -> None:
    painted.click(100, 0, button="middle")
    expect(painted.page.locator("#status")).to_have_text("the cut begins here; the next point draws it")
    painted.click(200, SKY_HEIGHT - 1, button="middle")
    painted.page.keyboard.press("Escape")
    painted.click(20, 30)
    choose(painted, ORANGE)
    painted.click(400, 30)
    paint = painted.paint()
    assert (colour_at(paint, 20, 30), colour_at(paint, 400, 30)) == (RED, ORANGE)
    assert colour_at(paint, 100, 0) is None
    painted.assert_same_canvas()


def test_escape_forgets_the_cut_point_here_and_on_the_server(painted: PaintedPage) -> None:
    painted.click(100, 0, button="middle")
    painted.page.keyboard.press("Escape")
    painted.click(300, 0, button="middle")
    painted.click(300, SKY_HEIGHT - 1, button="middle")
    painted.click(20, 20)
    assert (painted.paint() != 0).sum() == 300 * SKY_HEIGHT
    painted.assert_same_canvas()
    expect(painted.page.locator("#alert")).to_be_empty()


def test_the_right_button_takes_paint_off_and_opens_no_menu(painted: PaintedPage) -> None:
    painted.click(*SKY)
    prevented = """() => new Promise((resolve) => addEventListener("contextmenu",
      (event) => setTimeout(() => resolve(event.defaultPrevented)), { once: true }))"""
    painted.page.evaluate(f"() => {{ window.menu = ({prevented})(); }}")
    painted.click(*SKY, button="right")
    assert painted.page.evaluate("() => window.menu") is True
    assert not painted.paint().any()


def test_shift_cuts_where_there_is_no_middle_button(painted: PaintedPage) -> None:
    painted.click(100, 0, modifier="Shift")
    painted.click(100, SKY_HEIGHT - 1, modifier="Shift")
    painted.click(20, 30)
    paint = painted.paint()
    assert (paint != 0).sum() == 100 * SKY_HEIGHT


def test_undo_and_redo_go_back_and_forth_through_gestures(painted: PaintedPage) -> None:
    painted.click(*SKY)
    painted.drag((60, 100), (160, 100), (250, 100))  # three windows and the wall between them
    stroked = painted.paint()
    assert colour_at(stroked, 200, 100) == RED and colour_at(stroked, 150, 100) == RED
    for key, numbers in {
        "z": SKY_PIXELS,
        "Control+z": 0,
        "y": SKY_PIXELS,
        "Control+Shift+z": (stroked != 0).sum(),
    }.items():
        painted.page.keyboard.press(key)
        assert (painted.paint() != 0).sum() == numbers
    painted.assert_same_canvas()


def test_a_reset_takes_all_paint_off_and_can_be_undone(painted: PaintedPage) -> None:
    painted.click(*SKY)
    painted.page.keyboard.press("r")
    assert not painted.paint().any()
    painted.page.keyboard.press("z")
    assert (painted.paint() != 0).sum() == SKY_PIXELS


def test_filling_goes_on_under_the_pointer_after_a_double_click_as_one_step(painted: PaintedPage) -> None:
    badge = painted.page.locator(".continuous")
    painted.page.mouse.dblclick(*painted.place(*SKY))
    expect(badge).to_contain_text("filling under the pointer")
    for x, y in WINDOWS[:3]:
        painted.page.mouse.move(*painted.place(x + 20, y + 45), steps=4)
    painted.page.keyboard.press("Escape")
    expect(badge).to_be_hidden()
    assert all(colour_at(painted.paint(), x + 20, y + 45) == RED for x, y in WINDOWS[:3])
    painted.page.keyboard.press("z")
    assert (painted.paint() != 0).sum() == SKY_PIXELS
    painted.assert_same_canvas()


def test_unfilling_goes_on_under_the_pointer_after_a_double_click_with_the_right_button(painted: PaintedPage) -> None:
    painted.click(*SKY)
    painted.page.mouse.dblclick(*painted.place(300, 340), button="right")
    expect(painted.page.locator(".continuous")).to_contain_text("unfilling under the pointer")
    painted.page.mouse.move(*painted.place(*SKY), steps=5)
    painted.page.keyboard.press("Escape")
    assert not painted.paint().any()


def test_a_reload_restores_paint_cuts_and_what_can_be_undone(painted: PaintedPage) -> None:
    painted.click(*SKY)
    painted.click(100, 70, button="middle")
    painted.click(200, 200, button="middle")
    painted.kept()
    painted.page.reload()
    painted.ready()
    painted.assert_same_canvas()
    painted.page.keyboard.press("z")
    painted.page.keyboard.press("z")
    assert not painted.paint().any()
    painted.assert_same_canvas()


def test_space_writes_masks_and_goes_on(painted: PaintedPage, street: Path) -> None:
    painted.click(*SKY)
    painted.page.keyboard.press("Space")
    painted.ready("b.png")
    (mask,) = (street / "masks").glob("a_mask_*.png")
    white = np.asarray(Image.open(mask))[..., 0] == 255
    assert white[:SKY_HEIGHT].all() and white.sum() == SKY_PIXELS and white.shape == (HEIGHT, WIDTH)
    expect(painted.page.locator(".film-photo").first).to_have_attribute("data-kept", "saved")


def test_what_is_painted_black_is_warned_of(painted: PaintedPage) -> None:
    painted.page.locator(".any-colour").fill("#000000")
    expect(painted.page.locator(".notice.is-warning")).to_be_visible()
    painted.click(*SKY)
    expect(painted.page.locator("#status")).to_contain_text("black means nothing")
    assert colour_at(painted.paint(), *SKY) == (0, 0, 0)


def test_a_colour_is_picked_from_the_photo(painted: PaintedPage) -> None:
    painted.page.keyboard.press("i")
    painted.click(*SKY)
    expect(painted.page.locator(".colour-name")).not_to_be_empty()
    picked = tuple(map(int, painted.page.locator(".colour-name").inner_text().split(", ")))
    assert max(abs(one - other) for one, other in zip(picked, (150, 190, 235), strict=True)) <= 2  # it came as JPEG
    painted.click(*SKY)
    assert colour_at(painted.paint(), *SKY) == picked


def test_a_pixel_is_met_at_any_zoom_and_any_ratio_of_the_screen(painted: PaintedPage) -> None:
    x, y = WINDOWS[0]
    painted.page.mouse.move(*painted.place(x, y))
    for _ in range(8):
        painted.page.mouse.wheel(0, -240)
    scale = painted.page.evaluate("window.paintingPage.stage.viewport.scale")
    assert scale > 20
    painted.page.mouse.move(*painted.place(x, y))
    expect(painted.page.locator(".pixel")).to_have_text(f"{x}, {y}")
    painted.click(x - 1, y)  # the wall just beside the window
    assert colour_at(painted.paint(), x, y) is None and colour_at(painted.paint(), x - 1, y) == RED


def test_another_window_that_painted_meanwhile_is_taken_over_not_painted_over(painted: PaintedPage) -> None:
    other = painted.page.context.new_page()
    second = PaintedPage(other, painted.client, painted.folder)
    second.open()
    second.click(*SKY)
    second.kept()
    painted.click(60, 100)
    expect(painted.page.locator("#alert")).not_to_be_empty()
    painted.assert_same_canvas()
    assert (painted.paint() != 0).sum() == SKY_PIXELS
