"""Measures of clusters against labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sklearn.metrics import completeness_score, homogeneity_score, v_measure_score

from stages.feature_clustering.evaluation import measure, write_evaluation
from storage.errors import StageError
from storage.report import RunReport
from tests.stages.drawn_features import settings_of


def prepared(work_dir: Path, labels: str) -> Path:
    folder = work_dir / "results" / "cluster_features"
    folder.mkdir(parents=True)
    clusters = {"0": ["a.jpg", "b.jpg"], "4": ["c.jpg", "d.jpg"], "-1": ["e.jpg", "f.jpg"]}
    (folder.parent / "clusters.json").write_text(json.dumps(clusters), encoding="utf-8")
    (work_dir / "labels.csv").write_text(labels, encoding="utf-8")
    return folder / "evaluation.json"


def test_photos_that_are_alone_are_groups_of_their_own() -> None:
    true, predicted = [0, 0, 1, 1, -1, -1], [5, 5, 5, -1, -1, -1]
    found = measure(true, predicted)
    own = [0, 0, 1, 1, 2, 3], [0, 0, 0, 1, 2, 3]
    assert found["homogeneity"] == pytest.approx(homogeneity_score(*own))
    assert found["completeness"] == pytest.approx(completeness_score(*own))
    assert found["v_measure"] == pytest.approx(v_measure_score(*own))
    assert found["num_photos"] == 6 and 0 < found["bcubed_f1"] < 1


def test_one_cluster_for_everything_is_complete_and_not_homogeneous() -> None:
    found = measure([0, 0, 1, 1], [3, 3, 3, 3])
    assert found["completeness"] == 1 and found["homogeneity"] == 0


def test_what_has_no_counterpart_is_listed_and_left_out(tmp_path: Path) -> None:
    path = prepared(
        tmp_path, "path,building\na.jpg,mill\nb.jpg,mill\nc.jpg,barn\nd.jpg,barn\ne.jpg,single\nx.jpg,mill\n"
    )
    report = RunReport("cluster_features")
    write_evaluation(settings_of(tmp_path, labels=tmp_path / "labels.csv"), report)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["missing"] == ["x.jpg"] and found["unlabelled"] == ["f.jpg"]
    assert found["v_measure"] == found["bcubed_f1"] == 1 and found["num_photos"] == 5
    assert report.outputs["evaluation"] == str(path) and "V-measure 1.0000" in report.notes[0]


def test_labels_of_other_photos_are_an_error(tmp_path: Path) -> None:
    prepared(tmp_path, "path,building\nx.jpg,mill\n")
    with pytest.raises(StageError, match="none of the photos labelled"):
        write_evaluation(settings_of(tmp_path, labels=tmp_path / "labels.csv"), RunReport("cluster_features"))
