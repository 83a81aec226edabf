"""The map: what is drawn where."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.reporting.content import Building, ReportContent, ReportPhoto, Singleton
from stages.reporting.places import find_place
from storage.exif import ExifRecord
from storage.fingerprints import Fingerprint
from storage.formats.report_record import PhotoFacts
from web.report.map_view import MapView, length_words, map_view, nice_length

DEGREE_M = 111_195.08


def photo(name: str, latitude: float | None = None, longitude: float | None = None) -> ReportPhoto:
    return ReportPhoto(name, PhotoFacts(Fingerprint(1, 1, "ab" * 32), 4, 3, ExifRecord(latitude, longitude)))


def building(number: int, *positions: tuple[float, float]) -> Building:
    photos = [photo(f"{number}/{place}.jpg", *position) for place, position in enumerate(positions)]
    return Building(number, None, f"building_{number}", photos, place=find_place(positions))


def view_of(*buildings: Building, singles: tuple[ReportPhoto, ...] = ()) -> MapView:
    content = ReportContent(list(buildings), [Singleton(single, "") for single in singles], [], [], {}, [])
    found = map_view(content)
    assert found is not None
    return found


def dots(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"M(\S+) (\S+?)h0", path)]


def test_without_positions_there_is_no_map() -> None:
    assert map_view(ReportContent([building(1)], [Singleton(photo("a"), "")], [], [], {}, [])) is None


def test_north_is_up_and_east_is_right_in_metres() -> None:
    view = view_of(building(1, (45.0, 15.0)), building(2, (45.001, 15.0)), building(3, (45.0, 15.001)))
    home, north, east = ((mapped.x, mapped.y) for mapped in view.buildings)
    assert (north[0], home[1] - north[1]) == pytest.approx((home[0], 0.001 * DEGREE_M), rel=1e-3)
    assert east[0] - home[0] == pytest.approx(0.001 * DEGREE_M * math.cos(math.radians(45)), rel=1e-3)
    assert east[1] == pytest.approx(home[1])


def test_every_photo_is_a_dot_and_equal_ones_are_one() -> None:
    view = view_of(building(1, (45.0, 15.0), (45.0, 15.0), (45.0001, 15.0)))
    assert len(dots(view.buildings[0].dots)) == 2


def test_an_area_is_a_closed_outline_a_line_an_open_one_and_a_point_none() -> None:
    view = view_of(
        building(1, (45.0, 15.0), (45.001, 15.0), (45.0, 15.001)),
        building(2, (45.0, 15.0), (45.001, 15.0)),
        building(3, (45.0, 15.0)),
    )
    area, line, point = (mapped.outline for mapped in view.buildings)
    assert area.endswith("Z") and area.count("L") == 2
    assert line.count("L") == 1 and not line.endswith("Z") and point == ""


def test_a_wrong_position_does_not_make_the_first_view_useless() -> None:
    hall = building(1, (45.0, 15.0), (45.0, 15.0), (45.0, 15.0), (48.0, 2.0))
    view = view_of(hall, building(2, (45.001, 15.0)))
    assert view.view[2] < 1000 < 100_000 < view.whole[2]


def test_the_view_holds_all_middles_and_the_whole_all_dots() -> None:
    view = view_of(
        building(1, (45.0, 15.0), (45.1, 15.0)), building(2, (45.02, 15.3)), singles=(photo("s", 44.0, 14.0),)
    )
    left, top, width, height = view.view
    assert all(left < mapped.x < left + width and top < mapped.y < top + height for mapped in view.buildings)
    left, top, width, height = view.whole
    for x, y in [*dots(view.singles), *(dot for mapped in view.buildings for dot in dots(mapped.dots))]:
        assert left < x < left + width and top < y < top + height
    assert width / height == pytest.approx(4 / 3, rel=1e-3)


def test_photos_that_are_alone_are_drawn_without_any_building() -> None:
    view = view_of(singles=(photo("a", 45.0, 15.0), photo("b")))
    assert view.num_singles == 1 and len(dots(view.singles)) == 1 and view.view == view.whole


def test_across_the_antimeridian_the_map_is_small() -> None:
    assert view_of(building(1, (0.0, 179.999)), building(2, (0.0, -179.999))).view[2] < 1000


@given(st.floats(1e-3, 1e8))
def test_the_scale_bar_has_a_round_length_that_fits(most: float) -> None:
    length = nice_length(most)
    assert most / 2.6 < length <= most
    assert f"{length:e}"[0] in "125" and float(f"{length:.0e}") == pytest.approx(length)


@pytest.mark.parametrize(("length", "words"), [(0.5, "0.5 m"), (20, "20 m"), (1000, "1 km"), (2_000_000, "2,000 km")])
def test_lengths_are_said_in_metres_and_kilometres(length: float, words: str) -> None:
    assert length_words(length) == words
