"""The report in a browser, opened from the disk."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.drawn_work import HOSTILE, MISSING, DrawnWork, draw_work
from web.report.make import make_report

if TYPE_CHECKING:
    from playwright.sync_api import Page

PAGES = ("index.html", "buildings.html", "singletons.html", "skipped.html", "map.html", "print.html") + (
    "buildings/cluster-0.html",
)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> DrawnWork:
    """A drawn work folder with its report; only read by the tests."""
    work = draw_work(tmp_path_factory.mktemp("work"))
    make_report(work.settings)
    return work


@pytest.fixture
def go(page: Page, work: DrawnWork) -> Callable[[str], Page]:
    """Open a page of the report; no page may ask for anything outside of its folder."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda _dialog: pytest.fail("a name was run as a script"))

    def opened(path: str) -> Page:
        page.goto((work.report_dir / path.partition("#")[0]).as_uri() + "".join(path.partition("#")[1:]))
        page.wait_for_load_state("load")
        for url in asked:
            inside = Path(unquote(urlsplit(url).path)).is_relative_to(work.report_dir)
            assert url.startswith("data:") or (url.startswith("file:") and inside), url
        return page

    return opened


Go = Callable[[str], Any]


def contrast(page: Page, selector: str) -> float:
    """Give the contrast of a text with what lies below it (WCAG 2.2, 1.4.3)."""
    return float(
        page.evaluate(
            """selector => {
              const element = document.querySelector(selector);
              const rgb = text => text.match(/[\\d.]+/g).map(Number);
              let below = element;
              while (below && rgb(getComputedStyle(below).backgroundColor)[3] === 0) below = below.parentElement;
              const light = color => rgb(color).slice(0, 3).map(v => v / 255)
                .map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
                .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
              const both = [getComputedStyle(element).color, getComputedStyle(below || document.body).backgroundColor]
                .map(light).sort((a, b) => b - a);
              return (both[0] + 0.05) / (both[1] + 0.05);
            }""",
            selector,
        )
    )


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_for_nothing_outside_of_its_folder(go: Go, path: str) -> None:
    page = go(path)
    page.mouse.wheel(0, 20_000)
    page.wait_for_function("[...document.images].every(image => image.complete)")
    broken = page.evaluate("[...document.images].filter(image => !image.naturalWidth).map(image => image.src)")
    assert broken == []
    go(path)


def test_the_overview_counts_what_is_there(go: Go) -> None:
    page = go("index.html")
    tiles = {
        tile.locator("dt").inner_text(): tile.locator("dd").inner_text() for tile in page.locator(".tiles > div").all()
    }
    assert tiles == {"Photos": "8", "Buildings": "2", "Alone": "2", "Without position": "3 38 %", "Skipped": "2"}
    rows = [text.split() for text in page.locator(".histogram tbody tr").all_inner_texts()]
    assert rows == [["alone", "2"], ["2", "1"], ["3", "0"], ["4", "1"]]
    assert page.locator(".skipped tbody tr").count() == 2


def test_a_click_on_a_building_leads_to_its_page_and_on_to_the_next(go: Go) -> None:
    page = go("index.html")
    page.get_by_role("link", name="Building 3").click()
    assert page.locator("h1").inner_text() == "Building 3"
    page.get_by_role("link", name="‹").click()
    assert page.locator("h1").inner_text() == HOSTILE
    page.get_by_role("link", name="Overview").click()
    assert page.locator("h1").inner_text() == "Drawn street"


