"""The stage that writes labels for other programs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from stages.evaluate import compare_with_labels
from stages.export_labels import building_labels, export_labels
from storage.errors import StageError, UsageError
from storage.formats.labels import read_labels
from storage.formats.manifest import Manifest, write_manifest
from storage.lock import LOCK_FILES
from tests.drawn_work import ALONE, HALL, HOSTILE, MISSING, SHOP, DrawnWork, draw_work
from tests.watched_calls import states


@pytest.fixture
def work(tmp_path: Path) -> DrawnWork:
    return draw_work(tmp_path)


def test_labels_are_the_names_that_people_gave_else_the_numbers(work: DrawnWork) -> None:
    report = export_labels(work.labels)
    labels = read_labels(work.folder / "results" / "labels" / "labels.csv")
    assert labels == dict.fromkeys(HALL, HOSTILE) | dict.fromkeys(SHOP, "cluster_3") | dict.fromkeys(ALONE, "single")
    assert report.exit_code == 0
    assert {key: report.counts[key] for key in ("photos", "labelled", "alone", "buildings", "skipped")} == {
        "photos": 8,
        "labelled": 6,
        "alone": 2,
        "buildings": 2,
        "skipped": 0,
    }


def test_the_clusters_agree_with_their_own_labels(work: DrawnWork) -> None:
    export_labels(work.labels)
    results = work.folder / "results"
    measures = compare_with_labels(results / "clusters.json", results / "labels" / "labels.csv").evaluation
    assert measures.as_dict()["pairwise_f1"] == 1.0


def test_a_format_that_needs_sizes_names_the_photos_that_cannot_be_read(work: DrawnWork) -> None:
    report = export_labels(replace(work.labels, label_format="coco"))
    assert [photo.name for photo in report.skipped] == [MISSING] and report.exit_code == 3
    content = json.loads((work.folder / "results" / "labels" / "coco.json").read_text(encoding="utf-8"))
    assert len(content["images"]) == 7 and content["images"][0]["width"] in (120, 160)


def test_the_run_report_is_written(work: DrawnWork) -> None:
    export_labels(work.labels)
    assert (work.folder / "results" / "reports" / "export_labels" / "report.json").is_file()


def test_a_file_that_somebody_named_and_that_is_there_is_not_overwritten(work: DrawnWork) -> None:
    target = work.folder / "truth.csv"
    target.write_text("mine")
    with pytest.raises(UsageError, match="may be somebody's"):
        export_labels(replace(work.labels, output=target))
    assert target.read_text() == "mine"


def test_labels_of_our_own_are_brought_up_to_date(work: DrawnWork) -> None:
    export_labels(work.labels)
    work.write_clusters({"0": [*HALL, *SHOP], "-1": ALONE}, {"clusters": {}})
    export_labels(work.labels)
    assert read_labels(work.folder / "results" / "labels" / "labels.csv")["south/d.jpg"] == "cluster_0"


def test_sidecars_go_beside_copies_but_not_among_what_may_be_originals(work: DrawnWork) -> None:
    settings = replace(work.labels, label_format="xmp", output=work.folder / "datasets")
    with pytest.raises(UsageError, match="may be originals"):
        export_labels(settings)
    assert not list((work.folder / "datasets").rglob("*.xmp"))
    write_manifest(work.folder / "datasets" / "manifest.json", Manifest())
    export_labels(settings)
    assert (work.folder / "datasets" / "north" / "b.jpg.xmp").is_file()


def test_sidecars_into_a_file_are_refused(work: DrawnWork) -> None:
    (work.folder / "file").write_text("x")
    with pytest.raises(UsageError, match="no folder"):
        export_labels(replace(work.labels, label_format="xmp", output=work.folder / "file"))


@pytest.mark.parametrize("name", ["single", "cluster_3", "cluster_9"])
def test_a_name_that_means_something_else_does_not_count(name: str) -> None:
    clusters = {"3": ["a", "b"], "9": ["c", "d"], "-1": ["e"]}
    assert building_labels(clusters, {"9": name}) == {"3": "cluster_3", "9": "cluster_9"}


def test_without_clusters_the_command_that_makes_them_is_named(work: DrawnWork) -> None:
    (work.folder / "results" / "clusters.json").unlink()
    with pytest.raises(StageError, match=r"create_clusters\.py"):
        export_labels(work.labels)


def test_without_results_the_flag_is_named(work: DrawnWork) -> None:
    with pytest.raises(StageError, match="--results_dir"):
        export_labels(replace(work.labels, results_dir=work.folder / "gone"))


def test_labels_that_stand_are_left_alone_and_so_is_the_report(work: DrawnWork) -> None:
    assert not export_labels(work.labels).is_current
    before = states(work.folder / "results")
    assert export_labels(work.labels).is_current
    assert {path for path, state in states(work.folder / "results").items() if before[path] != state} <= {
        str(work.folder / "results" / name) for name in LOCK_FILES
    }


def test_what_a_killed_run_left_is_removed_also_when_all_labels_stand(work: DrawnWork) -> None:
    export_labels(work.labels)
    report_dir = work.folder / "results" / "reports" / "export_labels"
    for folder in (report_dir, report_dir.parents[1]):
        (folder / ".summary.txt.12345678.tmp").write_text("half")
    assert export_labels(work.labels).is_current
    assert not list((work.folder / "results").rglob("*.tmp"))
