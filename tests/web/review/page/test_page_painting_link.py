"""From a building of the review to its photos in the painting page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.web.review.page.drawn_street import ServedReview

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_building_opens_in_the_painting_page(served: ServedReview, opened: Page) -> None:
    opened.locator(".card").first.focus()
    opened.keyboard.press("Enter")
    link = opened.get_by_role("link", name="Paint masks")
    expect(link).to_be_visible()
    with opened.context.expect_page() as found:
        link.click()
    painting = found.value
    errors: list[str] = []
    painting.on("pageerror", lambda error: errors.append(str(error)))
    number = link.get_attribute("href")
    assert number is not None and painting.url.endswith(number)
    names = opened.locator(".photo-name").all_inner_texts()
    expect(painting.locator("body")).to_contain_text(f"of {len(names)}")
    expect(painting.locator("body")).to_contain_text(sorted(names)[0])
    assert not errors
