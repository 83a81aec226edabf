"""The page with very many buildings: few nodes, the end in reach, few pages kept."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.web.review.page.drawn_street import ServedReview

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

MANY = 30_000
MOST_CELLS = 60


def card(number: int) -> dict[str, Any]:
    """Make the card of one of very many buildings."""
    plain = {"locked": False, "note": "", "changed": False, "first_time": None, "last_time": None, "position": None}
    return plain | {"number": str(number), "name": None, "size": 2, "doubt": 0.1, "representatives": [0, 1]}


@pytest.fixture
def served(unchanged: ServedReview) -> ServedReview:
    """The review that all tests without changes share."""
    return unchanged


@pytest.fixture
def asked(page: Page, served: ServedReview) -> list[int]:
    """The page of a review that says it has 30,000 buildings; gives the offsets that were asked for."""
    offsets: list[int] = []

    def answer(route: Route) -> None:
        given = parse_qs(urlsplit(route.request.url).query)
        offset, limit = int(given["offset"][0]), int(given["limit"][0])
        offsets.append(offset)
        cards = [card(number) for number in range(offset, min(MANY, offset + limit))]
        route.fulfill(
            body=json.dumps({"revision": 0, "total": MANY, "clusters": cards}), content_type="application/json"
        )

    page.route("**/api/clusters?*", answer)
    page.goto(served.address)
    page.wait_for_selector(".card")
    return offsets


def test_only_the_rows_in_sight_are_elements(page: Page, asked: list[int]) -> None:
    assert asked == [0]
    assert page.locator(".cell").count() < MOST_CELLS
    assert page.locator(".cell").first.get_attribute("aria-setsize") == str(MANY)


def test_the_end_is_reached_by_scrolling_and_by_one_key(page: Page, asked: list[int]) -> None:
    page.locator(".scroller").evaluate("node => { node.scrollTop = node.scrollHeight; }")
    expect(page.locator(".card-name", has_text=f"Building {MANY - 1}")).to_be_visible()
    assert page.locator(".cell").count() < MOST_CELLS
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    expect(page.get_by_role("option", name="Building 0,")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("option", name=f"Building {MANY - 1},")).to_be_focused()
    assert page.locator(".cell").count() < MOST_CELLS


def test_scrolling_through_everything_keeps_elements_and_pages_few(page: Page, asked: list[int]) -> None:
    steps = """async () => {
      const scroller = document.querySelector(".scroller");
      let most = 0;
      for (let step = 0; step <= 60; step += 1) {
        scroller.scrollTop = (scroller.scrollHeight * step) / 60;
        await new Promise(requestAnimationFrame);
        most = Math.max(most, document.querySelectorAll(".cell").length);
      }
      return most;
    }"""
    assert page.evaluate(steps) < MOST_CELLS
    kept = """async () => {
      const { PagedList } = await import("/review/static/paged_list.js");
      const list = new PagedList(async (offset) => ({ total: 30000, items: Array(200).fill(offset) }));
      await list.range(0, 29999);
      let here = 0;
      for (let index = 0; index < 30000; index += 200) here += list.at(index) === null ? 0 : 1;
      return here;
    }"""
    assert page.evaluate(kept) <= 12


def test_what_was_scrolled_past_is_not_fetched(page: Page, asked: list[int]) -> None:
    jumps = """async () => {
      const scroller = document.querySelector(".scroller");
      for (let step = 1; step <= 40; step += 1) {
        scroller.scrollTop = (scroller.scrollHeight * step) / 40;
        await new Promise(requestAnimationFrame);
      }
    }"""
    page.evaluate(jumps)
    expect(page.locator(".card-name", has_text=f"Building {MANY - 1}")).to_be_visible()
    assert len(asked) < 12


def test_a_step_through_the_grid_takes_less_than_a_frame_or_few(page: Page, asked: list[int]) -> None:
    page.keyboard.press("ArrowDown")
    started = time.perf_counter()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    assert time.perf_counter() - started < 5
    expect(page.get_by_role("option", name="Building 20,")).to_be_focused()


def test_a_list_that_changes_keeps_what_is_seen_until_the_new_is_there(page: Page, asked: list[int]) -> None:
    stale = """async () => {
      const { PagedList } = await import("/review/static/paged_list.js");
      let letter = "a";
      const list = new PagedList(async () => ({ total: 3, items: Array(3).fill(letter) }));
      await list.range(0, 2);
      letter = "b";
      const waiting = list.refresh();
      const meanwhile = list.at(0);
      await waiting;
      return [meanwhile, list.at(0)];
    }"""
    assert page.evaluate(stale) == ["a", "b"]
