"""What goes wrong around the page: a server that is gone, another window, a photo that is gone, slow masks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.segmentation.page.painted_page import PaintedPage, colour_at

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

if TYPE_CHECKING:
    from playwright.sync_api import Route

SKY = (240, 20)
RED = (204, 0, 0)


def test_what_the_server_refuses_is_said_and_its_canvas_is_taken(painted: PaintedPage) -> None:
    refusal = '{"error": "the disk is full"}'
    painted.page.route("**/actions", lambda route: route.fulfill(status=409, body=refusal))
    painted.click(*SKY)
    expect(painted.page.locator("#alert")).to_contain_text("the disk is full")
    expect(painted.page.locator("#alert")).to_contain_text("not taken from this window: 1 action")
    painted.wait_until("session.canvas?.paint.every((number) => number === 0)")


def test_a_stroke_under_way_ends_when_the_servers_canvas_is_taken(painted: PaintedPage) -> None:
    held: list[Route] = []
    painted.page.route("**/actions", lambda route: held.append(route))
    with painted.page.expect_request("**/actions"):
        painted.click(*SKY)
    painted.page.mouse.move(*painted.place(60, 100))
    painted.page.mouse.down()
    held[0].fulfill(status=409, body='{"error": "the disk is full"}')
    expect(painted.page.locator("#alert")).to_contain_text("not taken from this window")
    painted.page.unroute("**/actions")
    painted.page.mouse.move(*painted.place(80, 100), steps=4)
    painted.page.mouse.up()
    painted.click(*SKY)
    assert colour_at(painted.paint(), *SKY) == RED and colour_at(painted.paint(), 60, 100) is None


def test_a_canvas_of_the_server_that_does_not_come_is_told_and_comes_with_the_photo(painted: PaintedPage) -> None:
    painted.page.route("**/actions", lambda route: route.fulfill(status=409, body='{"error": "the disk is full"}'))
    painted.page.route("**/planes", lambda route: route.abort())
    painted.click(*SKY)
    expect(painted.page.locator("#alert")).to_contain_text("The server does not answer")
    painted.page.unroute("**/actions")
    painted.page.unroute("**/planes")
    painted.page.locator(".film-photo").first.click()
    painted.ready("a.png")
    painted.click(*SKY)
    assert colour_at(painted.paint(), *SKY) == RED


def test_a_server_that_is_gone_is_named_once_and_what_was_painted_meanwhile_is_sent_later(painted: PaintedPage) -> None:
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    painted.page.route("**/actions", refuse)
    painted.click(*SKY)
    expect(painted.page.locator("#alert")).to_contain_text("The server does not answer")
    kept = painted.page.locator("#kept")
    expect(kept).to_have_text("Not kept: no answer")
    painted.page.evaluate("() => { document.getElementById('alert').textContent = ''; }")
    with painted.page.expect_event("requestfailed"):
        pass  # it is tried again
    assert len(asked) >= 2
    expect(painted.page.locator("#alert")).to_be_empty()
    painted.page.unroute("**/actions")
    expect(painted.page.locator("#status")).to_contain_text("The server answers again")
    assert colour_at(painted.paint(), *SKY) == RED
    expect(kept).to_have_text("Kept")


def test_what_another_window_painted_is_shown_when_this_one_is_looked_at_again(painted: PaintedPage) -> None:
    second = PaintedPage(painted.page.context.new_page(), painted.client, painted.folder)
    second.open()
    second.click(*SKY)
    second.kept()
    painted.page.evaluate("() => dispatchEvent(new Event('focus'))")
    expect(painted.page.locator("#status")).to_contain_text("painted in another window")
    painted.assert_same_canvas()
    painted.click(60, 100)
    painted.assert_same_canvas()
    assert colour_at(painted.paint(), 60, 100) == RED and colour_at(painted.paint(), *SKY) == RED


def test_a_photo_that_is_gone_is_named_and_comes_when_it_is_there_again(painted: PaintedPage, street: Path) -> None:
    content = (street / "photos" / "b.png").read_bytes()
    (street / "photos" / "b.png").unlink()
    painted.page.keyboard.press("n")
    problem = painted.page.locator(".problem")
    expect(problem).to_be_visible()
    expect(problem).to_contain_text("b.png")
    painted.page.keyboard.press("n")
    painted.ready("c.png")
    expect(problem).to_be_hidden()
    painted.page.keyboard.press("p")
    expect(problem).to_be_visible()
    (street / "photos" / "b.png").write_bytes(content)
    problem.get_by_role("button", name="Try again").click()
    painted.ready("b.png")
    expect(problem).to_be_hidden()


def test_masks_are_written_while_the_next_photo_is_painted(painted: PaintedPage, street: Path) -> None:
    held: list[Route] = []
    painted.page.route("**/save", lambda route: held.append(route))
    painted.click(*SKY)
    painted.page.keyboard.press("Space")
    painted.ready("b.png")
    expect(painted.page.locator(".film-photo").first).to_have_attribute("data-kept", "painted")
    painted.click(*SKY)
    painted.kept()
    painted.page.keyboard.press("p")
    painted.ready("a.png")
    expect(painted.page.locator("#kept")).to_have_text("Kept")
    assert not list((street / "masks").glob("*.png")) and len(held) == 1
    held[0].continue_()
    expect(painted.page.locator("#status")).to_contain_text("a.png:")
    expect(painted.page.locator("#kept")).to_have_text("Masks written")
    expect(painted.page.locator(".film-photo").first).to_have_attribute("data-kept", "saved")
    assert list((street / "masks").glob("a_mask_*.png"))


def test_masks_that_could_not_be_written_are_told_with_the_name_of_their_photo(painted: PaintedPage) -> None:
    painted.page.route("**/save", lambda route: route.fulfill(status=500, body='{"error": "the disk is full"}'))
    painted.click(*SKY)
    painted.page.keyboard.press("Space")
    painted.ready("b.png")
    expect(painted.page.locator("#alert")).to_have_text("a.png: its masks are not written: the disk is full")
    expect(painted.page.locator(".film-photo").first).to_have_attribute("data-kept", "painted")


def test_what_was_painted_while_masks_were_written_is_not_called_written(painted: PaintedPage) -> None:
    held: list[Route] = []
    painted.click(*SKY)
    painted.kept()
    painted.page.route("**/save", lambda route: held.append(route))
    painted.page.get_by_role("button", name="Write masks").click()
    expect(painted.page.locator("#kept")).to_have_text("Writing masks …")
    held[0].continue_()
    expect(painted.page.locator("#kept")).to_have_text("Masks written")
    painted.click(60, 100)
    painted.kept()
    expect(painted.page.locator("#kept")).to_have_text("Kept")
    painted.page.keyboard.press("z")
    expect(painted.page.locator("#kept")).to_have_text("Masks written")


def test_segmenting_ahead_shows_how_far_it_is_and_can_be_ended(painted: PaintedPage) -> None:
    asked: list[list[int]] = []

    def tell(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or "")["photos"])
        is_running = bool(asked[-1])
        route.fulfill(json={"prefetch": {"wanted": len(asked[-1]), "done": 0, "running": is_running}})

    painted.page.route("**/prefetch", tell)
    painted.page.route(
        "**/jobs", lambda route: route.fulfill(json={"prefetch": {"wanted": 2, "done": 1, "running": True}})
    )
    painted.page.reload()
    ahead = painted.page.get_by_role("group", name="Segmenting ahead")
    expect(ahead).to_contain_text("Segmented ahead: 1 of 2")
    ahead.get_by_role("button").click()
    expect(ahead).to_be_hidden()
    assert asked == [[1, 2], []]


def test_a_reset_and_leaving_have_buttons(painted: PaintedPage) -> None:
    painted.click(*SKY)
    painted.page.get_by_role("button", name="Take off all paint").click()
    assert not painted.paint().any()
    painted.page.get_by_role("button", name="Leave").click()
    expect(painted.page.locator("dialog")).to_contain_text("All masks are written.")
