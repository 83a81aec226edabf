"""The map and the thresholds, in a browser: placing photos, a preview before anything is clustered again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.web.review.page.drawn_street import ServedReview
from tests.web.review.page.test_page_grid import decisions_of

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

WITHOUT_POSITION = 8


@pytest.fixture
def town(served: ServedReview, page: Page) -> Page:
    """The map."""
    page.goto(f"{served.address}#/map")
    expect(page.locator(".tray h2")).to_have_text(f"{WITHOUT_POSITION} without a position")
    return page


@pytest.fixture
def thresholds(served: ServedReview, page: Page) -> Page:
    """The thresholds."""
    page.goto(f"{served.address}#/thresholds")
    expect(page.get_by_label("Strong", exact=True)).to_have_value("0.8")
    return page


def slide(page: Page, name: str, value: str) -> None:
    """Move a slider."""
    page.get_by_label(f"{name}, as a number").fill(value)
    page.keyboard.press("Tab")


def positions(served: ServedReview) -> list[Any]:
    """Give the positions that stand in decisions.json."""
    return list(decisions_of(served)["positions"].values())


@pytest.mark.parametrize("at", [(60, 45), (20, 20)], ids=["middle", "tick"])
def test_a_photo_is_dragged_onto_the_map_and_taken_back(town: Page, served: ServedReview, at: tuple[int, int]) -> None:
    town.locator(".tray .cell").first.drag_to(town.locator(".map-canvas"), source_position={"x": at[0], "y": at[1]})
    expect(town.locator(".tray h2")).to_have_text(f"{WITHOUT_POSITION - 1} without a position")
    ((latitude, longitude),) = positions(served)
    assert latitude == pytest.approx(45.8, abs=0.01) and longitude == pytest.approx(15.9, abs=0.01)
    town.keyboard.press("Control+z")
    expect(town.locator(".tray h2")).to_have_text(f"{WITHOUT_POSITION} without a position")


def test_photos_are_tapped_and_then_the_map(town: Page, served: ServedReview) -> None:
    town.locator(".tray .cell").nth(0).click()
    town.locator(".tray .cell").nth(1).click()
    expect(town.locator(".tray")).to_contain_text("Tap the map to place the 2 photos.")
    town.locator(".map-canvas").click(position={"x": 200, "y": 200})
    expect(town.locator(".tray h2")).to_have_text(f"{WITHOUT_POSITION - 2} without a position")
    assert len(positions(served)) == 2 and positions(served)[0] == positions(served)[1]


def test_a_photo_is_placed_by_keys_at_written_degrees(town: Page, served: ServedReview) -> None:
    town.locator(".tray .cell").first.focus()
    town.keyboard.press("Space")
    field = town.get_by_label("Latitude and longitude")
    field.fill("45.8 degrees")
    field.press("Enter")
    expect(town.locator("#alert")).to_contain_text("49.12345, 8.54321")
    field.fill("45.801, 15.9005")
    field.press("Enter")
    expect(town.locator(".tray h2")).to_have_text(f"{WITHOUT_POSITION - 1} without a position")
    assert positions(served) == [[45.801, 15.9005]]


def test_a_point_that_is_tapped_shows_its_photo(town: Page) -> None:
    town.locator(".tray .cell").first.focus()
    town.keyboard.press("Space")
    town.locator(".map-canvas").click(position={"x": 320, "y": 240})
    expect(town.locator(".tray h2")).to_have_text(f"{WITHOUT_POSITION - 1} without a position")
    town.locator(".map-canvas").click(position={"x": 320, "y": 240})
    expect(town.locator(".map-about")).to_contain_text(".jpg")
    town.get_by_role("button", name="Take off the map").click()
    expect(town.locator(".tray h2")).to_have_text(f"{WITHOUT_POSITION} without a position")


def test_other_thresholds_are_shown_before_they_are_applied(thresholds: Page, served: ServedReview) -> None:
    slide(thresholds, "Strong", "0.97")
    expect(thresholds.locator(".threshold-sum")).to_contain_text("4 → 0 buildings")
    expect(thresholds.locator(".parted")).to_have_count(4)
    assert len(served.review.state.members) == 4
    thresholds.get_by_role("button", name="Apply").click()
    expect(thresholds.locator("[data-view=buildings] .count")).to_have_text("0")
    thresholds.keyboard.press("Control+z")
    expect(thresholds.locator("[data-view=buildings] .count")).to_have_text("4")


def test_what_would_join_is_listed_with_its_photos(thresholds: Page) -> None:
    slide(thresholds, "Strong", "0.5")
    expect(thresholds.locator(".threshold-part h2")).to_contain_text("Would join")
    groups = thresholds.locator(".threshold-part .photo-group")
    expect(groups).not_to_have_count(0)
    for number in range(groups.count()):
        expect(groups.nth(number).locator(".thumbnail")).not_to_have_count(0)


def test_the_weak_threshold_never_passes_the_strong_one(thresholds: Page) -> None:
    slide(thresholds, "Weak", "0.9")
    expect(thresholds.get_by_label("Strong", exact=True)).to_have_value("0.9")


def test_nothing_can_be_applied_while_nothing_is_changed(thresholds: Page) -> None:
    expect(thresholds.get_by_role("button", name="Apply")).to_be_disabled()
    slide(thresholds, "Strong", "0.9")
    expect(thresholds.get_by_role("button", name="Apply")).to_be_enabled()
    thresholds.get_by_role("button", name="As they are").click()
    expect(thresholds.get_by_role("button", name="Apply")).to_be_disabled()


def test_a_map_without_positions_says_how_to_come_by_them(page: Page, served: ServedReview) -> None:
    nothing = '{"revision": 1, "photos": []}'
    page.route("**/api/map", lambda route: route.fulfill(body=nothing, content_type="application/json"))
    page.goto(f"{served.address}#/map")
    expect(page.get_by_text("No photo has a position.")).to_be_visible()
    expect(page.locator(".tray h2")).to_have_text("17 without a position")
