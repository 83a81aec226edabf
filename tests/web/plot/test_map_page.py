"""The map in a browser, from a file: hover, search, keys, zoom, and that nothing is asked for outside its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stages.plot import plot_features
from stages.settings.tools import PlotSettings
from tests.drawn_collection import HOSTILE, draw_collection
from web.plot.page import map_page

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work_dir = tmp_path_factory.mktemp("work")
    draw_collection(work_dir, extra=HOSTILE)
    settings = PlotSettings(work_dir, output_dir=work_dir / "out", methods=("pca", "tsne"), num_workers=0)
    plot_features(settings, map_page)
    return work_dir / "out"


@pytest.fixture
def opened(folder: Path, page: Page) -> Page:
    page.goto((folder / "map.html").as_uri())
    page.wait_for_function("performance.getEntriesByName('draw').length > 0")
    return page


def picture(page: Page) -> bytes:
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.locator("#map").screenshot()


def find(page: Page, text: str) -> list[str]:
    page.fill("#search", text)
    return page.locator("#results button").all_inner_texts()


def test_search_lists_the_photos_and_their_number(opened: Page) -> None:
    assert find(opened, "PHOTO_00") == [f"photo_{number:03d}.jpg" for number in range(10)]
    assert opened.inner_text("#count") == "10 photos"
    assert find(opened, "no such") == [] and opened.inner_text("#count") == "0 photos"
    find(opened, "")
    assert opened.locator("#found").is_hidden()


def test_a_photo_found_is_shown_with_name_cluster_and_picture(opened: Page) -> None:
    find(opened, "photo_005")
    opened.click("#results button")
    assert opened.inner_text("#name") == "photo_005.jpg"
    assert " photos" in opened.inner_text("#of") and "cluster" in opened.inner_text("#of")
    opened.wait_for_function("document.getElementById('picture').naturalWidth > 0")


def test_hovering_a_photo_shows_it(opened: Page) -> None:
    find(opened, "photo_007")
    opened.click("#results button")
    box, found = opened.locator("#map").bounding_box(), opened.locator("#found").bounding_box()
    assert box is not None and found is not None
    find(opened, "")
    opened.mouse.move((box["x"] + found["x"]) / 2, box["y"] + box["height"] / 2)
    opened.wait_for_selector("#card:not([hidden])")
    assert opened.inner_text("#name") == "photo_007.jpg"
    opened.mouse.move(2, 2)
    assert opened.locator("#card").is_hidden()


def test_one_cluster_can_be_shown(opened: Page) -> None:
    values = opened.locator("#cluster option").evaluate_all("options => options.map((option) => option.value)")
    assert values[0] == "" and values[-1] == "-1" and set(values[1:-1]) == {"0", "1", "2", "3"}
    opened.select_option("#cluster", "-1")
    assert opened.locator("#results button").count() == 1


def test_keys_move_and_zoom_and_show_all_again(opened: Page) -> None:
    opened.locator("#map").focus()
    before = picture(opened)
    for key in ("ArrowLeft", "ArrowDown", "+", "-"):
        opened.keyboard.press(key)
        assert picture(opened) != before
    opened.keyboard.press("0")
    assert picture(opened) == before


def test_the_wheel_zooms_and_dragging_moves(opened: Page) -> None:
    box = opened.locator("#map").bounding_box()
    assert box is not None
    x, y = box["x"] + 300, box["y"] + 300
    opened.mouse.move(x, y)
    before = picture(opened)
    opened.mouse.wheel(0, -400)
    zoomed = picture(opened)
    opened.mouse.down()
    opened.mouse.move(x + 90, y + 40, steps=3)
    opened.mouse.up()
    assert zoomed != before and picture(opened) != zoomed


def test_the_other_method_gives_another_map(opened: Page) -> None:
    before = picture(opened)
    button = opened.get_by_role("button", name="t-SNE")
    button.click()
    assert button.get_attribute("aria-pressed") == "true" and picture(opened) != before


def test_hostile_names_are_text(opened: Page) -> None:
    for name in HOSTILE:
        assert find(opened, name) == [name]
        opened.click("#results button")
        assert opened.inner_text("#name") == name and opened.locator("#picture").is_hidden()
    assert opened.locator("script").count() == 2


def test_no_request_leaves_the_folder(folder: Path, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / "map.html").as_uri())
    find(page, "photo_001")
    page.click("#results button")
    page.wait_for_function("document.getElementById('picture').naturalWidth > 0")
    assert len(asked) > 1 and all(url.startswith(folder.as_uri() + "/") for url in asked)


@pytest.mark.parametrize(("width", "height"), [(820, 1180), (1280, 800), (390, 844)])
def test_it_fits_the_screen(opened: Page, width: int, height: int) -> None:
    opened.set_viewport_size({"width": width, "height": height})
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    box = opened.locator("#map").bounding_box()
    assert box is not None and box["height"] > 0.4 * height and box["y"] + box["height"] <= height + 1


def test_dark_and_light_follow_the_system(opened: Page) -> None:
    colour = "getComputedStyle(document.getElementById('stage')).backgroundColor"
    light = opened.evaluate(colour)
    opened.emulate_media(color_scheme="dark")
    assert opened.evaluate(colour) != light


def test_buttons_zoom_and_show_all_again(opened: Page) -> None:
    before = picture(opened)
    opened.get_by_role("button", name="Zoom in").click()
    assert picture(opened) != before
    opened.get_by_role("button", name="Show all").click()
    opened.mouse.move(2, 2)
    assert picture(opened) == before


def test_the_card_covers_neither_the_photo_nor_the_list(opened: Page) -> None:
    for width in (1280, 820):
        opened.set_viewport_size({"width": width, "height": 800})
        find(opened, "photo_004")
        opened.click("#results button")
        card, found = opened.locator("#card").bounding_box(), opened.locator("#found").bounding_box()
        stage = opened.locator("#stage").bounding_box()
        assert card is not None and found is not None and stage is not None
        assert card["x"] + card["width"] <= found["x"] + 1
        middle = (stage["x"] + (found["x"] - stage["x"]) / 2, stage["y"] + stage["height"] / 2)
        is_over = (
            card["x"] < middle[0] < card["x"] + card["width"] and card["y"] < middle[1] < card["y"] + card["height"]
        )
        assert not is_over


def test_escape_closes_the_card(opened: Page) -> None:
    find(opened, "photo_004")
    opened.click("#results button")
    opened.locator("#map").focus()
    opened.keyboard.press("Escape")
    assert opened.locator("#card").is_hidden()


def test_clusters_and_search_narrow_each_other(opened: Page) -> None:
    opened.select_option("#cluster", "1")
    everything = set(opened.locator("#results button").all_inner_texts())
    few = find(opened, "photo_00")
    assert set(few) == {name for name in everything if "photo_00" in name}
