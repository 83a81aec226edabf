"""The stage of ``tools.explore_neighbors``: who is found, what is right, what is shown."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.retrieval.neighbor_inputs import Neighbourhood, gather_neighbours
from stages.retrieval.neighbor_sheet import EMPTY, RIGHT, WRONG, draw_neighbours
from stages.retrieval.neighbors import choose_shown, explore_neighbors
from stages.settings.retrieval import NeighborSettings
from storage.errors import StageError, UsageError
from storage.fingerprints import Fingerprint
from storage.formats.features import Features, write_features
from storage.formats.pairs import write_pairs
from tests.drawn_photos import save_photos

TRUTH = "query,source\nq0.jpg,photo_000.jpg\nq1.jpg,photo_001.jpg\nq2.jpg,photo_003.jpg\n"


def features(path: Path, angles: dict[str, float], **given: Any) -> Path:
    """Unit vectors in a plane, so that the nearest is the one of the nearest angle."""
    vectors = np.array([[np.cos(angle), np.sin(angle)] for angle in angles.values()], np.float32)
    prints = [Fingerprint(1, 1, "0" * 64)] * len(angles)
    sizes = np.full((len(angles), 2), 48, np.int64)
    values: dict[str, Any] = {"model": "drawn", "settings": {}} | given
    write_features(
        path, Features(names=list(angles), descriptors=vectors, image_sizes=sizes, fingerprints=prints, **values)
    )
    return path


@pytest.fixture
def settings(tmp_path: Path) -> NeighborSettings:
    """Four photos at 0, 0.1, 0.5 and 0.9; queries near the first, the second and the third, which is wrong for q2."""
    names = save_photos(tmp_path / "photos", 4)
    for number, name in enumerate(save_photos(tmp_path / "queries", 3, 10)):
        (tmp_path / "queries" / name).rename(tmp_path / "queries" / f"q{number}.jpg")
    database = features(tmp_path / "db.h5", dict(zip(names, (0.0, 0.1, 0.5, 0.9), strict=True)))
    queries = features(tmp_path / "q.h5", {"q0.jpg": 0.01, "q1.jpg": 0.12, "q2.jpg": 0.6})
    (tmp_path / "truth.csv").write_text(TRUTH, encoding="utf-8")
    return NeighborSettings(
        database=database,
        queries=queries,
        image_dir=tmp_path / "photos",
        query_dir=tmp_path / "queries",
        truth=tmp_path / "truth.csv",
        output=tmp_path / "out" / "n.html",
        k=2,
    )


def content_of(settings: NeighborSettings) -> dict[str, Any]:
    explore_neighbors(settings, json.dumps)
    content: dict[str, Any] = json.loads(settings.output.read_text(encoding="utf-8"))
    return content


def found(settings: NeighborSettings) -> dict[str, list[str]]:
    return {one.query: [name for name, _ in one.neighbours] for one in gather_neighbours(settings).found}


# Who is found


def test_queries_find_the_nearest_of_the_database_best_first(settings: NeighborSettings) -> None:
    assert found(settings) == {
        "q0.jpg": ["photo_000.jpg", "photo_001.jpg"],
        "q1.jpg": ["photo_001.jpg", "photo_000.jpg"],
        "q2.jpg": ["photo_002.jpg", "photo_003.jpg"],
    }


def test_without_queries_every_photo_finds_the_others(settings: NeighborSettings) -> None:
    alone = replace(settings, queries=None, truth=None, k=1)
    assert found(alone) == {
        "photo_000.jpg": ["photo_001.jpg"],
        "photo_001.jpg": ["photo_000.jpg"],
        "photo_002.jpg": ["photo_001.jpg"],
        "photo_003.jpg": ["photo_002.jpg"],
    }


def test_in_one_file_the_truth_says_who_is_a_query_and_no_query_is_found(
    settings: NeighborSettings, tmp_path: Path
) -> None:
    both = features(tmp_path / "all.h5", {"a/q0.jpg": 0.0, "a/q1.jpg": 0.01, "b/x.jpg": 0.3, "b/y.jpg": 0.9})
    (tmp_path / "truth.csv").write_text("query,source\nq0.jpg,x.jpg\nq1.jpg,y.jpg\ngone.jpg,x.jpg\n")
    inputs = gather_neighbours(replace(settings, database=both, queries=None))
    assert {one.query: one.rank for one in inputs.found} == {"a/q0.jpg": 1, "a/q1.jpg": 2}
    assert inputs.num_lost == 1


def test_pairs_are_read_both_ways_and_ties_go_by_name(settings: NeighborSettings, tmp_path: Path) -> None:
    path = tmp_path / "pairs-x.txt"
    write_pairs(
        path, [("a", "b", 0.9), ("a", "c", 0.9), ("b", "c", 0.2), ("c", "a", 0.9)], {"model": "x", "skipped": []}
    )
    given = replace(settings, pairs_file=path, database=None, queries=None, truth=None)
    assert found(given) == {"a": ["b", "c"], "b": ["a", "c"], "c": ["a", "b"]}


def test_pairs_with_a_truth_of_queries_find_sources_only(settings: NeighborSettings, tmp_path: Path) -> None:
    path = tmp_path / "pairs-x.txt"
    write_pairs(path, [("q0", "q1", 0.9), ("q0", "s", 0.3), ("q1", "s", 0.2)], {"model": "x", "skipped": []})
    (tmp_path / "truth.csv").write_text("query,source\nq0,s\nq1,s\n", encoding="utf-8")
    given = replace(settings, pairs_file=path, database=None, queries=None)
    assert found(given) == {"q0": ["s"], "q1": ["s"]}


# What is right


def test_right_neighbours_and_their_place_are_known(settings: NeighborSettings) -> None:
    assert [one.rank for one in gather_neighbours(settings).found] == [1, 1, 2]


def test_labels_make_photos_of_the_same_building_right(settings: NeighborSettings, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "path,building\nphoto_000.jpg,x\nphoto_001.jpg,x\nphoto_002.jpg,single\nphoto_003.jpg,y\n", encoding="utf-8"
    )
    given = replace(settings, queries=None, truth=tmp_path / "labels.csv")
    right = {one.query: one.right for one in gather_neighbours(given).found}
    assert right == {
        "photo_000.jpg": {"photo_001.jpg"},
        "photo_001.jpg": {"photo_000.jpg"},
        "photo_002.jpg": set(),
        "photo_003.jpg": set(),
    }


def test_the_report_counts_correct_and_incorrect(settings: NeighborSettings) -> None:
    report = explore_neighbors(settings, json.dumps)
    assert report.counts == {"queries": 3, "with_truth": 3, "correct": 2, "incorrect": 1, "shown": 3}
    assert "66.7%" in report.notes[0]
    assert explore_neighbors(replace(settings, at=2), json.dumps).counts["correct"] == 3


@pytest.mark.parametrize(("only", "expected"), [("correct", ["q0.jpg", "q1.jpg"]), ("incorrect", ["q2.jpg"])])
def test_only_correct_or_incorrect_queries_are_shown(
    settings: NeighborSettings, only: str, expected: list[str]
) -> None:
    content = content_of(replace(settings, only=only))
    assert [content["photos"][one["photo"]][0] for one in content["queries"]] == expected
    assert content["num_judged"] == 3 and content["num_correct"] == 2


def test_nothing_to_show_is_said(settings: NeighborSettings) -> None:
    with pytest.raises(StageError, match="--only incorrect leaves none of 3"):
        explore_neighbors(replace(settings, only="incorrect", at=2), json.dumps)


def test_queries_are_drawn_by_the_seed_and_shown_by_name(settings: NeighborSettings) -> None:
    many = [Neighbourhood(f"{number:03d}", (), None) for number in range(100)]
    drawn = [one.query for one in choose_shown(many, replace(settings, n_queries=10))]
    assert drawn == sorted(drawn) and len(drawn) == 10
    assert drawn == [one.query for one in choose_shown(many[::-1], replace(settings, n_queries=10))]
    assert drawn != [one.query for one in choose_shown(many, replace(settings, n_queries=10, seed=1))]


# What is written


def test_the_page_gets_photos_scores_and_marks(settings: NeighborSettings) -> None:
    content = content_of(settings)
    last = content["queries"][2]
    names = [name for name, _ in content["photos"]]
    assert names[last["photo"]] == "q2.jpg" and last["rank"] == 2
    assert [(names[photo], is_right) for photo, _, is_right in last["neighbours"]] == [
        ("photo_002.jpg", False),
        ("photo_003.jpg", True),
    ]
    assert last["neighbours"][0][1] == pytest.approx(np.cos(0.1), abs=1e-6)
    assert all(url.startswith("data:image/jpeg;base64,") for _, url in content["photos"])


def test_what_should_have_been_found_is_shown_where_nothing_right_was(settings: NeighborSettings) -> None:
    content = content_of(replace(settings, k=1))
    assert [[content["photos"][photo][0] for photo in one["missed"]] for one in content["queries"]] == [
        [],
        [],
        ["photo_003.jpg"],
    ]


def test_a_second_run_writes_nothing(settings: NeighborSettings) -> None:
    assert not explore_neighbors(settings, json.dumps).is_current
    assert explore_neighbors(settings, json.dumps).is_current


def test_photos_that_are_gone_keep_their_place_and_are_named(settings: NeighborSettings) -> None:
    (settings.image_dir / "photo_001.jpg").unlink()
    report = explore_neighbors(settings, json.dumps)
    content = json.loads(settings.output.read_text(encoding="utf-8"))
    assert any("1 photos cannot be shown" in note for note in report.notes)
    assert [photo.name for photo in report.skipped] == ["photo_001.jpg"] and report.exit_code == 3
    assert ["photo_001.jpg", None] in content["photos"]


def test_a_photo_of_the_same_name_in_both_folders_is_two_photos(settings: NeighborSettings, tmp_path: Path) -> None:
    (tmp_path / "queries" / "q0.jpg").rename(tmp_path / "queries" / "photo_000.jpg")
    features(tmp_path / "q.h5", {"photo_000.jpg": 0.0})
    (tmp_path / "truth.csv").write_text("query,source\nphoto_000.jpg,photo_000.jpg\n", encoding="utf-8")
    content = content_of(settings)
    assert [name for name, _ in content["photos"]].count("photo_000.jpg") == 2
    assert content["queries"][0]["rank"] == 1
    assert len({url for name, url in content["photos"] if name == "photo_000.jpg"}) == 2


def test_a_sheet_has_a_row_for_each_query_and_frames_right_and_wrong(
    settings: NeighborSettings, tmp_path: Path
) -> None:
    report = explore_neighbors(replace(settings, output=tmp_path / "n.png", tile=64), json.dumps)
    with Image.open(report.outputs["sheet"]) as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20) or []}
        assert image.height > 3 * 64 and image.width > 3 * 64
    assert {tuple(bytes.fromhex(colour[1:])) for colour in (RIGHT, WRONG, EMPTY)} <= colours


def test_a_sheet_that_nothing_could_open_is_refused() -> None:
    with pytest.raises(UsageError, match="show fewer"):
        draw_neighbours([Neighbourhood("a", (), None)] * 1000, {}, 100, 256)


def test_long_and_foreign_names_fit_their_place() -> None:
    one = Neighbourhood("日本" * 60 + "_rotation_60.png", (("x" * 300, 0.5),), None)
    photos = dict.fromkeys((("query", one.query), ("found", "x" * 300)))
    assert draw_neighbours([one], photos, 1, 64).startswith(b"\x89PNG")


# Wrong calls


def test_descriptors_of_other_models_or_settings_are_refused(settings: NeighborSettings, tmp_path: Path) -> None:
    for given in ({"model": "other"}, {"settings": {"side": 3}}):
        features(tmp_path / "q.h5", {"q0.jpg": 0.0}, **given)
        with pytest.raises(UsageError, match="cannot be compared"):
            gather_neighbours(settings)


def test_models_that_learnt_on_different_photos_are_refused(settings: NeighborSettings, tmp_path: Path) -> None:
    features(tmp_path / "q.h5", {"q0.jpg": 0.0}, state={"centres": np.ones(3)})
    with pytest.raises(UsageError, match="learnt on its own photos"):
        gather_neighbours(settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"database": None}, "--pairs_file and --database"),
        ({"pairs_file": Path("x")}, "--pairs_file and --database"),
        ({"database": None, "pairs_file": Path("x")}, "--queries goes with"),
        ({"k": 0}, "--k"),
        ({"at": 3}, "--at"),
        ({"n_queries": 0}, "--n_queries"),
        ({"tile": 1}, "--tile"),
        ({"only": "wrong"}, "--only"),
        ({"only": "correct", "truth": None}, "--truth"),
        ({"output": Path("n.pdf")}, "--output"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named(settings: NeighborSettings, change: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        explore_neighbors(replace(settings, **change), json.dumps)


def test_a_page_in_an_image_folder_is_refused(settings: NeighborSettings) -> None:
    with pytest.raises(UsageError, match="lies in"):
        explore_neighbors(replace(settings, output=settings.image_dir / "n.html"), json.dumps)


def test_a_truth_about_other_photos_is_refused(settings: NeighborSettings, tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text("query,source\nzebra.jpg,lion.jpg\n", encoding="utf-8")
    with pytest.raises(StageError, match="about a query"):
        gather_neighbours(settings)
