"""The stage of ``tools.search_experiment``: who is searched, what is right, what is written."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.retrieval.measuring import Timing, right_places
from stages.retrieval.search_experiment import search_experiment
from stages.retrieval.search_inputs import gather_inputs
from stages.settings.search import SearchSettings
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.search_results import GROUPS_NAME, RESULTS_NAME, TABLE_NAME, read_results
from tests.stages.drawn_search import draw_search, unit, write_hashes, write_vectors

PLANE = {"a/1_x.jpg": 0.0, "b/1_x.jpg": 0.5, "c/2_x.jpg": 1.0}


@pytest.fixture
def settings(tmp_path: Path) -> SearchSettings:
    return draw_search(tmp_path)


def in_plane(path: Path, angles: dict[str, float], **given: Any) -> Path:
    rows = np.array([[np.cos(angle), np.sin(angle)] for angle in angles.values()])
    return write_vectors(path, list(angles), rows, **given)


def runs_of(settings: SearchSettings) -> list[dict[str, Any]]:
    search_experiment(settings)
    found: list[dict[str, Any]] = read_results(settings.results_dir)["runs"]
    return found


# What is written


def test_copies_find_their_photo_and_the_results_say_so(settings: SearchSettings) -> None:
    report = search_experiment(settings)
    assert report.counts == {"database": 60, "queries": 40, "judged": 40, "runs": 1}
    (run,) = read_results(settings.results_dir)["runs"]
    assert run["recall"] == {"1": 1.0, "5": 1.0, "10": 1.0} and run["map"] == run["mrr"] == 1.0
    assert run["overlap"]["10"] == 1.0 and run["is_exact"] and run["memory_bytes"] == 60 * 16 * 4
    assert len(run["repeats_s"]) == 2
    assert run["ms_per_query"]["min"] <= run["ms_per_query"]["median"] <= run["ms_per_query"]["max"]


def test_each_attack_has_its_own_line(settings: SearchSettings) -> None:
    (run,) = runs_of(settings)
    assert {group: found["queries"] for group, found in run["groups"].items()} == {"blur 3": 20, "crop 3": 20}
    with (settings.results_dir / GROUPS_NAME).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["group"] for row in rows] == ["blur 3", "crop 3"] and rows[0]["recall_at_1"] == "1.0"


def test_settings_versions_and_hashes_of_the_files_are_kept(settings: SearchSettings) -> None:
    search_experiment(settings)
    content = json.loads((settings.results_dir / RESULTS_NAME).read_text(encoding="utf-8"))
    assert content["versions"]["numpy"] == np.__version__ and content["settings"]["k"] == [1, 5, 10]
    assert [(one["flag"], one["num_photos"]) for one in content["inputs"]] == [("--database", 60), ("--queries", 40)]
    assert all(len(one["sha256"]) == 64 for one in content["inputs"])


def test_several_metrics_are_several_rows(settings: SearchSettings) -> None:
    search_experiment(replace(settings, metric=("cosine", "l2", "l1", "ip"), k=(1, 3)))
    with (settings.results_dir / TABLE_NAME).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["metric"] for row in rows] == ["cosine", "l2", "l1", "ip"]
    assert {row["recall_at_3"] for row in rows} == {"1.0"}


def test_by_the_jensen_shannon_divergence_no_photo_is_lost_to_a_zero(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    rows = rng.random((30, 12)) * (rng.random((30, 12)) < 0.4)  # as rectifiers leave them: most numbers are 0
    rows[:, 0] += 0.01  # no row is all zeros
    noisy = rows * rng.uniform(0.9, 1.1, rows.shape)
    names = [f"p{row:02d}.jpg" for row in range(30)]
    database = write_vectors(tmp_path / "db.h5", names, rows)
    queries = write_vectors(tmp_path / "q.h5", [f"copy_of_{name}" for name in names], noisy)
    (tmp_path / "truth.csv").write_text("query,source\n" + "".join(f"copy_of_{name},{name}\n" for name in names))
    settings = SearchSettings(
        (database,), (queries,), truth=tmp_path / "truth.csv", results_dir=tmp_path / "results", metric=("js",)
    )
    (run,) = runs_of(settings)
    assert run["recall"]["1"] == 1.0 and run["library"] == "numpy"
    write_vectors(tmp_path / "db.h5", names, rows - 0.5)
    with pytest.raises(UsageError, match="--metric js compares distributions"):
        search_experiment(settings)


def test_without_truth_nothing_is_judged_and_times_remain(settings: SearchSettings) -> None:
    (run,) = runs_of(replace(settings, truth=None))
    assert run["recall"] is None and run["groups"] == {} and run["overlap"]["1"] == 1.0
    assert not (settings.results_dir / GROUPS_NAME).exists()


def test_an_index_that_misses_is_told_from_a_descriptor_that_does(settings: SearchSettings) -> None:
    pytest.importorskip("faiss")
    given = replace(settings, backend="auto", index=("ivf", "flat"), nlist=(12,), nprobe=(1, 12))
    few, all_lists, flat = runs_of(given)
    assert few["overlap"]["10"] < 1.0 == all_lists["overlap"]["10"] == flat["overlap"]["10"]
    assert all_lists["recall"] == flat["recall"]


# Who is who


def test_names_of_the_same_stem_are_two_photos(tmp_path: Path) -> None:
    database = in_plane(tmp_path / "db.h5", PLANE)
    queries = in_plane(tmp_path / "q.h5", {"1_x.png": 0.45})
    (tmp_path / "t.csv").write_text("query,source\n1_x.png,a/1_x.jpg\n", encoding="utf-8")
    inputs = gather_inputs(SearchSettings(database=(database,), queries=(queries,), truth=tmp_path / "t.csv"))
    assert inputs.right == [frozenset({0})]


def test_a_distractor_of_the_same_name_is_never_right(tmp_path: Path) -> None:
    database = in_plane(tmp_path / "db.h5", PLANE)
    queries = in_plane(tmp_path / "q.h5", {"q.png": 0.1})
    distractors = in_plane(tmp_path / "more.h5", {"a/1_x.jpg": 0.1})
    (tmp_path / "t.csv").write_text("query,source\nq.png,a/1_x.jpg\n", encoding="utf-8")
    given = SearchSettings(
        database=(database,),
        queries=(queries,),
        distractors=(distractors,),
        truth=tmp_path / "t.csv",
        results_dir=tmp_path / "r",
        k=(1, 2),
        backend="numpy",
    )
    (run,) = runs_of(given)
    assert run["recall"] == {"1": 0.0, "2": 1.0} and run["mrr"] == 0.5


def test_a_distractor_that_is_a_photo_of_the_database_counts_once(tmp_path: Path) -> None:
    database = in_plane(tmp_path / "db.h5", PLANE, contents=["1", "2", "3"])
    distractors = in_plane(tmp_path / "m.h5", {"a/1_x.jpg": 0.0, "z.jpg": 0.3}, contents=["1", "9"])
    inputs = gather_inputs(SearchSettings(database=(database,), distractors=(distractors,)))
    assert inputs.database.names == [*PLANE, "z.jpg"] and "1 distractors" in inputs.notes[0]


def test_no_photo_finds_itself(tmp_path: Path) -> None:
    database = in_plane(tmp_path / "db.h5", PLANE)
    inputs = gather_inputs(SearchSettings(database=(database,)))
    assert inputs.own.tolist() == [0, 1, 2]
    again = in_plane(tmp_path / "q.h5", PLANE, contents=[f"db {name}" for name in PLANE])
    assert gather_inputs(SearchSettings(database=(database,), queries=(again,))).own.tolist() == [0, 1, 2]


def test_a_copy_under_another_name_stays_and_is_told(tmp_path: Path) -> None:
    database = in_plane(tmp_path / "db.h5", PLANE, contents=["1", "2", "3"])
    queries = in_plane(tmp_path / "q.h5", {"q.png": 0.0}, contents=["1"])
    inputs = gather_inputs(SearchSettings(database=(database,), queries=(queries,)))
    assert inputs.own.tolist() == [-1] and "1 queries are, byte by byte" in inputs.notes[0]


def test_in_one_file_the_truth_says_who_asks_and_no_query_is_searched(tmp_path: Path) -> None:
    database = in_plane(tmp_path / "db.h5", PLANE | {"q/a.png": 0.1})
    (tmp_path / "t.csv").write_text("query,source\na.png,a/1_x.jpg\n", encoding="utf-8")
    inputs = gather_inputs(SearchSettings(database=(database,), truth=tmp_path / "t.csv"))
    assert inputs.queries.names == ["q/a.png"] and inputs.database.names == list(PLANE)


def test_labels_make_photos_of_one_building_right(tmp_path: Path) -> None:
    database = in_plane(tmp_path / "db.h5", PLANE)
    (tmp_path / "labels.csv").write_text("path,building\na/1_x.jpg,A\nc/2_x.jpg,A\nb/1_x.jpg,single\n")
    inputs = gather_inputs(SearchSettings(database=(database,), truth=tmp_path / "labels.csv"))
    assert inputs.right == [frozenset({2}), frozenset(), frozenset({0})] and inputs.is_judged.sum() == 2


def test_a_regular_expression_names_what_belongs_together(tmp_path: Path) -> None:
    database = in_plane(tmp_path / "db.h5", PLANE)
    inputs = gather_inputs(SearchSettings(database=(database,), id_regex=r"(\d)_"))
    assert inputs.right == [frozenset({1}), frozenset({0}), frozenset()]


def test_a_photo_without_any_feature_is_not_searched(tmp_path: Path) -> None:
    rows = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    database = write_vectors(tmp_path / "db.h5", ["a", "b", "c"], rows)
    inputs = gather_inputs(SearchSettings(database=(database,)))
    assert inputs.database.names == ["a", "c"] and "no feature" in inputs.notes[0]
    (run,) = runs_of(SearchSettings(database=(database,), results_dir=tmp_path / "r", k=(1,), backend="numpy"))
    assert run["recall"] is None


def test_files_of_several_models_are_joined(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    names = [f"{number}.jpg" for number in range(30)]
    parts = [
        write_vectors(tmp_path / f"{m}.h5", names, unit(rng.normal(size=(30, 8))), model=m) for m in ("one", "two")
    ]
    inputs = gather_inputs(SearchSettings(database=tuple(parts)))
    assert inputs.database.model == "one+two" and inputs.database.rows.shape == (30, 16)
    np.testing.assert_allclose(np.linalg.norm(inputs.database.rows, axis=1), 1.0, atol=1e-5)


def test_hashes_are_compared_by_their_bits(tmp_path: Path) -> None:
    database = write_hashes(
        tmp_path / "features-dhash-00000000", {"a": np.array([0, 0], np.uint8), "b": np.array([255, 0], np.uint8)}
    )
    queries = write_hashes(tmp_path / "q" / "features-dhash-00000000", {"q": np.array([254, 0], np.uint8)})
    (tmp_path / "t.csv").write_text("query,source\nq,b\n", encoding="utf-8")
    given = SearchSettings(
        database=(database,), queries=(queries,), truth=tmp_path / "t.csv", results_dir=tmp_path / "r", k=(1,)
    )
    (run,) = runs_of(replace(given, backend="numpy"))
    assert run["metric"] == "hamming" and run["recall"] == {"1": 1.0}
    with pytest.raises(UsageError, match="holds hashes"):
        search_experiment(replace(given, metric=("cosine",)))


# What is refused


def test_two_learnt_models_are_not_compared(tmp_path: Path) -> None:
    files = [in_plane(tmp_path / f"{n}.h5", PLANE, state={"words": np.array([n])}) for n in (1, 2)]
    with pytest.raises(UsageError, match="put all photos in one image folder"):
        gather_inputs(SearchSettings(database=(files[0],), queries=(files[1],)))


def test_the_same_name_in_two_files_is_refused(tmp_path: Path) -> None:
    files = tuple(in_plane(tmp_path / f"{n}.h5", PLANE) for n in (1, 2))
    with pytest.raises(UsageError, match="stands in two of the files"):
        gather_inputs(SearchSettings(database=files))


def test_features_that_are_no_hashes_are_refused(tmp_path: Path) -> None:
    folder = write_hashes(tmp_path / "features-orb-00000000", {"a": np.zeros((3, 32), np.uint8)})
    with pytest.raises(UsageError, match="are no hashes"):
        gather_inputs(SearchSettings(database=(folder,)))


def test_a_damaged_shard_of_hashes_is_named(tmp_path: Path) -> None:
    folder = write_hashes(tmp_path / "features-phash-00000000", {"a": np.zeros(8, np.uint8)})
    (folder / "features-000001.h5").write_bytes(b"cut")
    with pytest.raises(DamagedFileError, match="features-phash"):
        gather_inputs(SearchSettings(database=(folder,)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"database": ()}, "--database is missing"),
        ({"k": (0,)}, "--k is 0"),
        ({"repeats": 0}, "--repeats is 0"),
        ({"id_regex": "x"}, "one of --truth and --id_regex"),
        ({"truth": None, "id_regex": "("}, "no regular expression"),
        ({"metric": ("hamming",)}, "holds descriptors"),
        ({"metric": ("js",)}, "negative numbers"),
        ({"metric": ("far",)}, "is not known"),
        ({"backend": "far"}, "is not known"),
    ],
    ids=str,
)
def test_a_wrong_call_is_refused_by_its_flag(settings: SearchSettings, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        search_experiment(replace(settings, **given))


def test_an_expression_that_fits_nothing_is_an_error(settings: SearchSettings) -> None:
    with pytest.raises(StageError, match="finds no photo"):
        search_experiment(replace(settings, truth=None, id_regex="nothing"))


# Small parts


def test_the_spread_is_that_of_the_repeats() -> None:
    found = Timing((0.1, 0.3, 0.2), 100).ms_per_query()
    assert found == pytest.approx({"median": 2.0, "min": 1.0, "max": 3.0, "std": 0.816496580927726})


def test_a_row_is_right_only_for_the_query_that_should_find_it() -> None:
    found = right_places(np.array([[0, 1], [0, -1]]), [frozenset({1}), frozenset()])
    assert found.tolist() == [[False, True], [False, False]]
