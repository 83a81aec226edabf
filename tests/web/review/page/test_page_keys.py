"""Keys that are pressed while the server is still at work: each is done, in order, on what it was meant for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.web.review.page.drawn_street import ServedReview

playwright = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright")
expect = playwright.expect

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route


HOLD = """([address, method]) => {
  const fetched = window.fetch.bind(window);
  window.calls = { held: [], number: 0, areHeld: true };
  window.fetch = (input, how = {}) => {
    if (!calls.areHeld || (how.method ?? "GET") !== method || !String(input).includes(address))
      return fetched(input, how);
    calls.number += 1;
    return new Promise((resolve, reject) => {
      how.signal?.addEventListener("abort", () => reject(how.signal.reason));
      calls.held.push(() => resolve(fetched(input, how)));
    });
  };
}"""
CALLED = """([number, patience]) => new Promise((resolve) => {
  const end = Date.now() + patience;
  const look = () => {
    if (calls.number > number || Date.now() > end) resolve(calls.number > number);
    else setTimeout(look, 20);
  };
  look();
})"""
PATIENCE_MS = 30_000


class SlowServer:
    """Calls of a page that are not sent before they may.

    Parameters
    ----------
    page : Page
        The page.
    address : str
        Which calls are held back: those with this in their address.
    method : str
        ``GET`` or ``POST``.
    """

    def __init__(self, page: Page, address: str = "/api/", method: str = "POST") -> None:
        self._page = page
        page.evaluate(HOLD, [address, method])

    def press(self, key: str) -> None:
        """Press a key, and wait until a call is held back for it."""
        number = self._page.evaluate("calls.number")
        self._page.keyboard.press(key)
        if not self._page.evaluate(CALLED, [number, PATIENCE_MS]):
            said = self._page.locator("#status, #alert").all_inner_texts()
            raise AssertionError(f"no call for {key}; the page says {said}")

    def go_on(self) -> None:
        """Let everything through."""
        self._page.evaluate("calls.areHeld = false; calls.held.splice(0).forEach((go) => go());")


@pytest.fixture
def queue(served: ServedReview, page: Page) -> Page:
    """The page with the first question in sight."""
    page.goto(f"{served.address}#/doubtful")
    expect(page.locator(".pair-facts .badge")).to_be_visible()
    expect(page.locator(".queue-head")).to_contain_text("0 answered")
    page.bring_to_front()
    page.locator(".question").focus()  # a browser without a window may drop keys of a page that never had the focus
    return page


def lines_of(served: ServedReview) -> list[str]:
    """Give what the server did, first to last: do, undo, redo."""
    lines = map(json.loads, (served.work_dir / "results" / "review.jsonl").read_text(encoding="utf-8").splitlines())
    return [line["line"] for line in lines if line.get("line") in ("do", "undo", "redo")]


def first_card(page: Page) -> None:
    """Give the focus to the first building."""
    page.locator(".card").first.focus()


def test_undo_waits_for_the_answer_that_it_takes_back(queue: Page) -> None:
    asked = queue.locator(".queue-sides").inner_text()
    server = SlowServer(queue)
    server.press("d")
    queue.keyboard.press("Control+z")
    expect(queue.locator(".queue-head")).to_contain_text("0 answered")
    server.go_on()
    expect(queue.locator("#status")).to_have_text(re.compile("^Undone"))
    expect(queue.locator(".queue-sides")).to_have_text(asked, use_inner_text=True)
    expect(queue.locator("#effort")).to_have_text("0 actions")


def test_an_answer_counts_only_for_a_question_that_was_in_sight(queue: Page) -> None:
    server = SlowServer(queue)
    server.press("d")
    queue.keyboard.press("s")
    server.go_on()
    expect(queue.locator("#status")).to_have_text(re.compile("^Too early"))
    expect(queue.locator(".queue-head")).to_contain_text("1 answered")
    expect(queue.locator("#effort")).to_have_text("1 action")
    queue.keyboard.press("u")
    expect(queue.locator("#effort")).to_have_text("2 actions")


def test_an_answer_to_the_question_in_sight_counts_though_something_else_is_under_way(queue: Page) -> None:
    wait = "turns => { turns.keysWaitFor(new Promise((done) => (window.goOn = done))); }"
    queue.evaluate(f"import('/static/turns.js').then({wait})")
    queue.keyboard.press("d")
    queue.evaluate("goOn()")
    expect(queue.locator(".queue-head")).to_contain_text("1 answered")


def test_undo_while_the_matches_are_looked_for_shows_the_question_again(queue: Page) -> None:
    asked = queue.locator(".queue-sides").inner_text()
    server = SlowServer(queue, "/api/pairs/", "GET")
    server.press("d")
    expect(queue.locator(".queue-head")).to_contain_text("1 answered")
    queue.keyboard.press("Control+z")
    expect(queue.locator(".queue-head")).to_contain_text("0 answered")
    expect(queue.locator(".queue-sides")).to_have_text(asked, use_inner_text=True)
    server.go_on()
    expect(queue.locator(".pair-facts .badge")).to_be_visible()


def test_both_photos_of_a_question_are_there_before_their_matches(queue: Page) -> None:
    drawn = """() => {
      const { width, height } = document.querySelector(".pair-canvas");
      const context = document.querySelector(".pair-canvas").getContext("2d");
      return [1, 3].map((part) => context.getImageData((width * part) / 4, height / 2, 1, 1).data.join()).join(" ");
    }"""
    former = queue.evaluate(drawn)
    names = queue.locator(".pair-names").inner_text()
    server = SlowServer(queue, "/api/pairs/", "GET")
    server.press("j")
    queue.wait_for_function(f"(former) => ({drawn})() !== former && !({drawn})().includes('0,0,0,0')", arg=former)
    expect(queue.locator(".pair-names")).not_to_have_text(names, use_inner_text=True)
    expect(queue.locator(".pair-name").first).to_contain_text(".jpg")
    assert queue.locator(".pair-facts .badge").count() == 0
    server.go_on()
    expect(queue.locator(".pair-facts .badge")).to_be_visible()


def test_actions_are_done_in_the_order_of_their_keys(opened: Page, served: ServedReview) -> None:
    first_card(opened)
    server = SlowServer(opened)
    server.press("l")
    for key in ("Control+z", "Control+y", "Control+z", "2"):
        opened.keyboard.press(key)
    server.go_on()
    expect(opened.locator("[data-view=alone]")).to_have_attribute("aria-current", "page")
    expect(opened.locator("#effort")).to_have_text("0 actions")
    assert lines_of(served) == ["do", "undo", "redo", "undo"]


def test_nothing_is_called_empty_before_the_server_has_answered(opened: Page) -> None:
    server = SlowServer(opened, "/api/singletons", "GET")
    server.press("2")
    expect(opened.get_by_role("region", name="Alone")).to_be_visible()
    expect(opened.get_by_text("No photo is alone")).to_be_hidden()
    server.go_on()
    expect(opened.locator(".cell.photo")).to_have_count(3)


def test_the_queue_says_what_it_waits_for(opened: Page) -> None:
    server = SlowServer(opened, "/api/queue", "GET")
    server.press("3")
    expect(opened.get_by_text("The pairs are being read")).to_be_visible()
    expect(opened.get_by_role("button", name="Same")).to_be_hidden()
    server.go_on()
    expect(opened.get_by_role("button", name="Same")).to_be_visible()


def test_small_pictures_leave_connections_to_what_is_asked(page: Page, served: ServedReview) -> None:
    held: list[Route] = []
    goes_on: list[bool] = []
    page.route("**/thumbnail?*", lambda route: route.continue_() if goes_on else held.append(route))
    page.goto(served.address)
    expect(page.locator(".card img[src]")).to_have_count(3)
    expect(page.locator(".card img")).to_have_count(13)
    goes_on.append(True)
    for route in held:
        route.continue_()
    expect(page.locator(".card img.is-here")).to_have_count(13)


def test_a_key_waits_for_the_view_that_it_is_meant_for(opened: Page) -> None:
    server = SlowServer(opened, "/api/clusters/", "GET")
    first_card(opened)
    server.press("Enter")
    opened.keyboard.press("l")
    server.go_on()
    expect(opened.locator(".building-words")).to_contain_text("locked")


def test_what_is_typed_into_a_field_that_is_not_there_yet_arrives_in_it(opened: Page) -> None:
    first_card(opened)
    server = SlowServer(opened)
    server.press("l")
    opened.keyboard.press("n")
    opened.keyboard.type("Mill")
    server.go_on()
    expect(opened.locator("dialog input")).to_have_value("Mill")


def test_a_key_after_a_refusal_is_done_nevertheless(opened: Page) -> None:
    first_card(opened)
    held: list[Route] = []
    opened.route("**/api/actions", lambda route: held.append(route))
    with opened.expect_request("**/api/actions"):
        opened.keyboard.press("l")
    opened.keyboard.press("3")
    held[0].fulfill(status=409, body='{"error": "the building is locked"}')
    expect(opened.locator("#alert")).to_have_text("the building is locked")
    expect(opened.locator("[data-view=doubtful]")).to_have_attribute("aria-current", "page")


def test_a_key_that_is_held_down_answers_one_question(queue: Page) -> None:
    queue.keyboard.down("d")
    queue.keyboard.down("d")
    expect(queue.locator(".queue-head")).to_contain_text("1 answered")
    queue.keyboard.down("d")
    queue.keyboard.up("d")
    queue.keyboard.press("u")
    expect(queue.locator("#effort")).to_have_text("2 actions")


def test_enter_takes_the_building_that_was_searched_for(opened: Page) -> None:
    opened.locator(".card", has_text="5 photos").click()
    expect(opened.locator(".building-words")).to_contain_text("5 photos")
    opened.keyboard.press("m")
    expect(opened.locator("dialog .choice").first).to_be_visible()
    opened.locator("dialog input").fill("annex")
    opened.keyboard.press("Enter")
    expect(opened.locator(".building-words")).to_contain_text("7 photos")
