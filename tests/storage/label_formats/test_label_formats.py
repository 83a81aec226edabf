"""Labels for other programs, format by format."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from storage.errors import UsageError
from storage.formats.labels import read_labels
from storage.label_formats import LABEL_FORMATS, get_label_format
from storage.label_formats.base import LabelledPhoto
from storage.label_formats.xmp import sidecar_text

HOSTILE = "<b>Hall & \"Co\"</b> | 'x'"
PHOTOS = [
    LabelledPhoto("day 1/a.jpg", 4, HOSTILE, True, 400, 300),
    LabelledPhoto("day 1/b,c.jpg", 2, "cluster_2", False, 40, 30),
    LabelledPhoto("day 1/d.jpg", 4, HOSTILE, False, 300, 400),
    LabelledPhoto("e.jpg", None, None, False, 10, 20),
]
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC = "{http://purl.org/dc/elements/1.1/}"
LR = "{http://ns.adobe.com/lightroom/1.0/}"


def test_every_format_has_a_name_of_its_own() -> None:
    assert len({get_label_format(name).file_name for name in LABEL_FORMATS}) == len(LABEL_FORMATS)


def test_an_unknown_format_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="coco, csv, fiftyone, parquet, xmp"):
        get_label_format("yolo")


def test_csv_is_what_the_evaluation_reads(tmp_path: Path) -> None:
    get_label_format("csv").write(tmp_path / "labels.csv", PHOTOS)
    assert read_labels(tmp_path / "labels.csv") == {
        "day 1/a.jpg": HOSTILE,
        "day 1/b,c.jpg": "cluster_2",
        "day 1/d.jpg": HOSTILE,
        "e.jpg": "single",
    }


def test_coco_has_a_category_per_building_and_a_box_round_each_photo(tmp_path: Path) -> None:
    get_label_format("coco").write(tmp_path / "coco.json", PHOTOS)
    content = json.loads((tmp_path / "coco.json").read_text(encoding="utf-8"))
    assert [category["name"] for category in content["categories"]] == ["cluster_2", HOSTILE]
    images = {image["id"]: image for image in content["images"]}
    categories = {category["id"]: category["name"] for category in content["categories"]}
    assert [image["file_name"] for image in content["images"]] == [photo.name for photo in PHOTOS]
    for annotation, photo in zip(content["annotations"], PHOTOS[:3], strict=True):
        assert images[annotation["image_id"]]["file_name"] == photo.name
        assert categories[annotation["category_id"]] == photo.building
        assert annotation["bbox"] == [0, 0, photo.width, photo.height]
        assert annotation["area"] == photo.width * photo.height


def test_fiftyone_has_classes_and_their_places_and_null_for_a_lone_photo(tmp_path: Path) -> None:
    written = get_label_format("fiftyone").write(tmp_path / "labels.json", PHOTOS)
    content = json.loads((tmp_path / "labels.json").read_text(encoding="utf-8"))
    named = {key: None if place is None else content["classes"][place] for key, place in content["labels"].items()}
    assert named == {"day 1/a": HOSTILE, "day 1/b,c": "cluster_2", "day 1/d": HOSTILE, "e": None}
    assert written.skipped == []


def test_fiftyone_finds_photos_whose_names_begin_or_are_full_of_dots(tmp_path: Path) -> None:
    names = ["day.1/..jpg", "day.1/.hidden", "day.1/a.b.jpg", "day.1/plain"]
    get_label_format("fiftyone").write(tmp_path / "labels.json", [LabelledPhoto(name, 1, "one") for name in names])
    known = set(json.loads((tmp_path / "labels.json").read_text())["labels"])
    assert known == {os.path.splitext(name)[0] for name in names}  # noqa: PTH122 - as FiftyOne asks


def test_fiftyone_cannot_tell_endings_apart_so_the_second_photo_is_named(tmp_path: Path) -> None:
    photos = [LabelledPhoto("a.jpg", 1, "one"), LabelledPhoto("a.png", 2, "two"), LabelledPhoto("noending", 2, "two")]
    written = get_label_format("fiftyone").write(tmp_path / "labels.json", photos)
    assert [photo.name for photo in written.skipped] == ["a.png"]
    assert json.loads((tmp_path / "labels.json").read_text())["labels"] == {"a": 0, "noending": 1}


def test_parquet_holds_the_table_with_its_types(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="Parquet needs pyarrow")
    get_label_format("parquet").write(tmp_path / "labels.parquet", PHOTOS)
    table = parquet.read_table(tmp_path / "labels.parquet")
    assert table.to_pydict() == {
        "path": [photo.name for photo in PHOTOS],
        "building": [HOSTILE, "cluster_2", HOSTILE, None],
        "cluster": [4, 2, 4, None],
        "is_representative": [True, False, False, False],
    }
    assert str(table.schema.field("cluster").type) == "int64"


def test_without_pyarrow_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match="pip install pyarrow"):
        get_label_format("parquet").write(tmp_path / "labels.parquet", PHOTOS)
    assert not list(tmp_path.iterdir())


# -- sidecars ---------------------------------------------------------------------------------------------------------


def keywords(path: Path) -> tuple[list[str | None], list[str | None]]:
    root = ElementTree.parse(path).getroot()
    return tuple(
        [item.text for item in root.findall(f".//{tag}/{RDF}Bag/{RDF}li")]
        for tag in (f"{DC}subject", f"{LR}hierarchicalSubject")
    )  # type: ignore[return-value]


def test_a_sidecar_has_the_building_as_its_keyword_and_lies_where_the_photo_does(tmp_path: Path) -> None:
    written = get_label_format("xmp").write(tmp_path, PHOTOS)
    assert (written.num_written, written.num_removed, written.skipped) == (3, 0, [])
    assert keywords(tmp_path / "day 1" / "a.jpg.xmp") == ([HOSTILE], [f"Building|{HOSTILE.replace('|', '/')}"])
    assert not (tmp_path / "e.jpg.xmp").exists()


def test_a_second_run_writes_nothing(tmp_path: Path) -> None:
    xmp = get_label_format("xmp")
    xmp.write(tmp_path, PHOTOS)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.xmp")}
    assert xmp.write(tmp_path, PHOTOS).num_written == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.xmp")} == before


@pytest.mark.parametrize("name", ["csv", "coco", "fiftyone"])
def test_one_file_of_the_same_labels_is_written_once(name: str, tmp_path: Path) -> None:
    labels = get_label_format(name)
    target = tmp_path / labels.file_name
    assert labels.write(target, PHOTOS).num_written == 1
    before = target.stat()
    assert labels.write(target, PHOTOS).num_written == 0
    assert (target.stat().st_ino, target.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert labels.write(target, PHOTOS[1:]).num_written == 1


def test_another_building_gets_its_keyword_and_a_photo_that_is_alone_now_loses_its_sidecar(tmp_path: Path) -> None:
    xmp = get_label_format("xmp")
    xmp.write(tmp_path, [LabelledPhoto("a.jpg", 1, HOSTILE), LabelledPhoto("b.jpg", 1, HOSTILE)])
    written = xmp.write(tmp_path, [LabelledPhoto("a.jpg", 2, "cluster_2"), LabelledPhoto("b.jpg")])
    assert (written.num_written, written.num_removed) == (1, 1)
    assert keywords(tmp_path / "a.jpg.xmp")[0] == ["cluster_2"] and not (tmp_path / "b.jpg.xmp").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"<x:xmpmeta/>",
        b"\xff\xfe",
        b"",
        sidecar_text("Hall").replace("</rdf:Bag>", "<rdf:li>mine</rdf:li></rdf:Bag>", 1).encode(),
    ]
    + [sidecar_text("Hall").replace("building folders", "XMP Core 6.0").encode()],
    ids=["other", "binary", "empty", "one of ours with a further keyword", "one of ours rewritten"],
)
@pytest.mark.parametrize("building", ["cluster_1", None])
def test_the_sidecar_of_somebody_else_stays_and_the_photo_is_named(
    tmp_path: Path, content: bytes, building: str | None
) -> None:
    (tmp_path / "a.jpg.xmp").write_bytes(content)
    written = get_label_format("xmp").write(tmp_path, [LabelledPhoto("a.jpg", building and 1, building)])
    assert (tmp_path / "a.jpg.xmp").read_bytes() == content and written.num_written == written.num_removed == 0
    assert [photo.name for photo in written.skipped] == ([] if building is None else ["a.jpg"])


def test_a_link_in_the_place_of_a_sidecar_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "precious"
    other.write_text("mine")
    folder = tmp_path / "out"
    folder.mkdir()
    try:
        (folder / "a.jpg.xmp").symlink_to(folder / "b.txt")
    except OSError:
        pytest.skip("this system makes no symbolic links")
    written = get_label_format("xmp").write(folder, [LabelledPhoto("a.jpg", 1, "cluster_1")])
    assert len(written.skipped) == 1 and not (folder / "b.txt").exists() and other.read_text() == "mine"


def test_names_that_xml_cannot_hold_still_make_a_whole_sidecar() -> None:
    root = ElementTree.fromstring(sidecar_text("bad\x00\x1f]]>").encode("utf-8"))
    assert root.findtext(f".//{DC}subject/{RDF}Bag/{RDF}li") == "bad\ufffd\ufffd]]>"
