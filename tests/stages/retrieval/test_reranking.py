"""The stage of ``tools.search_experiment --rerank``: lists that local features put in order."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.retrieval.plot_experiment import named_runs
from stages.retrieval.reranking import FEATURES_FOLDER
from stages.retrieval.search_experiment import search_experiment
from stages.settings.search import SearchSettings
from storage.errors import StageError, UsageError
from storage.fingerprints import fingerprint
from storage.formats.features import Features, write_features
from storage.formats.search_results import TABLE_NAME, read_results
from tests.hloc.test_vlad import textured

NUM_PHOTOS = 5


def describe(path: Path, folder: Path, vectors: dict[str, Sequence[float]]) -> Path:
    """Write a features file of photos that lie in a folder."""
    rows = np.array(list(vectors.values()), np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    prints = [fingerprint(folder / name) for name in vectors]
    sizes = np.full((len(vectors), 2), 9, np.int64)
    write_features(path, Features("drawn", {}, list(vectors), rows, sizes, prints))
    return path


@pytest.fixture
def settings(tmp_path: Path) -> SearchSettings:
    """Five photos, and one of them turned; the descriptor puts it fourth of its list."""
    photos, asked = tmp_path / "photos", tmp_path / "asked"
    photos.mkdir()
    asked.mkdir()
    for seed in range(NUM_PHOTOS):
        Image.fromarray(textured(seed)).save(photos / f"p{seed}.png")
    Image.fromarray(textured(3)).rotate(40, Image.Resampling.BICUBIC, expand=True).save(asked / "q.png")
    angles = {f"p{seed}.png": (np.cos(0.2 * seed), np.sin(0.2 * seed)) for seed in range(NUM_PHOTOS)}
    database = describe(tmp_path / "db.h5", photos, angles)
    queries = describe(tmp_path / "q.h5", asked, {"q.png": (1.0, -0.1)})
    (tmp_path / "truth.csv").write_text("query,source\nq.png,p3.png\n", encoding="utf-8")
    return SearchSettings(
        database=(database,),
        queries=(queries,),
        truth=tmp_path / "truth.csv",
        results_dir=tmp_path / "results",
        k=(1, 3, 5),
        repeats=1,
        warmup=0,
        backend="numpy",
        rerank="rootsift_rotated",
        num_rerank=4,
        num_keypoints=500,
        image_dir=photos,
        query_dir=asked,
        num_workers=0,
    )


def run_of(settings: SearchSettings) -> dict[str, Any]:
    search_experiment(settings)
    (run,) = read_results(settings.results_dir)["runs"]
    assert isinstance(run, dict)
    return run


# What it is for


def test_the_right_photo_comes_first_where_the_descriptor_put_it_fourth(settings: SearchSettings) -> None:
    run = run_of(settings)
    assert run["recall"] == {"1": 1.0, "3": 1.0, "5": 1.0} and run["mrr"] == 1.0
    assert (
        run["rerank"]["before"]["recall"] == {"1": 0.0, "3": 0.0, "5": 1.0} and run["rerank"]["before"]["mrr"] == 0.25
    )


def test_what_lies_beyond_the_re_ranked_keeps_its_place(settings: SearchSettings) -> None:
    run = run_of(replace(settings, num_rerank=3))
    assert run["recall"] == run["rerank"]["before"]["recall"] and run["rerank"]["verified"] == 0


def test_more_may_be_re_ranked_than_are_judged_and_than_there_are(settings: SearchSettings) -> None:
    run = run_of(replace(settings, k=(1,), num_rerank=1000))
    assert run["recall"] == {"1": 1.0} and run["rerank"]["compared"] == NUM_PHOTOS
    assert run["rerank"]["before"] == {"queries": 1, "recall": {"1": 0.0}, "map": 0.0, "mrr": 0.0}


def test_photos_of_the_database_that_ask_for_each_other_never_find_themselves(settings: SearchSettings) -> None:
    Image.fromarray(textured(3)[5:, 5:]).save(settings.image_dir / "p0.png")  # type: ignore[operator]
    angles = {f"p{seed}.png": (np.cos(0.2 * seed), np.sin(0.2 * seed)) for seed in range(NUM_PHOTOS)}
    describe(settings.database[0], settings.image_dir, angles)  # type: ignore[arg-type]
    settings.truth.write_text("path,building\np0.png,a\np3.png,a\n", encoding="utf-8")  # type: ignore[union-attr]
    run = run_of(replace(settings, queries=(), query_dir=None))
    assert run["recall"]["1"] == 1.0 and run["rerank"]["compared"] == NUM_PHOTOS * 4
    assert run["rerank"]["verified"] == 2
    assert [each.name for each in (settings.results_dir / FEATURES_FOLDER).iterdir()] == ["database"]


def test_distractors_are_compared_with_photos_of_their_own_folder(settings: SearchSettings, tmp_path: Path) -> None:
    more = tmp_path / "more"
    more.mkdir()
    Image.fromarray(textured(3)).save(more / "p0.png")  # the same picture under a name of the database
    distractors = describe(tmp_path / "d.h5", more, {"p0.png": (1.0, 0.0)})
    given = replace(settings, distractors=(distractors,), distractor_dir=more, num_rerank=6, k=(1, 2))
    run = run_of(given)
    assert run["rerank"]["verified"] == 2 and run["recall"]["2"] == 1.0


def test_a_pair_is_compared_once_whatever_the_index(settings: SearchSettings) -> None:
    pytest.importorskip("faiss")
    search_experiment(replace(settings, backend="auto", index=("flat", "hnsw"), ef_search=(16,)))
    runs = read_results(settings.results_dir)["runs"]
    assert [run["recall"]["1"] for run in runs] == [1.0, 1.0]
    assert runs[0]["rerank"]["ms_per_query"] == runs[1]["rerank"]["ms_per_query"]  # compared once, for both


# What is told


def test_the_results_say_how_it_was_done_and_how_long_it_took(settings: SearchSettings) -> None:
    report = search_experiment(settings)
    (run,) = read_results(settings.results_dir)["runs"]
    rerank = run["rerank"]
    assert (rerank["matcher"], rerank["num_keypoints"], rerank["num_rerank"]) == ("rootsift_rotated", 500, 4)
    assert (rerank["compared"], rerank["verified"]) == (4, 1)
    assert 0 < rerank["ms_per_query"]["min"] <= rerank["ms_per_query"]["mean"]
    assert run["label"] == "flat rerank=rootsift_rotated num_rerank=4"
    assert "re-ranked in " in report.notes[-1] and not report.skipped
    with (settings.results_dir / TABLE_NAME).open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["rerank_matcher"] == "rootsift_rotated" and float(row["rerank_ms_per_query_mean"]) > 0


def test_without_re_ranking_the_results_say_so(settings: SearchSettings) -> None:
    run = run_of(replace(settings, rerank=None, image_dir=None, query_dir=None))
    assert run["rerank"] is None and run["label"] == "flat" and run["recall"]["1"] == 0.0
    with (settings.results_dir / TABLE_NAME).open(encoding="utf-8", newline="") as file:
        assert next(csv.DictReader(file))["rerank_matcher"] == ""


def test_charts_draw_recall_against_the_time_of_search_and_re_ranking(settings: SearchSettings) -> None:
    run = run_of(settings)
    (drawn,) = named_runs([(settings.results_dir, read_results(settings.results_dir))])
    assert drawn["series"] == "drawn, flat, cosine, rootsift_rotated"
    extra = run["rerank"]["ms_per_query"]["mean"]
    assert drawn["ms_per_query"]["median"] == pytest.approx(run["ms_per_query"]["median"] + extra)


def test_a_second_run_describes_no_photo_again(settings: SearchSettings) -> None:
    search_experiment(settings)
    shards = {path: path.stat().st_mtime_ns for path in (settings.results_dir / FEATURES_FOLDER).rglob("*.h5")}
    search_experiment(settings)
    assert len(shards) == 2
    assert shards == {path: path.stat().st_mtime_ns for path in (settings.results_dir / FEATURES_FOLDER).rglob("*.h5")}


# What goes wrong


def test_a_photo_that_is_gone_stays_where_it_was_and_is_named(settings: SearchSettings) -> None:
    (settings.image_dir / "p1.png").unlink()  # type: ignore[operator]
    report = search_experiment(settings)
    (run,) = read_results(settings.results_dir)["runs"]
    assert run["recall"]["1"] == 1.0 and [photo.name for photo in report.skipped] == ["p1.png"]


def test_another_photo_under_the_same_name_is_refused(settings: SearchSettings) -> None:
    Image.fromarray(textured(9)).save(settings.image_dir / "p1.png")  # type: ignore[operator]
    with pytest.raises(StageError, match="--image_dir .*photos: p1.png is not the photo that --database was made of"):
        search_experiment(settings)


def test_a_folder_without_any_of_the_photos_is_refused(settings: SearchSettings, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        UsageError, match="--query_dir .*empty: none of the photos of --queries can be read there; q.png"
    ):
        search_experiment(replace(settings, query_dir=tmp_path / "empty"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rerank": "sift"}, "--rerank sift: is not known; choose from rootsift, rootsift_rotated"),
        ({"num_rerank": 0}, "--num_rerank is 0, but must be 1 to 1000"),
        ({"num_keypoints": 1}, "--num_keypoints 1: must be 2 to 20000"),
        ({"num_workers": -1}, "--num_workers is -1, but must be 0 or more"),
        ({"image_dir": None}, "--rerank rootsift_rotated: give the folder of the photos by --image_dir"),
        ({"image_dir": Path("nowhere")}, "--image_dir nowhere: is not a folder"),
        ({"query_dir": Path("nowhere")}, "--query_dir nowhere: is not a folder"),
        ({"rerank": None}, "--image_dir .*: has no use without --rerank"),
        ({"rerank": None, "image_dir": None}, "--query_dir .*: has no use without --rerank"),
        ({"queries": ()}, "--query_dir .*: has no use without --queries"),
        ({"distractor_dir": Path()}, "--distractor_dir .*: has no use without --distractors"),
    ],
)
def test_a_wrong_call_is_refused_before_anything_is_read(
    settings: SearchSettings, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        search_experiment(replace(settings, **{"database": (Path("missing.h5"),), **changes}))
