"""The page of neighbours in a browser, from a file: what it shows, its filters, and that it asks for nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stages.retrieval.neighbors import explore_neighbors
from stages.settings.retrieval import NeighborSettings
from tests.drawn_collection import HOSTILE, draw_collection
from web.neighbors.page import neighbors_page

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> NeighborSettings:
    """Photos of four groups, hostile names among them; the labels call every second group wrong."""
    work_dir = tmp_path_factory.mktemp("work")
    names = draw_collection(work_dir, extra=HOSTILE)
    quoted = [name.replace('"', '""') for name in names]
    lines = [f'"{name}",{number % 4 if number % 2 else number}' for number, name in enumerate(quoted)]
    (work_dir / "labels.csv").write_text("\n".join(["path,building", *lines]), encoding="utf-8")
    return NeighborSettings(
        pairs_file=work_dir / "netvlad" / "pairs-vlad.txt",
        image_dir=work_dir / "datasets",
        truth=work_dir / "labels.csv",
        output=work_dir / "out" / "n.html",
        k=3,
    )


@pytest.fixture
def opened(settings: NeighborSettings, page: Page) -> Page:
    explore_neighbors(settings, neighbors_page)
    page.goto(settings.output.as_uri())
    return page


def test_every_query_has_its_neighbours_with_score_and_mark(opened: Page) -> None:
    assert opened.locator(".query").count() == 16
    assert opened.locator(".query .neighbours li").count() == 48
    right, wrong = (opened.locator(f".neighbours .is-{kind}") for kind in ("right", "wrong"))
    assert right.count() > 0 and right.count() + wrong.count() == 48
    assert "✓ right" in right.first.inner_text() and "✗ wrong" in wrong.first.inner_text()


def test_scores_fall_from_left_to_right(opened: Page) -> None:
    for row in opened.locator(".neighbours").all():
        scores = [float(text.split()[0]) for text in row.locator(".mark").all_inner_texts()]
        assert scores == sorted(scores, reverse=True)


def test_photos_are_shown_and_those_that_are_gone_say_so(opened: Page) -> None:
    image = opened.locator(".query img").first
    image.scroll_into_view_if_needed()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert opened.get_by_text("not there").count() >= len(HOSTILE)


def test_the_filters_leave_correct_or_incorrect_queries(opened: Page, settings: NeighborSettings) -> None:
    counts = explore_neighbors(settings, neighbors_page).counts
    visible = opened.locator(".query:visible")
    for button, expected in (("Correct", "correct"), ("Incorrect", "incorrect")):
        opened.get_by_role("button", name=button, exact=True).click()
        assert visible.count() == counts[expected]
        assert opened.get_by_role("button", name=button, exact=True).get_attribute("aria-pressed") == "true"
    opened.get_by_role("button", name="All").click()
    assert visible.count() == 16


def test_names_can_be_searched(opened: Page) -> None:
    opened.get_by_label("Search by file name").fill("PHOTO_003")
    for text in opened.locator(".query:visible").all_inner_texts():
        assert "photo_003" in text
    assert 0 < opened.locator(".query:visible").count() < 16
    assert "of 16 shown" in opened.locator("#count").inner_text()


def test_hostile_names_are_text_and_no_markup(opened: Page) -> None:
    for name in HOSTILE:
        assert opened.get_by_title(name, exact=True).count() > 0
    assert opened.locator("script").count() == 2


def test_nothing_is_asked_of_anybody(settings: NeighborSettings, page: Page) -> None:
    explore_neighbors(settings, neighbors_page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(settings.output.as_uri())
    page.locator(".query").first.wait_for()
    assert [url for url in asked if not url.startswith("data:")] == [settings.output.as_uri()]


@pytest.mark.parametrize("width", [360, 820, 1440])
def test_no_width_needs_sideways_scrolling(opened: Page, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 800})
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_without_truth_nothing_is_marked_and_there_are_no_filters(settings: NeighborSettings) -> None:
    explore_neighbors(replace(settings, truth=None, output=settings.output.with_name("plain.html")), neighbors_page)
    text = settings.output.with_name("plain.html").read_text(encoding="utf-8")
    start = text.index('id="content">') + len('id="content">')
    content = json.loads(text[start : text.index("</script>", start)])
    assert {mark for one in content["queries"] for _, _, mark in one["neighbours"]} == {None}
    assert "have a right photo" not in text and 'aria-label="Which queries" hidden' in text
    assert Path(settings.output).parent.joinpath("thumbnails").is_dir()
