"""Hostile names of photos: text everywhere in the page, never markup, never a script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.segmentation.page.conftest import opened_page
from tests.web.segmentation.page.drawn_facade import draw_facade, write_photo

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TEXTS = [
    "<script>window.ran=1<",
    "<img src=x onerror=window.ran=1>",
    "\"onload='window.ran=1'",
    "&lt;b&gt;",
    "{{7*7}}",
    "a\nb",
    "\u202egpj",
    "'><svg onload=window.ran=1>",
]


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no such names")
def test_no_name_is_more_than_a_text(browser: Browser, tmp_path: Path) -> None:
    for text in TEXTS:
        write_photo(tmp_path / "photos" / f"{text.replace('/', '')}.png", draw_facade()[::4, ::4])
    with opened_page(browser, tmp_path, {}) as page:
        page.page.on("dialog", lambda _dialog: pytest.fail("a name was run as a script"))
        page.open()
        expect(page.page.locator(".film-photo")).to_have_count(len(TEXTS))
        for place in range(len(TEXTS)):
            page.page.locator(".film-photo").nth(place).click()
            expect(page.page.locator(".photo-name")).to_contain_text(f"{place + 1} of {len(TEXTS)}")
            page.page.wait_for_selector("#stage[aria-busy=false]")
            page.click(10, 5)
            page.page.keyboard.press("Control+s")
            expect(page.page.locator("#kept")).to_have_text("Masks written")
        page.page.get_by_role("button", name="Classes…").click()
        page.page.get_by_role("button", name="Add the current colour").click()
        page.page.locator("dialog input[type=text]").fill(TEXTS[1])
        page.page.get_by_role("button", name="Save", exact=True).click()
        expect(page.page.locator(".class-name")).to_have_text(TEXTS[1])
        assert page.page.evaluate("() => window.ran") is None
        assert page.page.locator("main script, main svg[onload], main img[onerror], main b").count() == 0
