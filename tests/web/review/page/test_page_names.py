"""100 hostile names of photos and buildings: text everywhere in the page, never markup, never a script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from storage.formats.pairs import write_pairs
from tests.web.review.page.drawn_street import ServedReview, cluster_again, draw

expect = pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright").expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

TEXTS = [
    "<script>window.ran=1<",
    "<img src=x onerror=window.ran=1>",
    "\"onload='window.ran=1'",
    "javascript:window.ran=1",
    "&lt;b&gt;",
    "${window.ran=1}",
    "{{7*7}}",
    "a\nb",
    "\u202egpj",
    "'><svg onload=window.ran=1>",
]
NAMES = [f"{number:03d}{TEXTS[number % len(TEXTS)]}.jpg" for number in range(100)]
TOGETHER = [name for name in NAMES[:10] if "\n" not in name]  # no pairs file can hold the others


@pytest.fixture
def hostile(tmp_path: Path) -> ServedReview:
    """A review of 100 photos with such names: two buildings, the others alone."""
    for name in NAMES:
        draw(tmp_path / "datasets" / name, "#445566", name[:3])
    rows = [(one, two, 0.95) for group in (TOGETHER, NAMES[11:17]) for one in group for two in group if one < two]
    rows.append((NAMES[20], NAMES[0], 0.6))
    write_pairs(tmp_path / "netvlad" / "pairs-vlad.txt", rows, {"model": "vlad", "is_probability": True})
    cluster_again(tmp_path)
    return ServedReview(tmp_path)


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no such names")
def test_no_name_is_more_than_a_text(page: Page, hostile: ServedReview) -> None:
    page.on("dialog", lambda _dialog: pytest.fail("a name was run as a script"))
    page.goto(hostile.address)
    page.locator(".card").first.click()
    expect(page.locator(".cell.photo")).to_have_count(len(TOGETHER))
    for text in TEXTS[0], TEXTS[1], TEXTS[9]:
        page.keyboard.press("n")
        page.locator("dialog input").fill(text)
        page.keyboard.press("Enter")
        expect(page.locator(".building-words h2")).to_have_text(text)
    names = page.locator(".cell.photo .photo-name").all_inner_texts()
    assert {*names} == {*TOGETHER}
    for key, shown in {
        "Enter": ".viewer img",
        "Escape": ".building",
        "2": ".photo",
        "3": ".pair-name",
        "4": ".map",
    }.items():
        page.keyboard.press(key)
        expect(page.locator(shown).first).to_be_visible()
        assert page.evaluate("window.ran") is None
        assert page.locator("main script, main svg[onload], main img[onerror], main b").count() == 0
    hostile.stop()
