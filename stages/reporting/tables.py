"""The tables of a report for other programs: CSV of buildings and of photos, GeoJSON, KML."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from stages.reporting.content import Building, ReportContent, ReportPhoto
from stages.reporting.places import Place
from storage.formats.csv_text import csv_text

KML_NAMESPACE = "http://www.opengis.net/kml/2.2"
BUILDING_COLUMNS = ("cluster", "name", "folder", "photos", "cohesion", "latitude", "longitude", "with_position") + (
    "first_captured",
    "last_captured",
    "cameras",
    "representatives",
)
PHOTO_COLUMNS = ("photo", "cluster", "name", "is_representative", "latitude", "longitude", "captured_at", "camera") + (
    "nearest",
    "nearest_score",
    "nearest_cluster",
)
# What XML 1.0 cannot hold (section 2.2), not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
HALF_TURN = 180.0

Row = Sequence[Any]


def buildings_csv(content: ReportContent) -> str:
    """Give one line per building."""
    return csv_text(BUILDING_COLUMNS, map(_building_row, content.buildings))


def photos_csv(content: ReportContent) -> str:
    """Give one line per photo, sorted by name; the cluster of a photo that is alone is empty."""
    rows: list[tuple[Any, ...]] = [
        (
            photo.name,
            building.number,
            building.name,
            int(photo.is_representative),
            *_exif_columns(photo),
            None,
            None,
            None,
        )
        for building in content.buildings
        for photo in building.photos
    ]
    rows += [
        (single.photo.name, None, None, 0, *_exif_columns(single.photo))
        + (single.neighbour.name if single.neighbour else None, single.score, single.cluster)
        for single in content.singletons
    ]
    return csv_text(PHOTO_COLUMNS, sorted(rows, key=lambda row: row[0]))


def geojson_text(content: ReportContent) -> str:
    """Give positions as GeoJSON (RFC 7946): of each building its median, its outline and its photos.

    The property ``kind`` is ``building``, ``outline`` or ``photo``. Coordinates are longitude, latitude.
    """
    features = [feature for building in content.buildings for feature in _features(building)]
    for single in content.singletons:
        features += _photo_features([single.photo], {"cluster": None, "name": None})
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1) + "\n"


def kml_text(content: ReportContent, title: str) -> str:
    """Give the buildings as KML 2.2 (OGC 07-147r2): a folder each, with its median, outline and photos."""
    ElementTree.register_namespace("", KML_NAMESPACE)
    root = ElementTree.Element(_tag("kml"))
    document = ElementTree.SubElement(root, _tag("Document"))
    _text(document, "name", title)
    for building in content.buildings:
        if building.place is not None:
            _kml_building(document, building, building.place)
    ElementTree.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, "unicode")}\n'


# -- CSV --------------------------------------------------------------------------------------------------------------


def _building_row(building: Building) -> Row:
    place, times = building.place, building.times
    return (
        building.number,
        building.name,
        building.folder,
        len(building.photos),
        building.cohesion,
        place and place.latitude_deg,
        place and place.longitude_deg,
        place.num_positions if place else 0,
        times[0] if times else None,
        times[-1] if times else None,
        "; ".join(camera for camera, _ in building.cameras),
        "; ".join(photo.name for photo in building.photos if photo.is_representative),
    )


def _exif_columns(photo: ReportPhoto) -> tuple[float | None, float | None, str | None, str | None]:
    exif = photo.exif
    return exif.latitude_deg, exif.longitude_deg, exif.captured_at, exif.camera


# -- GeoJSON ----------------------------------------------------------------------------------------------------------


def _features(building: Building) -> Iterator[dict[str, Any]]:
    place = building.place
    if place is None:
        return
    named = {"cluster": building.number, "name": building.name}
    shared = named | {"folder": building.folder, "photos": len(building.photos), "with_position": place.num_positions}
    yield _feature("building", "Point", [place.longitude_deg, place.latitude_deg], shared)
    shape = outline_geometry(place)
    if shape is not None:
        yield _feature("outline", *shape, shared)
    yield from _photo_features(building.photos, named)


def _photo_features(photos: Iterable[ReportPhoto], named: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for photo in photos:
        if photo.position is not None:
            latitude, longitude = photo.position
            own = {"photo": photo.name, "captured_at": photo.exif.captured_at}
            yield _feature("photo", "Point", [longitude, latitude], named | own)


def _feature(kind: str, shape: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = {"type": shape, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": {"kind": kind} | properties}


def outline_geometry(place: Place) -> tuple[str, Any] | None:
    """Give type and coordinates (longitude, latitude) of a building's outline; None for a single point.

    Across the antimeridian an outline would go round the world, so its corners are given as points there.
    """
    corners = [[longitude, latitude] for latitude, longitude in place.outline]
    if len(corners) < 2:
        return None
    east = [corner[0] for corner in corners]
    if max(east) - min(east) > HALF_TURN:
        return "MultiPoint", corners
    return ("LineString", corners) if len(corners) == 2 else ("Polygon", [[*corners, corners[0]]])


# -- KML --------------------------------------------------------------------------------------------------------------


def _kml_building(document: ElementTree.Element, building: Building, place: Place) -> None:
    folder = ElementTree.SubElement(document, _tag("Folder"))
    _text(folder, "name", building.title)
    about = f"{len(building.photos)} photos, {building.folder}"
    median = _placemark(folder, building.title, about)
    _point(median, place.longitude_deg, place.latitude_deg)
    shape = outline_geometry(place)
    if shape is not None and shape[0] != "MultiPoint":
        _outline(_placemark(folder, f"{building.title}: outline", about), *shape)
    for photo in building.photos:
        if photo.position is not None:
            _point(_placemark(folder, photo.name, photo.exif.captured_at or ""), photo.position[1], photo.position[0])


def _placemark(folder: ElementTree.Element, name: str, description: str) -> ElementTree.Element:
    placemark = ElementTree.SubElement(folder, _tag("Placemark"))
    _text(placemark, "name", name)
    if description:
        _text(placemark, "description", description)
    return placemark


def _point(placemark: ElementTree.Element, longitude: float, latitude: float) -> None:
    point = ElementTree.SubElement(placemark, _tag("Point"))
    _text(point, "coordinates", f"{longitude!r},{latitude!r}")


def _outline(placemark: ElementTree.Element, shape: str, coordinates: Any) -> None:
    if shape == "LineString":
        line, ring = ElementTree.SubElement(placemark, _tag("LineString")), coordinates
    else:
        polygon = ElementTree.SubElement(placemark, _tag("Polygon"))
        boundary = ElementTree.SubElement(polygon, _tag("outerBoundaryIs"))
        line, ring = ElementTree.SubElement(boundary, _tag("LinearRing")), coordinates[0]
    _text(line, "coordinates", " ".join(f"{longitude!r},{latitude!r}" for longitude, latitude in ring))


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, _tag(name)).text = _NOT_XML.sub("\ufffd", text)


def _tag(name: str) -> str:
    return f"{{{KML_NAMESPACE}}}{name}"
