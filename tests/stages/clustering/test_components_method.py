"""create_clusters on pairs of compared photos: components by default, at the threshold that they were compared with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hloc.similarities import SIMILARITIES
from stages.cluster import create_clusters
from stages.compare import compare_images
from stages.recluster import group_prepared, prepare, settings_of
from stages.settings.compare import CompareSettings
from stages.settings.pipeline import ClusterSettings
from storage.errors import UsageError
from storage.formats.clusters import read_clusters_info
from storage.formats.decisions import read_decisions
from storage.formats.pairs import write_pairs
from tests.conftest import ROOT
from tests.drawn_photos import save_photos
from tests.tiny_similarity import WEAK, register

ORIGIN = {"model": "tiny", "similarity": {"side": 12}, "threshold": 0.9, "skip": "exact", "num_skipped": 0}
CHAIN = [("photo_000.jpg", "photo_001.jpg", 0.95), ("photo_001.jpg", "photo_002.jpg", 0.92)]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five photos of which three are a chain."""
    register(monkeypatch)
    save_photos(tmp_path / "datasets", 5)
    return tmp_path


def cluster(work: Path, rows: list[tuple[str, str, float]] | None = None, **how: Any) -> Any:
    origin = how.pop("origin", {})
    if rows is not None:
        write_pairs(work / "netvlad" / "pairs-tiny.txt", rows, ORIGIN | origin)
    folders = {"image_dir": work / "datasets", "outputs_dir": work / "netvlad", "results_dir": work / "results"}
    return create_clusters(ClusterSettings(**folders | how))


def clusters(work: Path) -> dict[str, list[str]]:
    content: dict[str, list[str]] = json.loads((work / "results" / "clusters.json").read_text(encoding="utf-8"))
    return content


def info(work: Path) -> dict[str, Any]:
    return read_clusters_info(work / "results" / "clusters_info.json")


def test_pairs_of_a_similarity_are_clustered_into_components_at_their_threshold(work: Path) -> None:
    report = cluster(work, CHAIN)
    assert clusters(work) == {
        "0": ["photo_000.jpg", "photo_001.jpg", "photo_002.jpg"],
        "-1": ["photo_003.jpg", "photo_004.jpg"],
    }
    assert info(work)["method"] == "components" and report.notes == []
    assert info(work)["settings"] == {"strong_edg_thresh": 0.9, "weak_edg_thresh": WEAK}


