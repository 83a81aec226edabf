"""The grid of buildings, in a browser: opening, selecting, merging, naming, searching, undo after a restart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.review.page.drawn_street import BUILDINGS, ServedReview, cluster_again, photos_of

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page


def clusters_of(served: ServedReview) -> list[set[str]]:
    """Give the clusters of clusters.json, as sets of names."""
    content = json.loads((served.work_dir / "results" / "clusters.json").read_text(encoding="utf-8"))
    return [set(photos) for key, photos in content.items() if key != "-1"]


def decisions_of(served: ServedReview) -> dict[str, Any]:
    """Give decisions.json."""
    content: dict[str, Any] = json.loads((served.work_dir / "results" / "decisions.json").read_text(encoding="utf-8"))
    return content


def titles(page: Page) -> list[str]:
    """Give the titles of the cards in sight."""
    return page.locator(".card-name").all_inner_texts()


def card(page: Page, title: str) -> Any:
    """Find the card of a building."""
    return page.locator(".card", has_text=title)


def wait_for_status(page: Page, text: str) -> None:
    """Wait until the page says something to screen readers."""
    expect(page.locator("#status")).to_contain_text(text)


def merge_first_two(page: Page) -> None:
    """Merge the first two buildings by keys."""
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".cell[aria-selected=true]")).to_have_count(2)
    page.keyboard.press("m")
    wait_for_status(page, "Merge")


def test_opening_the_page_shows_every_building_with_its_photos(opened: Page) -> None:
    assert len(titles(opened)) == len(BUILDINGS)
    assert str(opened.locator(".card").first.get_attribute("aria-label")).startswith("Building 0, 5 photos")
    opened.wait_for_selector(".card img.is-here")
    expect(opened.locator("[data-view=alone] .count")).to_have_text("3")


def test_two_buildings_are_merged_by_keys_and_the_page_says_so(opened: Page, served: ServedReview) -> None:
    merge_first_two(opened)
    expect(opened.locator(".card")).to_have_count(3)
    expect(opened.locator("#status")).to_contain_text("Undo: Ctrl+Z")
    expect(opened.locator("#effort")).to_have_text("1 action")
    assert decisions_of(served)["must_link"]


def test_a_merge_is_undone_after_a_restart_and_done_again(opened: Page, served: ServedReview) -> None:
    merge_first_two(opened)
    served.restart()
    opened.goto(served.address)
    expect(opened.locator(".card:not(.is-coming)")).to_have_count(3)
    opened.keyboard.press("Control+z")
    expect(opened.locator(".card")).to_have_count(4)
    opened.keyboard.press("Control+Shift+Z")
    expect(opened.locator(".card")).to_have_count(3)


def test_create_clusters_keeps_what_was_merged(opened: Page, served: ServedReview) -> None:
    merge_first_two(opened)
    cluster_again(served.work_dir)
    assert {*photos_of("church"), *photos_of("mill")} in clusters_of(served)


def test_writing_the_result_brings_the_merge_into_clusters_json(opened: Page, served: ServedReview) -> None:
    merge_first_two(opened)
    opened.keyboard.press("Control+s")
    wait_for_status(opened, "Written")
    assert {*photos_of("church"), *photos_of("mill")} in clusters_of(served)
    expect(opened.locator(".is-write")).to_be_disabled()


def test_dragging_a_building_onto_another_merges_them(opened: Page) -> None:
    first, second = opened.locator(".card").nth(0), opened.locator(".card").nth(1)
    first.drag_to(second)
    wait_for_status(opened, "Merge")
    expect(opened.locator(".card")).to_have_count(3)


def test_a_rubber_band_selects_the_buildings_that_it_touches(opened: Page) -> None:
    box = opened.locator(".card").nth(0).bounding_box()
    last = opened.locator(".card").nth(1).bounding_box()
    assert box and last
    opened.mouse.move(box["x"] - 6, box["y"] + 20)
    opened.mouse.down()
    opened.mouse.move(last["x"] + 30, last["y"] + 60, steps=4)
    opened.mouse.up()
    assert opened.locator(".cell[aria-selected=true]").count() == 2
    expect(opened.locator(".selection-bar")).to_contain_text("2 buildings selected")


def test_escape_deselects(opened: Page) -> None:
    opened.locator(".card .tick").first.click()
    assert opened.locator(".cell[aria-selected=true]").count() == 1
    opened.keyboard.press("Escape")
    assert opened.locator(".cell[aria-selected=true]").count() == 0
    expect(opened.locator(".selection-bar")).to_be_hidden()


def test_a_name_is_shown_as_text_and_found_by_searching(opened: Page, served: ServedReview) -> None:
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("n")
    opened.locator("#asked").fill('<img src=x onerror="alert(1)">')
    opened.keyboard.press("Enter")
    wait_for_status(opened, "ame")
    expect(opened.locator(".card-name", has_text="<img")).to_be_visible()
    opened.keyboard.press("/")
    opened.keyboard.type("onerror")
    expect(opened.locator(".card")).to_have_count(1)
    assert decisions_of(served)["clusters"][0]["name"].startswith("<img")


def test_a_filter_without_buildings_says_so(opened: Page) -> None:
    opened.locator("[data-filter=locked]").click()
    opened.get_by_text("No building fits.").wait_for()
    opened.locator("[data-filter=all]").click()
    opened.locator(".card").first.wait_for()
    opened.keyboard.press("Escape")
    opened.locator(".card").first.focus()
    opened.keyboard.press("l")
    wait_for_status(opened, "ock")
    opened.locator("[data-filter=locked]").click()
    expect(opened.locator(".card")).to_have_count(1)


def test_the_question_mark_shows_the_keys_and_escape_gives_the_focus_back(opened: Page) -> None:
    opened.keyboard.press("ArrowDown")
    before = opened.evaluate("document.activeElement.dataset.index")
    opened.keyboard.press("?")
    expect(opened.get_by_role("dialog", name="Keys")).to_be_visible()
    opened.keyboard.press("m")
    opened.keyboard.press("Escape")
    expect(opened.locator("dialog")).to_have_count(0)
    assert opened.evaluate("document.activeElement.dataset.index") == before


def test_a_second_window_sees_the_change(opened: Page, served: ServedReview) -> None:
    other = opened.context.new_page()
    other.goto(served.address)
    other.wait_for_selector(".card:not(.is-coming)")
    merge_first_two(opened)
    expect(other.locator(".card")).to_have_count(3)
    other.close()


def test_everything_comes_from_the_server_itself(page: Page, served: ServedReview) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    refused: list[str] = []
    page.on(
        "console", lambda message: refused.append(message.text) if "Content Security Policy" in message.text else None
    )
    page.goto(served.address)
    page.wait_for_selector(".card img.is-here")
    for key, shown in {
        "2": ".photo img.is-here",
        "3": ".pair-facts .badge",
        "4": ".tray img.is-here",
        "5": "#threshold-weak",
    }.items():
        page.keyboard.press(key)
        page.wait_for_selector(shown)
    assert asked and all(url.startswith(served.address) for url in asked)
    assert not refused
