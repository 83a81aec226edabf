"""The page for everyone: names of all controls, order of the focus, touch, colours, narrow screens, bad news."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.web.review.page.drawn_street import ServedReview

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VIEWS = ["buildings", "building/0", "alone", "doubtful", "map", "thresholds"]
SMALLEST_TARGET = 40


@pytest.fixture
def served(unchanged: ServedReview) -> ServedReview:
    """The review that all tests without changes share."""
    return unchanged


@pytest.fixture
def tablet(browser: Browser, served: ServedReview) -> Iterator[Page]:
    """The page on a tablet that is held upright and touched."""
    context = browser.new_context(viewport={"width": 820, "height": 1180}, has_touch=True)
    page = context.new_page()
    page.goto(served.address)
    page.wait_for_selector(".card:not(.is-coming)")
    yield page
    context.close()


def test_every_control_of_every_view_has_a_name_and_is_no_smaller_than_a_finger(
    tablet: Page, served: ServedReview
) -> None:
    find = """() => [...document.querySelectorAll("button, select, input, canvas, [role=option], [role=listbox]")]
      .filter((node) => node.checkVisibility())
      .map((node) => {
        const label = node.labels?.[0]?.textContent ?? "";
        const name = node.getAttribute("aria-label") ?? (label || node.textContent);
        const { width, height } = node.getBoundingClientRect();
        return { html: node.outerHTML.slice(0, 120), name: name.trim(), size: Math.min(width, height) };
      })"""
    for view in VIEWS:
        tablet.goto(f"{served.address}#/{view}")
        expect(tablet.locator("main > .view")).to_be_visible()
        tablet.locator("main :is(.cell, .threshold)").first.wait_for(state="attached") if view != "doubtful" else None
        controls = tablet.evaluate(find)
        assert [found["html"] for found in controls if not found["name"]] == []
        assert [found["html"] for found in controls if 0 < found["size"] < SMALLEST_TARGET] == []


@pytest.mark.parametrize("width", [820, 480])
def test_nothing_is_wider_than_the_screen(tablet: Page, served: ServedReview, width: int) -> None:
    tablet.set_viewport_size({"width": width, "height": 1000})
    for view in VIEWS:
        tablet.goto(f"{served.address}#/{view}")
        expect(tablet.locator("main > .view")).to_be_visible()
        assert tablet.evaluate("document.documentElement.scrollWidth") <= width


def test_a_long_press_selects_and_a_tap_then_adds(tablet: Page) -> None:
    first = tablet.locator(".card").first
    first.dispatch_event("pointerdown", {"pointerType": "touch", "button": 0, "isPrimary": True, "bubbles": True})
    expect(first).to_have_attribute("aria-selected", "true")
    release = """card => {
      card.dispatchEvent(new PointerEvent("pointerup", { pointerType: "touch", bubbles: true }));
      card.click();  // at once, as a browser sends it
    }"""
    first.evaluate(release)
    expect(first).to_have_attribute("aria-selected", "true")
    tablet.locator(".card").nth(1).tap()
    expect(tablet.locator(".selection-bar")).to_contain_text("2 buildings selected")


def test_the_button_select_makes_taps_select(tablet: Page) -> None:
    tablet.get_by_role("button", name="Select").tap()
    expect(tablet.locator(".selection-bar")).to_contain_text("Tap buildings to select them")
    tablet.locator(".card").first.tap()
    expect(tablet.locator(".selection-bar")).to_contain_text("1 building selected")


def test_the_tab_key_goes_from_the_way_in_through_the_bar_to_one_cell_of_the_grid(opened: Page) -> None:
    order = []
    for _ in range(26):
        opened.keyboard.press("Tab")
        order.append(opened.evaluate("document.activeElement.className || document.activeElement.id"))
        if "cell" in order[-1]:
            break
    assert order[0] == "skip" and "cell" in order[-1]
    assert opened.locator(".cell[tabindex='0']").count() == 1


def test_the_colours_are_chosen_and_stay(opened: Page) -> None:
    background = "getComputedStyle(document.body.parentElement).backgroundColor"
    light = opened.evaluate(background)
    button = opened.locator("#tools button[aria-label^=Colours]")
    button.click()
    button.click()
    expect(button).to_have_attribute("aria-label", "Colours: dark")
    assert opened.evaluate(background) != light
    opened.reload()
    expect(opened.locator("html")).to_have_attribute("data-theme", "dark")


def test_what_the_server_refuses_is_said_aloud(opened: Page) -> None:
    opened.route("**/api/actions", lambda route: route.fulfill(status=409, body='{"error": "the building is locked"}'))
    opened.locator(".card").first.focus()
    opened.keyboard.press("l")
    expect(opened.locator("#alert")).to_have_text("the building is locked")
    expect(opened.locator("#toast")).to_be_visible()


def test_a_server_that_is_gone_is_named(opened: Page) -> None:
    opened.route("**/api/actions", lambda route: route.abort())
    opened.locator(".card").first.focus()
    opened.keyboard.press("l")
    expect(opened.locator("#alert")).to_contain_text("review_clusters.py")


def test_an_answer_that_breaks_off_changes_nothing_and_is_said_aloud(opened: Page) -> None:
    counts = opened.locator("[data-view=buildings] .count").text_content()
    opened.route("**/api/overview", lambda route: route.fulfill(body='{"counts": {"clus'))
    opened.locator(".card").first.focus()
    opened.keyboard.press("l")
    expect(opened.locator("#alert")).to_contain_text("broke off")
    expect(opened.locator("[data-view=buildings] .count")).to_have_text(counts or "")


def test_letters_typed_into_a_field_are_no_commands(opened: Page) -> None:
    opened.keyboard.press("/")
    opened.keyboard.type("m?1")
    assert opened.locator("#search").input_value() == "m?1"
    assert opened.locator("dialog").count() == 0
