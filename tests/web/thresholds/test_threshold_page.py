"""The page of thresholds in a browser, from a file: what it shows, keys, copying, and that it asks for nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stages.settings.tools import ThresholdSettings
from stages.thresholds import sweep as thresholds
from stages.thresholds.sweep import select_threshold
from tests.drawn_collection import HOSTILE, draw_collection
from web.thresholds.page import threshold_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

COUNTS = ("similar_pairs", "clusters", "clustered_photos", "largest_cluster")
# Tests may read what was copied, and have copying refused.
CLIPBOARD = """
window.copied = [];
Object.defineProperty(navigator, "clipboard", {value: {writeText: async (text) => {
  if (window.isRefused) throw new Error("not allowed");
  window.copied.push(text);
}}});
document.execCommand = (command) => { window.asked = command; return !window.isRefusedAgain; };
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    work_dir = tmp_path_factory.mktemp("work")
    draw_collection(work_dir, extra=HOSTILE)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(thresholds, "draw_curve", lambda *_: b"drawn")  # it takes most of the time
        select_threshold(ThresholdSettings(work_dir, output_dir=work_dir / "out"), threshold_page)
    return work_dir / "out"


@pytest.fixture
def opened(folder: Path, page: Page) -> Page:
    page.add_init_script(CLIPBOARD)
    page.goto((folder / "threshold.html").as_uri())
    return page


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "threshold.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shown(page: Page) -> dict[str, str]:
    return {name: page.inner_text(f"#{name}").replace(",", "") for name in ("threshold", *COUNTS)}


def hover(page: Page, share: float) -> None:
    box = page.locator("#chart").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] * 0.5)


def test_what_hovering_shows_is_the_line_of_the_table(opened: Page, folder: Path) -> None:
    by_threshold = {float(row["threshold"]): row for row in rows_of(folder)}
    seen = set()
    for share in (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.97):
        hover(opened, share)
        found = shown(opened)
        row = by_threshold[float(found["threshold"])]
        assert [found[name] for name in COUNTS] == [row[name] for name in COUNTS]
        seen.add(found["threshold"])
    assert len(seen) == 7


def test_the_sample_pairs_are_the_three_nearest_above_and_below(opened: Page) -> None:
    samples = json.loads(opened.inner_text("#content") or opened.locator("#content").text_content() or "")["samples"]
    scores = [score for *_, score in samples]
    for share in (0.3, 0.6, 0.9):
        hover(opened, share)
        threshold = float(shown(opened)["threshold"])
        above = sorted(score for score in scores if score >= threshold)[:3]
        below = sorted((score for score in scores if score < threshold), reverse=True)[:3]
        assert [float(text) for text in opened.locator("#above .number").all_inner_texts()] == above
        assert [float(text) for text in opened.locator("#below .number").all_inner_texts()] == below


def test_after_hovering_the_chosen_threshold_is_shown_again(opened: Page) -> None:
    before = shown(opened)
    hover(opened, 0.9)
    assert shown(opened) != before
    opened.mouse.move(2, 2)
    assert shown(opened) == before


def test_a_click_sets_the_strong_threshold_and_copies_both_flags(opened: Page) -> None:
    box = opened.locator("#chart").bounding_box()
    assert box is not None
    opened.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.6)
    threshold = shown(opened)["threshold"]
    expected = f"--strong_edg_thresh {threshold} --weak_edg_thresh 0.15"
    assert opened.evaluate("window.copied") == [expected] and opened.input_value("#flags") == expected
    assert opened.inner_text("#said") == f"Copied {expected}"


def test_a_click_sets_the_weak_threshold_when_that_is_chosen(opened: Page) -> None:
    opened.get_by_label("weak", exact=True).check()
    box = opened.locator("#chart").bounding_box()
    assert box is not None
    opened.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.6)
    threshold = shown(opened)["threshold"]
    assert opened.evaluate("window.copied") == [f"--strong_edg_thresh 0.3 --weak_edg_thresh {threshold}"]


def test_the_arrow_keys_go_from_point_to_point(opened: Page, folder: Path) -> None:
    thresholds = [float(row["threshold"]) for row in rows_of(folder)]
    strong = opened.get_by_role("slider", name="Strong threshold")
    strong.focus()
    start = thresholds.index(0.3)
    for key, point in (
        ("ArrowRight", start - 1),
        ("ArrowUp", start - 2),
        ("ArrowLeft", start - 1),
        ("PageUp", start - 11),
    ):
        strong.press(key)
        assert float(strong.get_attribute("aria-valuenow") or "") == thresholds[point]
        assert float(shown(opened)["threshold"]) == thresholds[point]
    assert f"{shown(opened)['clusters']} clusters" in (strong.get_attribute("aria-valuetext") or "")


def test_enter_copies_what_the_keys_have_set(opened: Page) -> None:
    weak = opened.get_by_role("slider", name="Weak threshold")
    weak.press("ArrowRight")
    weak.press("Enter")
    assert opened.evaluate("window.copied") == [opened.input_value("#flags")]
    assert not opened.input_value("#flags").endswith(" 0.15")


