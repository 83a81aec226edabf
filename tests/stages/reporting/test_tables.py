"""CSV, GeoJSON and KML of buildings."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from xml.etree import ElementTree

import pytest

from stages.report import gather_report, read_report_inputs
from stages.reporting.content import Building, ReportContent, ReportPhoto
from stages.reporting.photos import see_photos
from stages.reporting.places import Place, find_place
from stages.reporting.tables import (
    BUILDING_COLUMNS,
    KML_NAMESPACE,
    PHOTO_COLUMNS,
    buildings_csv,
    geojson_text,
    kml_text,
    outline_geometry,
    photos_csv,
)
from storage.formats.report_record import ReportRecord
from tests.drawn_work import ALONE, HALL, HOSTILE, MISSING, SHOP, draw_work

KML = f"{{{KML_NAMESPACE}}}"


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> ReportContent:
    work = draw_work(tmp_path_factory.mktemp("work"))
    inputs = read_report_inputs(work.settings)
    seen = see_photos(work.settings, work.report_dir, inputs.names, ReportRecord())
    return gather_report(inputs, seen.facts, seen.problems)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_line_per_building_says_what_is_known_of_it(content: ReportContent) -> None:
    hall, shop = rows_of(buildings_csv(content))
    assert list(hall) == list(BUILDING_COLUMNS)
    assert (hall["cluster"], hall["name"], hall["folder"], hall["photos"]) == ("0", HOSTILE, "building_1", "4")
    assert (hall["first_captured"], hall["last_captured"]) == ("2023-05-09T09:00:00", "2023-05-10T11:00:00")
    assert (hall["cameras"], hall["with_position"]) == ("Drawn A; Drawn B", "3")
    assert float(hall["latitude"]) == pytest.approx(45.0)
    assert (shop["cohesion"], shop["name"]) == ("", "")


def test_a_line_per_photo_sorted_by_name(content: ReportContent) -> None:
    rows = rows_of(photos_csv(content))
    assert list(rows[0]) == list(PHOTO_COLUMNS)
    assert [row["photo"] for row in rows] == sorted([*HALL, *SHOP, *ALONE])
    (lone,) = [row for row in rows if row["photo"] == "south/g.jpg"]
    assert (lone["cluster"], lone["nearest"], lone["nearest_score"]) == ("", "north/b.jpg", "0.61")
    (missing,) = [row for row in rows if row["photo"] == MISSING]
    assert (missing["cluster"], missing["latitude"], missing["camera"]) == ("0", "", "")


def features(content: ReportContent) -> list[dict[str, Any]]:
    collection = json.loads(geojson_text(content))
    assert collection["type"] == "FeatureCollection"
    found: list[dict[str, Any]] = collection["features"]
    return found


def test_coordinates_are_longitude_then_latitude(content: ReportContent) -> None:
    point = next(each for each in features(content) if each["properties"]["kind"] == "building")
    assert point["geometry"]["type"] == "Point"
    assert point["geometry"]["coordinates"] == pytest.approx([15.0001, 45.0], abs=1e-6)
    assert point["properties"]["name"] == HOSTILE and point["properties"]["with_position"] == 3


def test_an_outline_is_a_closed_ring(content: ReportContent) -> None:
    (outline,) = [each for each in features(content) if each["properties"]["kind"] == "outline"]
    (ring,) = outline["geometry"]["coordinates"]
    assert outline["geometry"]["type"] == "Polygon" and ring[0] == ring[-1] and len(ring) == 4


def test_every_photo_with_a_position_is_a_point_also_one_that_is_alone(content: ReportContent) -> None:
    photos = [each["properties"] for each in features(content) if each["properties"]["kind"] == "photo"]
    assert sorted(photo["photo"] for photo in photos) == ["north/a 1.jpg", "north/b.jpg", "north/c.jpg"] + [
        "south/d.jpg",
        "south/f.jpg",
    ]
    (lone,) = [each for each in features(content) if each["properties"].get("photo") == "south/f.jpg"]
    assert lone["properties"]["cluster"] is None
    assert lone["geometry"]["coordinates"] == pytest.approx([15.001, 44.9985], abs=1e-6)


def test_two_positions_are_a_line_one_is_none() -> None:
    assert outline_geometry(placed([(45.0, 15.0), (46.0, 15.0)])) == ("LineString", [[15.0, 45.0], [15.0, 46.0]])
    assert outline_geometry(placed([(45.0, 15.0)])) is None


def test_across_the_antimeridian_the_corners_are_points() -> None:
    shape = outline_geometry(placed([(0.0, 179.999), (0.0, -179.999), (0.001, 180.0)]))
    assert shape is not None and shape[0] == "MultiPoint"


def placed(positions: list[tuple[float, float]]) -> Place:
    place = find_place(positions)
    assert place is not None
    return place


def test_kml_has_a_folder_per_building_in_the_namespace_of_the_standard(content: ReportContent) -> None:
    root = ElementTree.fromstring(kml_text(content, "A & B"))
    assert root.tag == f"{KML}kml"
    assert root.findtext(f"{KML}Document/{KML}name") == "A & B"
    folders = root.findall(f"{KML}Document/{KML}Folder")
    assert [folder.findtext(f"{KML}name") for folder in folders] == [HOSTILE, "Building 3"]
    ring = folders[0].findtext(f".//{KML}LinearRing/{KML}coordinates")
    assert ring is not None and ring.split()[0] == ring.split()[-1]
    longitude, latitude = map(float, ring.split()[0].split(","))
    assert (longitude, latitude) == pytest.approx((15.0, 45.0), abs=0.01)


def test_kml_holds_names_that_xml_cannot() -> None:
    photos = [ReportPhoto("bad\x00\x1f.jpg")]
    building = Building(1, "Hall\x08 <b>", "building_1", photos, place=placed([(45.0, 15.0)]))
    text = kml_text(ReportContent([building], [], [], [], {}, []), "t")
    assert ElementTree.fromstring(text).findtext(f".//{KML}Folder/{KML}name") == "Hall\ufffd <b>"


def test_without_positions_the_files_are_whole_and_empty() -> None:
    empty = ReportContent([Building(1, None, "building_1", [ReportPhoto("a.jpg")])], [], [], [], {}, [])
    assert json.loads(geojson_text(empty))["features"] == []
    assert ElementTree.fromstring(kml_text(empty, "t")).find(f".//{KML}Placemark") is None


def test_a_report_of_nothing_is_a_table_with_its_heading() -> None:
    assert buildings_csv(ReportContent([], [], [], [], {}, [])) == ",".join(BUILDING_COLUMNS) + "\n"