def test_no_photo_is_opened_for_a_position_that_is_not_looked_at(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.clustering.inputs.open_exif_source", lambda *_: pytest.fail("EXIF was read"))
    report = cluster(work, CHAIN)
    assert report.counts["clusters"] == 1 and "with_position" not in report.counts
    with pytest.raises(pytest.fail.Exception, match="EXIF was read"):
        cluster(work, method="specified")


def test_the_reasons_are_told_like_those_of_other_methods(work: Path) -> None:
    cluster(work, CHAIN)
    told = info(work)
    assert told["clusters"]["0"]["strong_pairs"] == [list(pair) for pair in CHAIN]
    assert told["clusters"]["0"]["weakest_link"] == {"stage": "strong", "pair": list(CHAIN[1])}
    schema = json.loads((ROOT / "docs" / "schemas" / "clusters_info.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads((work / "results" / "clusters_info.json").read_text(encoding="utf-8")), schema)


def test_a_second_run_changes_nothing(work: Path) -> None:
    cluster(work, CHAIN)
    assert cluster(work).is_current


def test_another_threshold_and_another_method_may_be_asked_for(work: Path) -> None:
    cluster(work, CHAIN, strong_edg_thresh=0.93)
    assert clusters(work)["0"] == ["photo_000.jpg", "photo_001.jpg"]
    assert info(work)["singletons"]["photo_002.jpg"]["reason"] == "unsure"
    cluster(work, method="specified")
    assert info(work)["method"] == "specified" and info(work)["settings"]["strong_edg_thresh"] == 0.9


def test_a_threshold_below_that_of_the_comparison_is_said_to_miss_pairs(work: Path) -> None:
    report = cluster(work, CHAIN, strong_edg_thresh=0.8)
    assert any("pairs below 0.9 were not kept" in note for note in report.notes)


@pytest.mark.parametrize("how", [{"strong_edg_thresh": 0.93}, {"method": "specified"}])
def test_where_pairs_that_were_not_compared_could_hold_a_cluster_it_is_said(work: Path, how: dict[str, Any]) -> None:
    report = cluster(work, CHAIN, origin={"num_skipped": 1}, **how)
    assert any("--skip none" in note for note in report.notes)
    assert cluster(work, CHAIN, origin={"num_skipped": 1}).notes == []


def test_batches_that_were_not_merged_are_said(work: Path) -> None:
    report = cluster(work, CHAIN, origin={"is_merged": False})
    assert any("--option merge" in note for note in report.notes)


def test_decisions_are_obeyed_and_missing_pairs_said(work: Path) -> None:
    decisions = {"format": "decisions", "format_version": 2, "cannot_link": [["photo_000.jpg", "photo_002.jpg"]]}
    (work / "results").mkdir()
    (work / "results" / "decisions.json").write_text(json.dumps(decisions), encoding="utf-8")
    report = cluster(work, CHAIN, origin={"num_skipped": 1})
    assert clusters(work)["0"] == ["photo_000.jpg", "photo_001.jpg"]
    assert info(work)["singletons"]["photo_002.jpg"]["reason"] == "decision"
    assert any("may come apart" in note for note in report.notes)


def test_thresholds_and_decisions_can_be_tried_out_as_the_review_does(work: Path) -> None:
    cluster(work, CHAIN)
    folders = {"image_dir": work / "datasets", "outputs_dir": work / "netvlad", "results_dir": work / "results"}
    prepared = prepare(settings_of(info(work), ClusterSettings(**folders)))
    (work / "decisions.json").write_text('{"format": "decisions", "format_version": 2}', encoding="utf-8")
    groups, alone = group_prepared(prepared, read_decisions(work / "decisions.json"), (0.94, 0.9))
    assert (groups, alone) == ([[0, 1]], [2, 3, 4])


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"file_order": True}, "--file_order belongs to --method specified, but the method is components"),
        ({"agreement_thresh": 0.5}, "--agreement_thresh belongs to --method evidence"),
        ({"gps_count_thresh": 7}, "--gps_count_thresh belongs to --method evidence or specified"),
        ({"parameters": {"depth": 3}}, "--depth: no method has such a parameter"),
        ({"weak_edg_thresh": 0.95}, "--weak_edg_thresh must not be above"),
    ],
)
def test_flags_of_other_methods_are_refused(work: Path, how: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        cluster(work, CHAIN, **how)


def test_the_weak_threshold_is_never_above_the_strong_one(work: Path) -> None:
    cluster(work, CHAIN, origin={"threshold": 0.5})
    assert info(work)["settings"] == {"strong_edg_thresh": 0.5, "weak_edg_thresh": 0.5}


def test_a_similarity_that_is_no_longer_registered_keeps_its_threshold(work: Path, monkeypatch: Any) -> None:
    monkeypatch.delitem(SIMILARITIES, "tiny")
    cluster(work, CHAIN)
    assert info(work)["settings"] == {"strong_edg_thresh": 0.9, "weak_edg_thresh": 0.9}


def test_skipped_photos_are_counted_and_in_no_group(work: Path) -> None:
    (work / "datasets" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    folders = {"image_dir": work / "datasets", "outputs_dir": work / "netvlad"}
    compare_images(CompareSettings("tiny", num_workers=0, **folders))
    report = cluster(work)
    assert report.counts["skipped"] == 1 and report.exit_code == 3
    assert sum(map(len, clusters(work).values())) == 5