def test_a_building_shows_its_photos_facts_and_reasons(go: Go) -> None:
    page = go("buildings/cluster-0.html")
    names = page.locator(".photo-rows .file").all_inner_texts()
    assert names == ["c.jpg", "b.jpg", "<img src=x onerror=alert(1)>.jpg", "a 1.jpg"]
    assert page.locator(".photo-rows .badge").count() == 2
    facts = page.locator(".facts").inner_text()
    assert "building_1" in facts and "Drawn A (2), Drawn B (1)" in facts
    assert "2023-05-09 09:00:00 to 2023-05-10 11:00:00 (clock of the camera, no time zone)" in facts
    assert "45.000000, 15.000100" in facts
    why = page.locator("section", has=page.locator("#why")).inner_text()
    assert "2 joins: enough photos on both sides agree." in why and "Weakest link" in why
    assert "too few photos on both sides agree" in page.locator("section", has=page.locator("#doubts")).inner_text()


def test_hostile_names_are_shown_as_text(go: Go) -> None:
    page = go("buildings/cluster-0.html")
    assert page.locator("h1").inner_text() == HOSTILE
    assert page.title() == f"{HOSTILE} – Drawn street"
    assert page.locator("img[src=x]").count() == 0 and page.locator("main script").count() == 0
    assert page.locator(".no-photo").count() >= 1


def test_a_photo_opens_large_and_the_keyboard_goes_through_them(go: Go) -> None:
    page = go("buildings/cluster-0.html")
    first = page.locator("a.view").first
    first.focus()
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog", name="Photo")
    assert viewer.is_visible() and "north/c.jpg" in viewer.inner_text() and "1 of 3" in viewer.inner_text()
    page.keyboard.press("ArrowRight")
    assert "north/b.jpg" in viewer.inner_text()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert "3 of 3" in viewer.inner_text()
    page.keyboard.press("Escape")
    assert not viewer.is_visible()
    assert page.evaluate("document.activeElement.classList.contains('view')")


def test_the_search_finds_a_photo_and_goes_to_it(go: Go) -> None:
    page = go("index.html")
    page.keyboard.press("Tab")
    box = page.get_by_role("searchbox")
    box.fill("G.JPG")
    page.locator(".found li").first.wait_for()
    assert page.locator(".found [role=status]").inner_text() == "1 found"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/singletons.html#photo-0")
    assert "south/g.jpg" in page.locator("#photo-0").inner_text()


def test_the_search_shows_hostile_names_as_text_and_escape_closes_it(go: Go) -> None:
    page = go("buildings/cluster-3.html")
    page.get_by_role("searchbox").fill("onerror")
    row = page.locator(".found li")
    row.wait_for()
    assert MISSING in row.inner_text() and row.locator("img").count() == 0
    page.keyboard.press("Escape")
    assert not page.locator(".found").is_visible()


def test_lone_photos_stand_beside_the_photo_that_they_are_nearest_to(go: Go) -> None:
    page = go("singletons.html")
    first = page.locator("#photo-0")
    assert first.locator("img").count() == 2 and "lies between the thresholds" in first.inner_text()
    first.get_by_role("link", name="<script>").click()
    assert page.locator("h1").inner_text() == HOSTILE


def test_the_keyboard_reaches_the_content_and_focus_is_seen(go: Go) -> None:
    page = go("index.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.tiles') !== null")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"


# -- the map ----------------------------------------------------------------------------------------------------------


def metres_shown(page: Page) -> float:
    return float(page.locator(".scale i").get_attribute("data-metres") or 0)


def test_the_map_has_a_scale_bar_that_tells_the_truth(go: Go) -> None:
    page = go("map.html")
    bar = page.locator(".scale i").bounding_box()
    frame = page.locator("#map").bounding_box()
    width_m = float((page.locator("#map").get_attribute("viewBox") or "").split()[2])
    assert bar and frame
    assert bar["width"] / frame["width"] * width_m == pytest.approx(metres_shown(page), rel=0.02)
    assert page.locator(".scale span").inner_text() == f"{metres_shown(page):g} m"


def test_a_building_on_the_map_leads_to_its_page(go: Go) -> None:
    page = go("map.html")
    assert page.locator("#cluster-0 title").text_content() == f"{HOSTILE}, 4 photos"
    page.locator("#cluster-3 .touch").click(force=True)
    page.wait_for_url("**/buildings/cluster-3.html")


