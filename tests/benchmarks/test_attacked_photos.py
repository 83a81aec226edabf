"""What altered copies should find, where the database holds their originals more than once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from benchmarks.attacked_photos import find_same_pictures, without_rows, write_full_truth
from benchmarks.bench_attacks import ABSENT, RIGHT, main, rerank_times, summary, table
from stages.retrieval.search_inputs import SearchInputs
from stages.retrieval.vectors import Vectors
from storage.formats.truth import ATTACK_COLUMNS, TruthRow, read_truth, write_truth
from tests.drawn_photos import draw_photo
from tests.hloc.test_vlad import textured
from training.photo_set import find_photos


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Three originals, and others of which one is the second original again, smaller and saved as JPEG."""
    for folder, seeds in (("originals", (1, 2, 3)), ("others", range(4, 12))):
        (tmp_path / folder).mkdir()
        for seed in seeds:
            draw_photo(seed, 96, 64).save(tmp_path / folder / f"p{seed}.png")
    draw_photo(2, 96, 64).resize((60, 40), Image.Resampling.BICUBIC).save(tmp_path / "others/again.jpg", quality=80)
    ImageOps.mirror(draw_photo(1, 96, 64)).save(tmp_path / "others/mirrored.png")
    return tmp_path


def test_a_smaller_copy_is_found_and_another_photo_or_a_mirrored_one_is_none(folders: Path) -> None:
    found = find_same_pictures(find_photos([folders / "originals"]), find_photos([folders / "others"]))
    assert {name: [copy for copy, _ in copies] for name, copies in found.items()} == {
        "p1.png": [],
        "p2.png": ["again.jpg"],
        "p3.png": [],
    }
    assert found["p2.png"][0][1] > 0.98


def test_the_truth_lists_the_original_and_its_copies_for_every_altered_copy(tmp_path: Path) -> None:
    labels = {"attack": "rotation", "parameter": "5"}
    write_truth(tmp_path / "manifest.csv", ATTACK_COLUMNS, [TruthRow("a_rotation_5.png", "a.jpg", labels)])
    copies = {"db/o/a.jpg": [("db/x/again.jpg", 0.999)]}
    write_full_truth(tmp_path / "truth.csv", tmp_path / "manifest.csv", ("q/", "db/o/"), copies)
    assert read_truth(tmp_path / "truth.csv") == [
        TruthRow("q/a_rotation_5.png", "db/o/a.jpg", labels),
        TruthRow("q/a_rotation_5.png", "db/x/again.jpg", labels),
    ]


def test_photos_that_are_left_out_are_nobodys_right_answer_and_the_others_stay_theirs() -> None:
    names, rows = ["a", "copy of a", "b", "c"], np.eye(4, dtype=np.float32)
    vectors = Vectors("drawn", {}, {}, names, rows, names)
    right = [frozenset({0, 1}), frozenset({2}), frozenset({1})]
    inputs = SearchInputs(
        vectors, vectors.take(np.arange(3)), np.array([-1, 3, 1]), right, np.array([2, 1, 1]), [""] * 3, []
    )
    left = without_rows(inputs, {"copy of a"})
    assert left.database.names == ["a", "b", "c"] and np.array_equal(left.database.rows, rows[[0, 2, 3]])
    assert left.right == [{0}, {1}, frozenset()] and left.num_right.tolist() == [1, 1, 0]
    assert left.own.tolist() == [-1, 2, -1] and left.queries.names == ["a", "copy of a", "b"]


def run(**recalls: float) -> dict[str, object]:
    groups = {name.replace("_", " "): {"recall": {"1": value}} for name, value in recalls.items()}
    return {"groups": groups, "recall": {"1": 0.5, "10": 0.75}, "database": 9, "judged": 4}


def test_the_table_orders_parameters_as_numbers_and_leaves_gaps_visible() -> None:
    lines = table({"dhash": run(rotation_5=1.0, rotation_10=0.25), "vlad": run(rotation_5=0.5)}).splitlines()
    assert lines[0] == "| attack | dhash | vlad |"
    assert lines[2:] == ["| rotation 5 | 1.000 | 0.500 |", "| rotation 10 | 0.250 | nan |"]


def test_the_summary_gives_both_ways_of_counting_copies() -> None:
    line = summary({"dhash": {RIGHT: run(), ABSENT: run() | {"database": 8}}}).splitlines()[-1]
    assert line == "| dhash | 4 | 9 | 0.5000 | 0.7500 | 8 | 0.5000 | 0.7500 |"


def test_the_table_of_re_ranking_has_those_that_were_re_ranked() -> None:
    rerank = {"before": {"recall": {"1": 0.25}}, "ms_per_query": {"mean": 120.4}}
    plain = run() | {"rerank": None}
    again = run() | {"rerank": rerank, "ms_per_query": {"median": 1.5}}
    told = rerank_times({"dhash": {RIGHT: plain}, "dhash, re-ranked": {RIGHT: again}})
    assert told.splitlines()[2:] == ["| dhash, re-ranked | 0.2500 | 0.5000 | 1.50 | 120 |"]
    assert rerank_times({"dhash": {RIGHT: plain}}) == ""


def told_by(folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    """Run the whole benchmark on drawn photos; give what it prints."""
    call = ["bench", "--work_dir", str(folders / "work"), "--image_dir", str(folders / "originals")]
    call += ["--others", str(folders / "others"), "--models", "short=dhash", "--num_workers", "0", *flags]
    monkeypatch.setattr("sys.argv", call)
    main()
    return capsys.readouterr().out


def test_the_whole_benchmark_on_drawn_photos_that_are_re_ranked(
    folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (1, 2, 3):
        Image.fromarray(textured(seed)).save(folders / "originals" / f"p{seed}.png")
    flags = ["--rerank", "rootsift_rotated", "--num_rerank", "13", "--num_keypoints", "200"]
    lines = told_by(folders, monkeypatch, capsys, *flags).splitlines()
    (before, after) = (
        line.split(" | ") for line in lines if line.startswith(("| short | 174", "| short, re-ranked | 174"))
    )
    assert float(after[3]) > float(before[3]) and before[2] == after[2]
    (times,) = (line for line in lines if line.startswith("| short, re-ranked | 0."))
    assert times.split(" | ")[1:3] == [before[3], after[3]]


def test_the_whole_benchmark_on_drawn_photos(
    folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = told_by(folders, monkeypatch, capsys)
    assert "| short | 174 | 13 | " in told and " | 12 | " in told and "| jpg_compression 90 | 1.000 |" in told
    assert (
        (folders / "work/copies.csv")
        .read_text()
        .splitlines()[1]
        .startswith("database/originals/p2.png,database/others/again.jpg,0.9")
    )
