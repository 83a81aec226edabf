"""Keys alone: a cursor that is moved over the photo does all that a pointer does."""

from __future__ import annotations

import pytest

from tests.web.segmentation.page.drawn_facade import HEIGHT, SKY_HEIGHT, WIDTH, WINDOWS
from tests.web.segmentation.page.painted_page import PaintedPage, colour_at

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

RED = (204, 0, 0)


def at(painted: PaintedPage) -> tuple[int, int]:
    """Give the pixel at which the cursor is."""
    x, y = painted.page.locator(".pixel").inner_text().split(", ")
    return int(x), int(y)


def move_to(painted: PaintedPage, x: int, y: int) -> None:
    """Show the cursor and move it to a pixel, by large steps as far as they go."""
    keyboard = painted.page.keyboard
    if painted.page.locator(".pixel").inner_text() == "":
        keyboard.press("Enter")
    for axis, wanted, keys in ((0, x, ("ArrowLeft", "ArrowRight")), (1, y, ("ArrowUp", "ArrowDown"))):
        for large in ("", "Shift+"):
            before = None
            while before != (here := at(painted)) and here[axis] != wanted:
                before = here
                keyboard.press(large + keys[here[axis] < wanted])
                if (at(painted)[axis] - wanted) * (here[axis] - wanted) < 0:
                    break  # gone beyond: the rest by single pixels
    expect(painted.page.locator(".pixel")).to_have_text(f"{x}, {y}")


def test_enter_shows_a_cursor_that_arrows_move_and_enter_fills_there(painted: PaintedPage) -> None:
    painted.page.keyboard.press("Enter")
    expect(painted.page.locator(".pixel")).not_to_be_empty()
    assert abs(at(painted)[0] - WIDTH // 2) <= 1 and abs(at(painted)[1] - HEIGHT // 2) <= 1
    assert not painted.paint().any()
    move_to(painted, 240, 20)
    expect(painted.page.locator("#status")).to_contain_text("not painted")
    painted.page.keyboard.press("Enter")
    paint = painted.paint()
    assert (paint != 0).sum() == SKY_HEIGHT * WIDTH and colour_at(paint, 240, 20) == RED
    expect(painted.page.locator("#status")).to_contain_text("painted 204, 0, 0")
    painted.page.keyboard.press("u")
    painted.page.keyboard.press("Enter")
    assert not painted.paint().any()
    painted.assert_same_canvas()


def test_a_cut_needs_no_pointer(painted: PaintedPage) -> None:
    painted.page.keyboard.press("c")
    for point in ((100, 0), (100, SKY_HEIGHT - 1)):
        move_to(painted, *point)
        painted.page.keyboard.press("Enter")
    painted.page.keyboard.press("f")
    move_to(painted, 40, 20)
    painted.page.keyboard.press("Enter")
    assert (painted.paint() != 0).sum() == 100 * SKY_HEIGHT


def test_a_box_is_drawn_with_two_presses(painted: PaintedPage) -> None:
    x, y = WINDOWS[0]
    move_to(painted, x + 20, y + 45)
    painted.page.keyboard.press("Enter")
    painted.page.keyboard.press("t")
    move_to(painted, x, y)
    painted.page.keyboard.press("Enter")
    move_to(painted, x + 39, y + 55)
    painted.page.keyboard.press("Enter")
    expect(painted.page.locator(".template-set")).to_have_count(1)


def test_escape_puts_the_cursor_away_and_arrows_move_the_photo_again(painted: PaintedPage) -> None:
    def left() -> float:
        return float(painted.page.evaluate("() => window.paintingPage.stage.viewport.left"))

    painted.page.keyboard.press("+")
    painted.page.keyboard.press("+")
    painted.page.keyboard.press("Enter")
    before = left()
    painted.page.keyboard.press("ArrowRight")
    assert left() == before
    painted.page.keyboard.press("Escape")
    painted.page.keyboard.press("ArrowRight")
    assert left() < before


def test_the_photo_follows_a_cursor_that_would_leave_the_window(painted: PaintedPage) -> None:
    for _ in range(6):
        painted.page.keyboard.press("+")
    move_to(painted, 470, HEIGHT // 2)
    x, y = painted.place(470, HEIGHT // 2)
    box = painted.page.locator("#stage").bounding_box()
    assert box is not None
    assert box["x"] < x < box["x"] + box["width"] and box["y"] < y < box["y"] + box["height"]


def test_arrows_move_a_slider_that_has_the_focus(painted: PaintedPage) -> None:
    slider = painted.page.get_by_role("slider", name="Opacity of paint")
    slider.focus()
    painted.page.keyboard.press("ArrowRight")
    expect(slider).to_have_value("61")


def test_the_pointer_takes_over_where_it_presses(painted: PaintedPage) -> None:
    painted.page.keyboard.press("Enter")
    painted.click(240, 20)
    painted.page.keyboard.press("Enter")  # shows it again, and fills nothing
    assert (painted.paint() != 0).sum() == SKY_HEIGHT * WIDTH
