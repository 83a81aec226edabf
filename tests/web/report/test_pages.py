"""The pages as texts."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import PurePosixPath

import pytest

from stages.reporting.content import Building, ReportContent, ReportPhoto, Singleton
from stages.settings.tools import ReportSettings
from web.report.make import ASSETS
from web.report.pages import BUILDINGS_PER_PAGE, Bar, ReportPages, histogram, parts, time_span

HOSTILE = "</title><script>alert(1)</script>\"'&\n.jpg"


def building(number: int, size: int = 2) -> Building:
    return Building(number, None, f"building_{number}", [ReportPhoto(f"{number}/{place}.jpg") for place in range(size)])


def content_of(buildings: list[Building], num_alone: int = 0) -> ReportContent:
    alone = [Singleton(ReportPhoto(f"alone/{number}.jpg"), "why") for number in range(num_alone)]
    return ReportContent(buildings, alone, [], [], {}, [])


def pages_of(content: ReportContent) -> dict[str, str]:
    return dict(ReportPages(content, ReportSettings(title="T")).texts())


class Links(HTMLParser):
    """Collects what a page leads to or loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attributes if name in ("href", "src", "action")]
        assert not [name for name, _ in attributes if name.startswith("on")], "an inline handler"


def test_every_size_stands_in_its_bin_and_empty_bins_between_are_shown() -> None:
    content = content_of([building(0, 2), building(1, 2), building(2, 7), building(3, 12)], num_alone=4)
    assert histogram(content) == [
        Bar("alone", 4, 100.0),
        Bar("2", 2, 50.0),
        Bar("3", 0, 0.0),
        Bar("4", 0, 0.0),
        Bar("5", 0, 0.0),
        Bar("6 to 7", 1, 25.0),
        Bar("8 to 10", 0, 0.0),
        Bar("11 to 15", 1, 25.0),
    ]


def test_the_largest_bin_is_open_and_nothing_has_no_histogram() -> None:
    assert histogram(content_of([building(0, 1500)])) == [Bar("1001 or more", 1, 100.0)]
    assert histogram(content_of([])) == []


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (4, 1), (5, 2), (9, 3)])
def test_a_list_is_cut_into_pages_and_nothing_is_lost(count: int, pages: int) -> None:
    cut = parts("list", list(range(count)), 4)
    assert [part.path for part in cut] == ["list.html", "list-2.html", "list-3.html"][:pages]
    assert [item for part in cut for item in part.items] == list(range(count))


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([], ""),
        (["2023-05-09T09:00:00"], "2023-05-09 09:00:00 (clock of the camera, no time zone)"),
        (
            ["2023-05-09T09:00:00", "2023-05-09T10:00:00.5"],
            "2023-05-09 09:00:00 to 10:00:00 (clock of the camera, no time zone)",
        ),
        (
            ["2023-05-09T09:00:00+03:00", "2023-05-10T10:00:00+03:00"],
            "2023-05-09 09:00:00 to 2023-05-10 10:00:00 (UTC+03:00)",
        ),
        (
            ["2023-05-09T09:00:00+03:00", "2023-05-10T10:00:00"],
            "2023-05-09 09:00:00 to 2023-05-10 10:00:00 (clocks of the cameras, several time zones)",
        ),
    ],
)
def test_times_say_whether_their_zone_is_known(times: list[str], words: str) -> None:
    assert time_span(times) == words


def test_every_link_leads_to_a_page_or_a_file_of_the_report() -> None:
    texts = pages_of(content_of([building(number) for number in range(BUILDINGS_PER_PAGE + 3)], num_alone=100))
    known = {*texts, *ASSETS} | {f"buildings.{ending}" for ending in ("csv", "geojson", "kml")}
    known |= {"photos.csv"} | {f"sheets/cluster-{number}.png" for number in range(BUILDINGS_PER_PAGE + 3)}
    for path, text in texts.items():
        if path.endswith(".html"):
            for link in Links(text).found:
                target = link.partition("#")[0]
                whole = PurePosixPath(path).parent / target if target else PurePosixPath(path)
                assert str(whole).replace("buildings/../", "") in known or link == "data:,", (path, link)


def test_hostile_names_are_text_on_every_page() -> None:
    photo = ReportPhoto(HOSTILE, problem=HOSTILE)
    hall = Building(1, HOSTILE, HOSTILE, [photo, photo], reasons=[HOSTILE], steps=[HOSTILE], weakest_words=HOSTILE)
    content = ReportContent([hall], [Singleton(photo, HOSTILE, photo, 0.5, 1)], [], [], {HOSTILE: HOSTILE}, [HOSTILE])
    for path, text in ReportPages(content, ReportSettings(title=HOSTILE)).texts():
        if path.endswith(".html"):
            assert "<script>alert" not in text and text.count("</title>") == 1
            assert "&lt;script&gt;alert(1)" in text


def test_the_search_index_finds_every_photo_on_its_page() -> None:
    content = content_of([building(5, 2), building(9, 2)], num_alone=1)
    text = pages_of(content)["assets/search-index.js"]
    index = json.loads(re.fullmatch(r"window\.searchIndex = (.*);\n", text, re.DOTALL)[1])  # type: ignore[index]
    assert index["buildings"] == 2
    found = {name: (*index["targets"][target], place) for name, target, place in index["photos"]}
    assert found["9/1.jpg"] == ("Building 9", "buildings/cluster-9.html", 1)
    assert found["alone/0.jpg"] == ("Alone", "singletons.html", 0)


def test_the_overview_does_not_grow_with_the_number_of_buildings() -> None:
    few, many = (len(pages_of(content_of([building(n) for n in range(count)]))["index.html"]) for count in (20, 400))
    assert many < few + 500


def test_contact_sheets_that_were_not_asked_for_are_not_linked() -> None:
    settings = ReportSettings(title="T", no_contact_sheets=True)
    texts = dict(ReportPages(content_of([building(1)]), settings).texts())
    assert "sheets/" not in texts["buildings/cluster-1.html"]


def test_the_pages_of_nothing_say_so() -> None:
    texts = pages_of(content_of([]))
    assert "No two photos are together" in texts["index.html"] and "every photo could be used" in texts["skipped.html"]
    assert "No photo has a position" in texts["map.html"]