def test_the_weak_threshold_is_never_above_the_strong_one(opened: Page) -> None:
    values: list[Any] = []
    for name, key in (("Strong threshold", "Home"), ("Weak threshold", "End"), ("Strong threshold", "Home")):
        opened.get_by_role("slider", name=name).press(key)
        flags = opened.input_value("#flags").split()
        values.append((float(flags[1]), float(flags[3])))
    assert all(weak <= strong for strong, weak in values) and values[0] == values[2] != values[1]


def test_where_the_clipboard_refuses_the_old_way_copies(opened: Page) -> None:
    opened.evaluate("window.isRefused = true")
    opened.click("#copy")
    assert opened.evaluate("window.asked") == "copy" and opened.inner_text("#said").startswith("Copied --strong")


def test_where_both_ways_refuse_the_flags_are_selected_and_it_says_so(opened: Page) -> None:
    opened.evaluate("window.isRefused = window.isRefusedAgain = true")
    opened.click("#copy")
    assert "press Ctrl+C" in opened.inner_text("#said")
    selected = "(() => { const f = document.activeElement; return f.value.slice(f.selectionStart, f.selectionEnd); })()"
    assert opened.evaluate(selected) == opened.input_value("#flags")


def test_nothing_is_asked_for_but_the_page_itself(folder: Path, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / "threshold.html").as_uri())
    hover(page, 0.5)
    page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    assert [url for url in asked if not url.startswith("data:")] == [(folder / "threshold.html").as_uri()]


def test_hostile_names_are_text(opened: Page) -> None:
    names: set[str] = set()
    slider = opened.get_by_role("slider", name="Strong threshold")
    slider.press("Home")
    for _ in range(25):
        slider.press("PageUp")
        names |= set(opened.locator(".caption .name").evaluate_all("spans => spans.map((span) => span.title)"))
    assert set(HOSTILE) <= names
    assert opened.locator("script").count() == 2


def test_a_photo_that_is_gone_has_a_place_that_says_so(opened: Page) -> None:
    assert "no picture" in {
        text
        for share in (0.3, 0.5, 0.7, 0.9)
        for text in (hover(opened, share), *opened.locator(".absent").all_inner_texts())
        if text
    }


@pytest.mark.parametrize(("width", "height"), [(820, 1180), (1280, 800), (390, 844)])
def test_it_fits_the_screen(opened: Page, width: int, height: int) -> None:
    opened.set_viewport_size({"width": width, "height": height})
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    chart = opened.locator("#curves").bounding_box()
    assert chart is not None and chart["width"] > 0.45 * min(width, 820)
    assert opened.locator("#strong .knob").bounding_box() is not None


def test_dark_and_light_follow_the_system(opened: Page) -> None:
    colour = "getComputedStyle(document.documentElement).backgroundColor"
    light = opened.evaluate(colour)
    opened.emulate_media(color_scheme="dark")
    assert opened.evaluate(colour) != light


def test_a_handle_can_be_dragged_and_is_copied_when_let_go(opened: Page, folder: Path) -> None:
    knob, chart = opened.locator("#weak .knob").bounding_box(), opened.locator("#chart").bounding_box()
    assert knob is not None and chart is not None
    opened.mouse.move(knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2)
    opened.mouse.down()
    opened.mouse.move(chart["x"] + chart["width"] * 0.12, knob["y"] + 5, steps=4)
    opened.mouse.up()
    weak = float(opened.input_value("#flags").split()[3])
    assert weak < 0.15 and weak in [float(row["threshold"]) for row in rows_of(folder)]
    assert opened.evaluate("window.copied") == [opened.input_value("#flags")]


def test_focus_goes_from_the_flags_to_the_chart_and_the_handles(opened: Page) -> None:
    opened.locator("#flags").focus()
    order = []
    for _ in range(4):
        opened.keyboard.press("Tab")
        order.append(opened.evaluate("document.activeElement.id || document.activeElement.name"))
    assert order == ["copy", "which", "strong", "weak"]


def test_the_badge_says_which_threshold_is_shown(opened: Page) -> None:
    opened.get_by_role("slider", name="Weak threshold").focus()
    assert opened.inner_text("#badge") == "weak" and shown(opened)["threshold"] == "0.15"
    hover(opened, 0.95)
    assert opened.locator("#badge").is_hidden()


def test_a_finger_sets_and_copies(browser: Browser, folder: Path) -> None:
    context = browser.new_context(viewport={"width": 820, "height": 1180}, has_touch=True)
    page = context.new_page()
    page.add_init_script(CLIPBOARD)
    page.goto((folder / "threshold.html").as_uri())
    box = page.locator("#chart").bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.5)
    assert (
        page.evaluate("window.copied")
        == [page.input_value("#flags")]
        != ["--strong_edg_thresh 0.3 --weak_edg_thresh 0.15"]
    )
    context.close()
