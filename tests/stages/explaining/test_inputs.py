"""Which photos are meant, and which files about them are read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.explaining.inputs import Grouped, read_grouped, read_scored, resolve_name
from stages.settings.tools import ExplainSettings
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.pairs import write_pairs

NAMES = [
    "north/IMG_0012.jpg",
    "north/IMG_0013.jpg",
    "south/IMG_0012.jpg",
    "south/Église.jpg",
    "top.jpg",
    "west/top2.jpg",
]
IMAGES = Path("photos")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("north/IMG_0012.jpg", "north/IMG_0012.jpg"),
        ("IMG_0013.jpg", "north/IMG_0013.jpg"),
        ("IMG_0013", "north/IMG_0013.jpg"),
        ("south/IMG_0012", "south/IMG_0012.jpg"),
        ("0013", "north/IMG_0013.jpg"),
        ("img_0013.JPG", "north/IMG_0013.jpg"),
        ("E\u0301glise", "south/Église.jpg"),
        ("photos/south/IMG_0012.jpg", "south/IMG_0012.jpg"),
        (str(Path("photos/top.jpg").absolute()), "top.jpg"),
        ("top", "top.jpg"),
    ],
)
def test_a_photo_is_found_by_name_path_or_end(text: str, name: str) -> None:
    assert resolve_name("A", text, IMAGES, NAMES) == name


def test_a_whole_name_is_meant_before_the_end_of_a_longer_one() -> None:
    assert resolve_name("A", "a.jpg", IMAGES, ["a.jpg", "b/a.jpg", "ba.jpg"]) == "a.jpg"
    assert resolve_name("A", "a.jpg", IMAGES, ["b/a.jpg", "c/ba.jpg"]) == "b/a.jpg"


def test_an_end_that_fits_several_photos_is_refused_and_they_are_named() -> None:
    with pytest.raises(UsageError, match=r"A 'IMG_0012' fits 2 photos: 'north/IMG_0012.jpg', 'south/IMG_0012.jpg'"):
        resolve_name("A", "IMG_0012", IMAGES, NAMES)
    many = [f"{number:02}/a.jpg" for number in range(20)]
    with pytest.raises(UsageError, match="fits 20 photos: .* and 15 more"):
        resolve_name("B", "a.jpg", IMAGES, many)


def test_an_unknown_name_is_refused_and_near_ones_are_named() -> None:
    with pytest.raises(UsageError, match=r"B 'north/IMG_0015.jpg' is no photo of photos; near it are 'north/IMG_001"):
        resolve_name("B", "north/IMG_0015.jpg", IMAGES, NAMES)
    with pytest.raises(UsageError, match="'qqq' is no photo of photos$"):
        resolve_name("B", "qqq", IMAGES, NAMES)
    with pytest.raises(UsageError, match="is no photo|fits"):
        resolve_name("B", "", IMAGES, NAMES)


def settings(folder: Path, **options: Path) -> ExplainSettings:
    return ExplainSettings("a", "b", folder / "photos", folder / "netvlad", folder / "results", **options)


def save_pairs(folder: Path, name: str, **origin: object) -> Path:
    path = folder / "netvlad" / name
    write_pairs(path, [("a.jpg", "b.jpg", 0.5)], {"model": "vlad"} | origin)
    return path


def test_without_any_file_it_is_said_what_is_missing_and_what_makes_it(tmp_path: Path) -> None:
    missing: list[str] = []
    grouped = read_grouped(settings(tmp_path), missing)
    scored = read_scored(settings(tmp_path), ["a.jpg", "b.jpg"], grouped, missing)
    assert scored.pairs is None and grouped.clusters is None
    assert "create_clusters.py" in missing[0] and "extract_features.py" in missing[1]


def test_pairs_that_were_never_verified_are_read_and_it_is_said(tmp_path: Path) -> None:
    save_pairs(tmp_path, "pairs-vlad.txt")
    missing: list[str] = []
    scored = read_scored(settings(tmp_path), ["a.jpg", "b.jpg"], Grouped(), missing)
    assert scored.pairs is scored.listed is not None and not scored.is_probability and scored.matches is None
    assert "match_pairs.py" in missing[0]


def test_verified_pairs_are_taken_before_those_that_they_were_made_of(tmp_path: Path) -> None:
    save_pairs(tmp_path, "pairs-vlad.txt")
    save_pairs(tmp_path, "pairs-vlad-verified.txt", is_probability=True)
    scored = read_scored(settings(tmp_path), ["a.jpg", "b.jpg"], Grouped(), [])
    assert scored.is_probability and scored.listed is not None and scored.listed is not scored.pairs


def test_the_pairs_that_the_clusters_were_made_of_are_taken_before_others(tmp_path: Path) -> None:
    save_pairs(tmp_path, "pairs-one.txt")
    save_pairs(tmp_path, "pairs-two.txt")
    with pytest.raises(UsageError, match="several pairs files .*--pairs_file"):
        read_scored(settings(tmp_path), [], Grouped(), [])
    chosen = read_scored(settings(tmp_path), ["a.jpg"], Grouped(info={"pairs_file": "pairs-two.txt"}), [])
    assert chosen.pairs is not None


def test_clusters_without_reasons_or_with_those_of_others_are_used_without(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    (results / "clusters.json").write_text('{"0": ["a.jpg", "b.jpg"], "-1": []}')
    missing: list[str] = []
    assert read_grouped(settings(tmp_path), missing).number_of("a.jpg") == "0" and "reasons" in missing[0]
    info = {"format": "clusters-info", "format_version": 2, "clusters_sha256": "of another"}
    (results / "clusters_info.json").write_text(json.dumps(info))
    missing = []
    assert read_grouped(settings(tmp_path), missing).info == {} and "does not belong" in missing[0]


def test_a_damaged_file_is_an_error_and_not_a_missing_one(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "clusters.json").write_text("{")
    with pytest.raises(DamagedFileError, match="clusters.json"):
        read_grouped(settings(tmp_path), [])


def test_decisions_that_were_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="mine.json"):
        read_grouped(settings(tmp_path, decisions=tmp_path / "mine.json"), [])


def test_members_of_a_photo_that_is_alone_or_unknown_are_the_photo_itself() -> None:
    grouped = Grouped({"3": ["a", "b"], "-1": ["c", "d"]})
    assert (grouped.members("a"), grouped.members("c"), grouped.members("x")) == (["a", "b"], ["c"], ["x"])
    assert (grouped.number_of("b"), grouped.number_of("d"), grouped.number_of("x")) == ("3", "-1", None)
