"""One building and its photos, in a browser: splitting, moving, dragging, taking out, the big view."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.web.review.page.drawn_street import ServedReview, name_of, photos_of

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route


@pytest.fixture
def church(opened: Page) -> Page:
    """The page of the building of five photos."""
    opened.locator(".card").first.click()
    expect(opened.locator(".photo:not(.is-coming)")).to_have_count(5)
    return opened


def members(served: ServedReview, photo: str) -> set[str]:
    """Give the photos that are in one cluster with a photo, as the server has them."""
    state = served.review.state
    cluster = next(numbers for numbers in state.members.values() if state.number_of[photo] in numbers)
    return {state.names[number] for number in cluster}


def test_selected_photos_leave_after_a_preview(church: Page, served: ServedReview) -> None:
    church.locator(".photo .tick").nth(0).click()
    church.locator(".photo .tick").nth(1).click()
    church.keyboard.press("s")
    groups = church.get_by_role("dialog").locator(".photo-group")
    expect(groups.nth(0)).to_contain_text("3 photos")
    expect(groups.nth(1)).to_contain_text("2 photos")
    assert len(members(served, name_of("church", 0))) == 5
    church.keyboard.press("Enter")
    expect(church.locator(".photo")).to_have_count(3)
    assert members(served, name_of("church", 0)) == {name_of("church", 0), name_of("church", 1)}
    church.keyboard.press("Control+z")
    expect(church.locator(".photo")).to_have_count(5)


def test_a_split_says_of_one_photo_that_it_is_alone_then(church: Page) -> None:
    church.locator(".photo .tick").nth(0).click()
    church.keyboard.press("s")
    groups = church.get_by_role("dialog").locator(".photo-group")
    expect(groups.nth(0)).to_contain_text("Stays")
    expect(groups.nth(1)).to_contain_text("Is alone from then on 1 photo")


def test_a_building_is_split_at_its_weakest_link(church: Page, served: ServedReview) -> None:
    church.get_by_role("button", name="Split here").click()
    expect(church.get_by_role("dialog").locator(".photo-group")).to_have_count(2)
    church.get_by_role("button", name="Split", exact=True).last.click()
    expect(church.locator("#status")).to_contain_text("plit")
    assert len(members(served, name_of("church", 0))) < 5


def test_giving_a_split_up_changes_nothing_and_gives_the_focus_back(church: Page, served: ServedReview) -> None:
    church.locator(".photo").nth(2).focus()
    church.keyboard.press("s")
    expect(church.get_by_role("dialog")).to_be_visible()
    church.keyboard.press("Escape")
    expect(church.get_by_role("dialog")).to_have_count(0)
    expect(church.locator(".photo").nth(2)).to_be_focused()
    expect(church.locator("#effort")).to_have_text("0 actions")
    assert len(members(served, name_of("church", 0))) == 5


def test_a_photo_is_moved_by_keys_to_the_building_that_is_searched_for(church: Page, served: ServedReview) -> None:
    church.locator(".photo").first.focus()
    church.keyboard.press("v")
    church.get_by_role("searchbox", name="Search buildings").fill("mill")
    expect(church.locator(".choice")).to_have_count(2)
    church.keyboard.press("Enter")
    expect(church.locator(".photo")).to_have_count(4)
    assert members(served, name_of("church", 0)) == {name_of("church", 0), *photos_of("mill")}


def test_photos_are_dragged_onto_a_new_building(church: Page, served: ServedReview) -> None:
    church.locator(".photo").nth(0).click(modifiers=["Control"])
    church.locator(".photo").nth(1).click(modifiers=["Control"])
    church.locator(".photo").nth(1).drag_to(church.locator("[data-drop=new]"))
    expect(church.locator(".photo")).to_have_count(3)
    assert members(served, name_of("church", 0)) == {name_of("church", 0), name_of("church", 1)}


def test_a_photo_is_taken_out_and_stands_among_those_that_are_alone(church: Page) -> None:
    church.locator(".photo").first.focus()
    church.keyboard.press("x")
    expect(church.locator(".photo")).to_have_count(4)
    church.keyboard.press("2")
    expect(church.locator(".photo", has_text="photo 0.jpg")).to_have_count(1)
    expect(church.locator("[data-view=alone] .count")).to_have_text("4")


def test_a_photo_is_marked_as_the_one_that_stands_for_its_building(church: Page) -> None:
    church.locator(".photo").nth(3).focus()
    church.keyboard.press("r")
    expect(church.locator(".photo").nth(3).locator(".star")).to_be_visible()
    church.keyboard.press("r")
    expect(church.locator(".photo").nth(3).locator(".star")).to_have_count(0)


def test_a_note_is_written_and_shown(church: Page) -> None:
    church.keyboard.press("t")
    church.locator("#asked").fill("roof is gone\nask the owner")
    church.keyboard.press("Control+Enter")
    expect(church.locator(".note-text")).to_have_text("roof is gone\nask the owner")


def test_the_big_view_zooms_and_goes_on_by_keys(church: Page) -> None:
    church.locator(".photo").first.focus()
    church.keyboard.press("Enter")
    big = church.locator(".big")
    expect(big).to_have_attribute("alt", "photo 0.jpg")
    church.keyboard.press("+")
    assert "scale(1.4)" in str(big.get_attribute("style"))
    church.keyboard.press("ArrowRight")
    expect(big).to_have_attribute("alt", "photo 1.jpg")
    assert "scale(1)" in str(big.get_attribute("style"))


def test_a_photo_that_is_looked_at_again_is_sharp_again_when_it_is_zoomed(church: Page) -> None:
    church.locator(".photo").first.focus()
    church.keyboard.press("Enter")
    big = church.locator(".big")
    for _ in range(2):
        church.keyboard.press("+")
        church.keyboard.press("+")
        expect(big).to_have_attribute("src", re.compile(r"side=2400"))
        church.keyboard.press("ArrowRight")
        church.keyboard.press("ArrowLeft")
        expect(big).not_to_have_attribute("src", re.compile(r"side=2400"))


def test_a_building_that_comes_late_does_not_take_the_place_of_the_one_gone_to_since(
    opened: Page, served: ServedReview
) -> None:
    first, second = sorted(served.review.state.members)[:2]
    held: list[Route] = []
    opened.route(f"**/api/clusters/{first}", lambda route: held.append(route))
    with opened.expect_request(f"**/api/clusters/{first}"):
        opened.evaluate(f"() => {{ location.hash = '#/building/{first}'; }}")
    opened.evaluate(f"() => {{ location.hash = '#/building/{second}'; }}")
    expect(opened.locator(".photo:not(.is-coming)")).to_have_count(len(served.review.state.members[second]))
    heading = opened.locator(".building-head h2").inner_text()
    with opened.expect_response(f"**/api/clusters/{first}"):
        held[0].continue_()
    opened.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
    expect(opened.locator(".building-head h2")).to_have_text(heading)
    expect(opened).to_have_title(re.compile("^" + re.escape(heading)))


def test_two_photos_are_compared_side_by_side(church: Page) -> None:
    church.locator(".photo .tick").nth(0).click()
    church.locator(".photo .tick").nth(1).click()
    church.keyboard.press("c")
    expect(church.get_by_role("dialog").get_by_text("photo 1.jpg")).to_be_visible()
    expect(church.get_by_role("dialog").locator(".badge")).to_have_text("score 0.95")


def test_a_file_name_that_is_markup_is_shown_as_text(opened: Page) -> None:
    opened.keyboard.press("2")
    expect(opened.locator(".photo-name", has_text="<b>wheel & co.jpg")).to_be_visible()
    assert opened.locator(".photo-name b").count() == 0


def test_a_photo_that_is_alone_joins_its_nearest_building_by_one_key(opened: Page, served: ServedReview) -> None:
    opened.keyboard.press("2")
    opened.locator(".photo", has_text="wheel").focus()
    opened.keyboard.press("s")
    expect(opened.locator("[data-view=alone] .count")).to_have_text("2")
    assert members(served, "alone/<b>wheel & co.jpg") == {*photos_of("mill"), "alone/<b>wheel & co.jpg"}