def test_the_map_is_moved_and_zoomed_by_mouse_keys_and_buttons(go: Go) -> None:
    page = go("map.html")
    start = page.locator("#map").get_attribute("viewBox")
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function("start => document.getElementById('map').getAttribute('viewBox') !== start", arg=start)
    closer = page.locator("#map").get_attribute("viewBox")
    page.locator("#map").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("start => document.getElementById('map').getAttribute('viewBox') !== start", arg=closer)
    box = page.locator("#map").bounding_box()
    assert box
    moved = page.locator("#map").get_attribute("viewBox")
    page.mouse.move(box["x"] + 200, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 350, steps=4)
    page.mouse.up()
    page.wait_for_function("start => document.getElementById('map').getAttribute('viewBox') !== start", arg=moved)
    assert page.url.endswith("map.html")


def test_a_building_sends_to_its_place_on_the_map(go: Go) -> None:
    page = go("buildings/cluster-0.html")
    page.get_by_role("link", name="45.000000").click()
    page.wait_for_url("**/map.html#cluster-0")
    page.wait_for_function("document.querySelector('#cluster-0.is-shown')")


def test_tiles_are_asked_for_only_when_the_report_was_made_with_them(page: Page, tmp_path: Path) -> None:
    work = draw_work(tmp_path)
    tiles = "https://tiles.invalid/{z}/{x}/{y}.png"
    make_report(work.with_flags(map_tiles=tiles, map_attribution="© the drawn <map>"))
    asked: list[str] = []
    page.route(re.compile("^https:"), lambda route: (asked.append(route.request.url), route.abort()))
    with page.expect_request(re.compile("^https:")):
        page.goto((work.report_dir / "map.html").as_uri())
    assert asked and all(url.startswith("https://tiles.invalid/") for url in asked)
    zoom, column, row = (int(part.removesuffix(".png")) for part in asked[0].split("/")[-3:])
    # Tiles of OpenStreetMap's numbering that hold 45 N 15 E at this zoom.
    assert abs(column - (15 / 360 + 0.5) * 2**zoom) < 4 and abs(row / 2**zoom - 0.35972) < 0.001
    assert page.locator(".attribution").inner_text() == "© the drawn <map>"


# -- paper, dark, tablet ----------------------------------------------------------------------------------------------


def num_sheets(pdf: bytes) -> int:
    return pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") + pdf.count(b"/Type /Page/")


def test_the_print_page_is_a_sheet_of_paper_per_building(go: Go) -> None:
    page = go("print.html")
    assert page.locator(".sheet").count() == 2
    assert num_sheets(page.pdf(format="A4")) == 2


def test_on_paper_there_is_no_navigation_and_the_paper_is_white(go: Go) -> None:
    page = go("buildings/cluster-0.html")
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator(".top").is_visible() and not page.locator(".neighbours").is_visible()
    assert page.locator("h1").is_visible() and page.locator(".photo-rows img").count() == 3
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["index.html", "buildings/cluster-0.html", "singletons.html"])
def test_text_has_enough_contrast_in_light_and_dark(go: Go, page: Page, scheme: Any, path: str) -> None:
    page.emulate_media(color_scheme=scheme)
    go(path)
    for selector in ("h1", ".lead", "main a", ".top nav a", "main .soft, .histogram th"):
        assert contrast(page, selector) >= 4.5, selector


@pytest.mark.parametrize("path", PAGES)
def test_on_a_tablet_nothing_sticks_out_and_fingers_find_the_links(go: Go, page: Page, path: str) -> None:
    page.set_viewport_size({"width": 820, "height": 1180})
    go(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 820
    sizes = page.evaluate(
        "[...document.querySelectorAll('.top nav a, .button:not([hidden])')].map(e => e.getBoundingClientRect().height)"
    )
    assert min(size for size in sizes if size) >= 40
