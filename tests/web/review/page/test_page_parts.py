"""Parts of the review page on their own: the view of a pair, the plane of the map, texts, selection, keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.review.page.drawn_street import ServedReview

pytest.importorskip("playwright.sync_api", reason="pages are tested with Playwright")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def blank(browser: Browser, street_template: Any) -> Any:
    """A page of the server in which modules can be imported."""
    served = ServedReview(street_template)
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.address)
    yield page
    context.close()
    served.stop()


def run(page: Page, module: str, body: str) -> Any:
    """Run statements with a module of the page as ``it``; its address, or its name in the review's folder."""
    address = module if "/" in module else f"/review/static/{module}.js"
    return page.evaluate(f"""async () => {{ const it = await import("{address}"); {body} }}""")


def test_both_photos_of_a_pair_fit_their_halves(blank: Page) -> None:
    body = """const view = new it.PairView();
      const photo = { width: 800, height: 600 };
      return view.halves(806, 300, [photo, photo]).map((half, side) => view.box(side, half, photo));"""
    assert run(blank, "pair_view", body) == [
        {"x": 0, "y": 0, "width": 400, "height": 300},
        {"x": 406, "y": 0, "width": 400, "height": 300},
    ]


@pytest.mark.parametrize(
    ("room", "photo", "places"),
    [
        ((300, 806), (800, 600), [(0, 0), (0, 406)]),
        ((806, 706), (800, 600), [(0, 0), (0, 356)]),
        ((806, 706), (600, 800), [(0, 0), (406, 0)]),
        ((1206, 606), (800, 600), [(0, 0), (606, 0)]),
    ],
)
def test_photos_of_a_pair_stand_where_both_are_larger(
    blank: Page, room: tuple[int, int], photo: tuple[int, int], places: list[tuple[int, int]]
) -> None:
    photos = [{"width": photo[0], "height": photo[1]}] * 2
    halves = run(blank, "pair_view", f"return new it.PairView().halves({room[0]}, {room[1]}, {photos});")
    assert [(half["x"], half["y"]) for half in halves] == places


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ("2009-05-31T18:00:00", "31 May 2009"),
        ("2009-07-02T09:00:00", "31 May – 2 Jul 2009"),
        ("2021-07-08T09:00:00", "May 2009 – Jul 2021"),
    ],
)
def test_times_over_years_are_given_in_months(blank: Page, last: str, words: str) -> None:
    text = run(blank, "words", f"return it.timeSpan('2009-05-31T10:00:00', '{last}');")
    assert text.replace("\u2009", " ").replace("\u2013", "–") == words


def test_zooming_into_one_photo_takes_the_other_to_the_matching_place(blank: Page) -> None:
    body = """const view = new it.PairView([[0.2, 0.2, 0.6, 0.3], [0.22, 0.2, 0.62, 0.3], [0.9, 0.9, 0.1, 0.9]]);
      for (let step = 0; step < 5; step += 1) view.zoom(0, 2, 0.2, 0.2);
      return view.centers;"""
    left, right = run(blank, "pair_view", body)
    assert left["x"] == pytest.approx(0.2, abs=0.05)
    assert right["x"] - left["x"] == pytest.approx(0.4, abs=0.01)
    assert right["y"] - left["y"] == pytest.approx(0.1, abs=0.01)


def test_zooming_out_shows_both_photos_whole_again(blank: Page) -> None:
    body = """const view = new it.PairView([[0.2, 0.2, 0.6, 0.3]]);
      view.zoom(1, 8, 0.9, 0.9); view.zoom(1, 0.01, 0.5, 0.5);
      return [view.scale, view.centers];"""
    assert run(blank, "pair_view", body) == [1, [{"x": 0.5, "y": 0.5}, {"x": 0.5, "y": 0.5}]]


def test_a_position_comes_back_from_the_plane(blank: Page) -> None:
    body = """const plane = new it.Projection([[60.1, 24.9], [60.2, 25.1]]);
      return plane.toPosition(plane.toPlane([60.17, 24.94]));"""
    assert run(blank, "map_points", body) == pytest.approx([60.17, 24.94])


def test_a_degree_to_the_east_is_half_as_long_at_sixty_degrees_north(blank: Page) -> None:
    body = "const plane = new it.Projection([[60, 10]]); return [plane.toPlane([60, 11]).x, plane.toPlane([61, 10]).y];"
    east, south = run(blank, "map_points", body)
    assert east == pytest.approx(55_597, rel=0.001)
    assert south == pytest.approx(-111_195, rel=0.001)


def test_the_hull_leaves_out_what_lies_within(blank: Page) -> None:
    points = "[[0,0],[4,0],[4,4],[0,4],[2,2],[1,3]].map(([x, y]) => ({ x, y }))"
    hull = run(blank, "map_points", f"return it.convexHull({points});")
    assert {(point["x"], point["y"]) for point in hull} == {(0, 0), (4, 0), (4, 4), (0, 4)}


@pytest.mark.parametrize(("at_most", "text"), [(140, "100 m"), (9, "5 m"), (2400, "2 km"), (999, "500 m"), (1, "1 m")])
def test_the_scale_of_the_map_is_a_round_length(blank: Page, at_most: int, text: str) -> None:
    assert run(blank, "map_points", f"return it.lengthText(it.roundLength({at_most}));") == text


@pytest.mark.parametrize(
    ("score", "text"), [("0.99972", "0.9997"), ("0.5", "0.50"), ("null", "–"), ("1", "1.00"), ("0.999", "0.9990")]
)
def test_a_score_just_below_one_is_not_shown_as_one(blank: Page, score: str, text: str) -> None:
    assert run(blank, "words", f"return it.scoreText({score});") == text


def test_what_is_made_of_text_holds_no_markup(blank: Page) -> None:
    assert run(blank, "/static/dom.js", 'return it.element("p", {}, "<b>x</b>").innerHTML;') == "&lt;b&gt;x&lt;/b&gt;"


def test_a_key_is_held_by_one_command_but_for_those_of_other_views(blank: Page) -> None:
    keys = run(blank, "commands", "return Object.values(it.COMMANDS).flatMap((command) => command.keys);")
    assert sorted({key for key in keys if keys.count(key) > 1}) == ["S"]


def test_selecting_toggles_and_forgets_what_is_gone(blank: Page) -> None:
    body = """const chosen = new it.Selection();
      chosen.toggle("a", 0); chosen.toggle("b", 1); chosen.toggle("a", 0); chosen.add(["c"]); chosen.retain(["c", "d"]);
      return chosen.keys();"""
    assert run(blank, "selection", body) == ["c"]


def test_the_documentation_names_every_key(blank: Page, root_dir: Path) -> None:
    keys = run(blank, "commands", "return Object.values(it.COMMANDS).flatMap((command) => command.keys);")
    text = (root_dir / "docs" / "review.md").read_text(encoding="utf-8").split("## Keys")[1]
    missing = [key for key in keys if f"`{key.replace('Mod', 'Ctrl')}`" not in text]
    assert missing == ["="]
