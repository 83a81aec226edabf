from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.errors import DamagedFileError, StageError
from storage.formats.decisions import DecidedCluster, Decisions, read_decisions, write_decisions

HEADER = {"format": "decisions", "format_version": 1}
names = st.text("abcé /ß", min_size=1, max_size=6).map(lambda text: f"x{text.replace('/', '_')}.jpg")
photo_lists = st.lists(names, min_size=1, max_size=4, unique=True).map(tuple)
pairs = st.lists(names, min_size=2, max_size=2, unique=True).map(tuple)
titles = st.text(min_size=1, max_size=8).filter(lambda text: text.strip() and text.isprintable())


def save(path: Path, **fields: Any) -> Path:
    path.write_text(json.dumps(HEADER | fields), encoding="utf-8")
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(pairs), st.lists(pairs), st.lists(photo_lists), st.lists(titles, unique=True, max_size=3))
def test_what_is_written_reads_back(
    tmp_path: Path, must: list[Any], cannot: list[Any], locked: list[Any], given_names: list[str]
) -> None:
    clusters = [DecidedCluster(photos, None, True) for photos in locked]
    clusters += [DecidedCluster(("a.jpg", "b.jpg"), name, bool(place % 2)) for place, name in enumerate(given_names)]
    clusters += [DecidedCluster(photos, None, False, "look\n again", photos[:2]) for photos in locked]
    positions = {photos[0]: (43.25, -180.0) for photos in locked}
    decisions = Decisions(tuple(must), tuple(cannot), tuple(clusters), positions)
    write_decisions(tmp_path / "decisions.json", decisions)
    assert read_decisions(tmp_path / "decisions.json") == decisions


def test_a_written_file_fits_its_schema(tmp_path: Path, root_dir: Path) -> None:
    clusters = (DecidedCluster(("a.jpg",), "Town hall", True), DecidedCluster(("b.jpg",), None, True))
    clusters += (DecidedCluster(("c.jpg", "d.jpg"), None, False, "look again", ("d.jpg",)),)
    placed = {"a.jpg": (43.25, 5.5)}
    write_decisions(
        tmp_path / "d.json", Decisions((("a.jpg", "b.jpg", "c.jpg"),), (("a.jpg", "d.jpg"),), clusters, placed)
    )
    schema = json.loads((root_dir / "docs/schemas/decisions.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads((tmp_path / "d.json").read_text()), schema)


@pytest.mark.parametrize(
    "wrong",
    [
        {"must_link": [["a.jpg"]]},
        {"cannot_link": [["a.jpg", "b.jpg", "c.jpg"]]},
        {"clusters": [{"photos": ["a.jpg"]}]},
        {"clusters": [{"photos": ["a.jpg"], "locked": False}]},
        {"clusters": [{"name": "x"}]},
        {"notes": []},
        {"clusters": [{"photos": ["a.jpg"], "note": 5}]},
        {"clusters": [{"photos": ["a.jpg"], "representatives": []}]},
        {"clusters": [{"photos": ["a.jpg"], "representatives": "a.jpg"}]},
        {"positions": []},
        {"positions": {"a.jpg": [91, 0]}},
        {"positions": {"a.jpg": [0, -181]}},
        {"positions": {"a.jpg": [0]}},
        {"positions": {"a.jpg": ["0", "0"]}},
    ],
)
def test_the_schema_and_the_reader_refuse_the_same(tmp_path: Path, root_dir: Path, wrong: dict[str, Any]) -> None:
    schema = json.loads((root_dir / "docs/schemas/decisions.schema.json").read_text())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(HEADER | wrong, schema)
    with pytest.raises(DamagedFileError, match=r"d\.json"):
        read_decisions(save(tmp_path / "d.json", **wrong))


def test_an_empty_file_of_the_format_decides_nothing(tmp_path: Path) -> None:
    assert read_decisions(save(tmp_path / "d.json")) == Decisions()


def test_every_photo_that_is_named_is_told(tmp_path: Path) -> None:
    decisions = Decisions((("a", "b"),), (("b", "c"),), (DecidedCluster(("d",), "x"),))
    assert decisions.photos() == {"a", "b", "c", "d"}


def test_a_photo_written_twice_counts_once(tmp_path: Path) -> None:
    path = save(tmp_path / "d.json", must_link=[["a.jpg", "b.jpg", "a.jpg"]])
    assert read_decisions(path).must_link == (("a.jpg", "b.jpg"),)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"must_link": {}}, "must_link that is no list"),
        ({"must_link": [["a.jpg", "b.jpg"], "c.jpg"]}, "must_link 2 that is no list of image names"),
        ({"must_link": [["a.jpg", 3]]}, "must_link 1 that is no list of image names"),
        ({"must_link": [["a.jpg", "a.jpg"]]}, "must_link 1 must be two photos or more, all different"),
        ({"cannot_link": [["a.jpg", "b.jpg"], ["a.jpg"]]}, "cannot_link 2 must be exactly two photos"),
        ({"clusters": ["x"]}, "clusters 1 that is no object"),
        ({"clusters": [{"photos": ["a.jpg"], "color": 1}]}, "clusters 1 that is no object"),
        ({"clusters": [{"photos": [], "locked": True}]}, "clusters 1 that decides nothing"),
        ({"clusters": [{"photos": ["a.jpg"], "name": " "}]}, "clusters 1 whose name is no text"),
        ({"clusters": [{"photos": ["a.jpg"], "locked": 1}]}, "neither true nor false"),
        ({"clusters": [{"photos": ["a.jpg"], "name": "x"}] * 2}, "the name 'x' to two clusters"),
        ({"must_links": []}, "unknown field 'must_links'"),
        ({"format_version": 3}, "version 3"),
        ({"format": "clusters-info"}, "is no decisions file"),
    ],
)
def test_a_wrong_decision_is_named_by_its_place(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(DamagedFileError, match=message):
        read_decisions(save(tmp_path / "d.json", **fields))


def test_hostile_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"\.\./a\.jpg"):
        read_decisions(save(tmp_path / "d.json", cannot_link=[["../a.jpg", "b.jpg"]]))


def test_a_missing_file_says_how_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"missing; make it with: a text editor"):
        read_decisions(tmp_path / "d.json")


def test_a_file_of_version_1_is_read(root_dir: Path) -> None:
    found = read_decisions(root_dir / "tests/archives/decisions-1.json")
    assert found.must_link == (("day 1/img_0012.jpg", "day 2/img_0146.jpg"),)
    assert found.cannot_link == (("day 1/img_0080.jpg", "day 1/img_0096.jpg"),)
    assert [cluster.name for cluster in found.clusters] == ["Town hall", "Mill"]
    assert [cluster.is_locked for cluster in found.clusters] == [False, True]
    assert not found.positions and not found.clusters[0].representatives


def test_a_file_of_version_1_fits_the_schema(root_dir: Path) -> None:
    schema = json.loads((root_dir / "docs/schemas/decisions.schema.json").read_text())
    jsonschema.validate(json.loads((root_dir / "tests/archives/decisions-1.json").read_text()), schema)


def test_every_decision_has_a_line_of_its_own(tmp_path: Path) -> None:
    write_decisions(tmp_path / "d.json", Decisions((("a.jpg", "b.jpg"), ("c.jpg", "d.jpg"))))
    lines = (tmp_path / "d.json").read_text().splitlines()
    assert '  ["a.jpg", "b.jpg"],' in lines and '  ["c.jpg", "d.jpg"]' in lines


def test_a_photo_that_was_placed_is_told() -> None:
    assert Decisions(positions={"z.jpg": (1.0, 2.0)}).photos() == {"z.jpg"}
