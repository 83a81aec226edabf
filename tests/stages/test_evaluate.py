from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.evaluate import compare_with_labels, evaluate_clusters, match_labels
from storage.errors import StageError

CLUSTERS = {"0": ["in/a.jpg", "in/b.jpg", "in/c.jpg"], "2": ["in/d.jpg", "in/e.jpg"], "-1": ["in/f.jpg", "in/g.jpg"]}


@pytest.fixture
def clusters(tmp_path: Path) -> Path:
    path = tmp_path / "clusters.json"
    path.write_text(json.dumps(CLUSTERS), encoding="utf-8")
    return path


def labels_file(folder: Path, **labels: str) -> Path:
    path = folder / "labels.csv"
    lines = [f"{name}.jpg,{building}" for name, building in labels.items()]
    path.write_text("\n".join(["path,building", *lines]), encoding="utf-8")
    return path


def test_clusters_that_equal_the_labels_need_no_move(clusters: Path, tmp_path: Path) -> None:
    labels = labels_file(tmp_path, a="x", b="x", c="x", d="y", e="y", f="single", g="z")
    result = evaluate_clusters(clusters, labels)
    assert (result.num_photos, result.num_moves, result.pairwise_f1, result.bcubed_f1) == (7, 0, 1, 1)


def test_photos_that_are_both_single_are_not_of_one_building(clusters: Path, tmp_path: Path) -> None:
    result = evaluate_clusters(clusters, labels_file(tmp_path, d="single", e="single", f="x"))
    assert (result.num_true_groups, result.num_merging, result.num_moves) == (0, 1, 1)


def test_photos_without_label_and_labels_without_photo_are_named_and_left_out(clusters: Path, tmp_path: Path) -> None:
    result = compare_with_labels(clusters, labels_file(tmp_path, a="x", b="x", gone="x", d="y", e="y", f="z"))
    assert (result.missing, result.unlabelled) == (["gone.jpg"], ["in/c.jpg", "in/g.jpg"])
    assert (result.evaluation.num_photos, result.evaluation.num_moves) == (5, 0)
    assert result.as_dict()["missing"] == ["gone.jpg"]


def test_labels_of_other_photos_are_refused(clusters: Path, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"none of the 1 photos labelled .* like 'in/a.jpg'"):
        evaluate_clusters(clusters, labels_file(tmp_path, other="x"))


def test_clusters_without_photos_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "clusters.json"
    path.write_text('{"-1": []}', encoding="utf-8")
    with pytest.raises(StageError, match="holds no photo"):
        evaluate_clusters(path, labels_file(tmp_path, a="x"))


def test_names_of_the_earlier_program_are_understood_by_the_image_folder(tmp_path: Path) -> None:
    path = tmp_path / "clusters.json"
    path.write_text('{"0": ["datasets/a.jpg", "datasets/b.jpg"], "-1": []}', encoding="utf-8")
    result = compare_with_labels(path, labels_file(tmp_path, a="x", b="x"), Path("datasets"))
    assert result.evaluation.num_photos == 2


def test_an_equal_name_wins_over_one_that_ends_alike() -> None:
    assert match_labels(["d/a.jpg", "a.jpg"], {"a.jpg": "x"}) == ({"a.jpg": "x"}, [])


def test_the_end_of_a_name_counts_only_from_a_folder_on() -> None:
    assert match_labels(["d/ba.jpg"], {"a.jpg": "x"}) == ({}, ["a.jpg"])


def test_a_label_that_fits_two_photos_is_refused_by_name() -> None:
    with pytest.raises(StageError, match=r"'a.jpg' fits 2 photos, 'd/a.jpg' and 'e/a.jpg'"):
        match_labels(["d/a.jpg", "e/a.jpg"], {"a.jpg": "x"})


def test_a_longer_path_tells_two_photos_apart() -> None:
    labels = {"d/a.jpg": "x", "e/a.jpg": "y"}
    assert match_labels(["in/d/a.jpg", "in/e/a.jpg"], labels) == ({"in/d/a.jpg": "x", "in/e/a.jpg": "y"}, [])


def test_two_different_labels_of_one_photo_are_refused() -> None:
    with pytest.raises(StageError, match="fits two labels"):
        match_labels(["d/a.jpg"], {"a.jpg": "x", "d/a.jpg": "y"})
