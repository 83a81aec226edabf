"""The queue of doubtful joins, in a browser: answered with one key, undone, kept by create_clusters.py."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.web.review.page.drawn_street import ServedReview, cluster_again, photos_of
from tests.web.review.page.test_page_grid import clusters_of

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route


@pytest.fixture
def queue(served: ServedReview, page: Page) -> Page:
    """The page with the first question in sight."""
    page.goto(f"{served.address}#/doubtful")
    expect(page.locator(".question")).to_have_text("Do both show the same building?")
    expect(page.locator(".pair-facts .badge")).to_be_visible()
    return page


def go_to(page: Page, text: str) -> None:
    """Go on until a side of the question has a heading with this text."""
    for _ in range(5):
        if page.locator(".queue-side h3", has_text=text).count():
            return
        asked = page.locator(".queue-sides").inner_text()
        page.keyboard.press("j")
        expect(page.locator(".queue-sides")).not_to_have_text(asked)
    raise AssertionError(f"no question about {text}")


def test_same_joins_both_and_the_next_question_comes(queue: Page, served: ServedReview) -> None:
    go_to(queue, "2 photos")
    queue.keyboard.press("s")
    expect(queue.locator(".queue-head")).to_contain_text("1 answered")
    expect(queue.locator(".queue-side h3", has_text="2 photos")).to_have_count(0)
    cluster_again(served.work_dir)
    assert {*photos_of("shop"), *photos_of("shop annex")} in clusters_of(served)


def test_different_keeps_both_apart_whatever_the_pairs_say(queue: Page, served: ServedReview) -> None:
    go_to(queue, "2 photos")
    queue.keyboard.press("d")
    expect(queue.locator(".queue-head")).to_contain_text("1 answered")
    decisions = json.loads((served.work_dir / "results" / "decisions.json").read_text(encoding="utf-8"))
    assert decisions["cannot_link"]
    cluster_again(served.work_dir)
    assert set(photos_of("shop annex")) in clusters_of(served)


def test_every_question_is_answered_by_keys_alone(queue: Page) -> None:
    for number in range(1, 10):
        if queue.locator(".question").is_hidden():
            break
        queue.keyboard.press("d")
        expect(queue.locator("#effort")).to_have_text(f"{number} action{'' if number == 1 else 's'}")
        expect(queue.locator("[aria-busy=true]")).to_have_count(0)
    expect(queue.get_by_text("No question is open")).to_be_visible()


def test_an_answer_is_undone_and_asked_again(queue: Page) -> None:
    queue.keyboard.press("d")
    expect(queue.locator(".queue-head")).to_contain_text("1 answered")
    queue.keyboard.press("Control+z")
    expect(queue.locator(".queue-head")).to_contain_text("0 answered")


def test_a_photo_that_is_alone_is_asked_about_with_its_building(queue: Page) -> None:
    go_to(queue, "Alone")
    expect(queue.locator(".question")).to_have_text("Does the photo belong to this building?")
    expect(queue.locator(".pair-name", has_text="<b>wheel & co.jpg")).to_be_visible()


def test_the_matches_of_a_pair_are_drawn_and_can_be_hidden(page: Page, served: ServedReview) -> None:
    rows = [[0.3, 0.2 + row / 20, 0.6, 0.2 + row / 20] for row in range(10)]
    about = {"score": 0.91, "verdict": "same", "inliers": rows, "num_matches": 40, "num_inliers": 10, "text": ["Near."]}
    body = json.dumps(about | {"revision": 1, "coverage": [0.1, 0.1]})

    def answer(route: Route) -> None:
        route.fulfill(body=body, content_type="application/json")

    page.route("**/api/pairs/**", answer)
    page.goto(f"{served.address}#/doubtful")
    expect(page.locator(".pair-facts")).to_have_text("score 0.91 10 of 40 matches agree · judged same")
    expect(page.locator(".pair-canvas")).to_have_attribute("aria-label", re.compile("score 0.91"))
    hue = """() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => {
      const canvas = document.querySelector(".pair-canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let vivid = 0;
      for (let at = 0; at < data.length; at += 4) {
        const channels = [data[at], data[at + 1], data[at + 2]];
        if (data[at + 3] > 60 && Math.max(...channels) - Math.min(...channels) > 110) vivid += 1;
      }
      resolve(vivid);
    })))"""
    page.wait_for_function(hue)
    page.keyboard.press("i")
    assert page.evaluate(hue) < 50
