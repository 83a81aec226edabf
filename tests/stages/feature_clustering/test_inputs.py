"""What the clusterers of descriptors read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from stages.feature_clustering.inputs import gather_feature_inputs
from storage.errors import DamagedFileError, StageError
from storage.report import SkippedPhoto
from tests.clustering.features.drawn_vectors import draw_groups
from tests.drawn_photos import draw_photo
from tests.stages.drawn_features import draw_work, settings_of, write_vectors

VECTORS, _ = draw_groups([4, 3], dimension=6)


def test_photos_are_sorted_and_each_vector_knows_its_photo(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    for new in ("a_first.jpg", "photo_0005.jpg", "z_last.jpg"):
        draw_photo(9).save(tmp_path / "datasets" / new)
    inputs = gather_feature_inputs(settings_of(tmp_path))
    assert inputs.names == sorted([*names, "a_first.jpg", "photo_0005.jpg", "z_last.jpg"])
    assert [inputs.names[row] for row in inputs.rows] == list(inputs.features.names) == names
    assert inputs.notes == ["3 photos have no descriptor yet and stay alone; make it with: python extract_features.py"]


def test_photos_that_are_gone_stay_and_are_counted(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    (tmp_path / "datasets" / names[2]).unlink()
    inputs = gather_feature_inputs(settings_of(tmp_path))
    assert inputs.names == names
    assert inputs.notes == ["1 photos of the features are not in the image folder; they stay in their clusters"]


def test_skipped_photos_are_those_that_are_on_disk(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    draw_photo(9).save(tmp_path / "datasets" / "bad.jpg")
    write_vectors(
        tmp_path / "netvlad", names, VECTORS, skipped=[SkippedPhoto("bad.jpg", "cut"), SkippedPhoto("gone.jpg", "cut")]
    )
    inputs = gather_feature_inputs(settings_of(tmp_path))
    assert inputs.skipped == [SkippedPhoto("bad.jpg", "cut")] and "bad.jpg" not in inputs.names


def test_a_zero_vector_is_usable_as_bits_alone(tmp_path: Path) -> None:
    vectors = np.concatenate((np.ones((2, 4)), np.zeros((1, 4))))
    draw_work(tmp_path, vectors)
    assert gather_feature_inputs(settings_of(tmp_path)).is_usable.tolist() == [True, True, False]
    assert gather_feature_inputs(settings_of(tmp_path, metric="hamming")).is_usable.all()


@pytest.mark.parametrize("change", [{"seed": 3}, {"algorithm": "kmeans"}, {"plots": True}, {"batch_size": 4}])
def test_other_settings_have_another_checksum(tmp_path: Path, change: dict) -> None:
    draw_work(tmp_path, VECTORS)
    one, other = (gather_feature_inputs(settings_of(tmp_path, **given)).checksum for given in ({}, change))
    assert one != other


def test_what_changes_no_label_changes_no_checksum(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    path = tmp_path / "netvlad" / "global-feats-vlad.h5"
    given = {"features": (path,), "num_workers": 5, "labels": tmp_path / "labels.csv"}
    one, other = (gather_feature_inputs(settings_of(tmp_path, **each)).checksum for each in ({}, given))
    assert one == other


def test_other_vectors_photos_and_decisions_have_another_checksum(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    found = [gather_feature_inputs(settings_of(tmp_path)).checksum]
    write_vectors(tmp_path / "netvlad", names, VECTORS + 1)
    found.append(gather_feature_inputs(settings_of(tmp_path)).checksum)
    draw_photo(9).save(tmp_path / "datasets" / "new.jpg")
    found.append(gather_feature_inputs(settings_of(tmp_path)).checksum)
    path = tmp_path / "mine.json"
    content = {"format": "decisions", "format_version": 2, "must_link": [names[:2]], "cannot_link": [], "clusters": []}
    path.write_text(json.dumps(content), encoding="utf-8")
    found.append(gather_feature_inputs(settings_of(tmp_path, decisions=path)).checksum)
    assert len(set(found)) == 4


def test_a_damaged_file_is_one_error_with_its_path(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    path = tmp_path / "netvlad" / "global-feats-vlad.h5"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DamagedFileError, match="global-feats-vlad.h5"):
        gather_feature_inputs(settings_of(tmp_path))


def test_features_without_photos_are_an_error(tmp_path: Path) -> None:
    draw_work(tmp_path, VECTORS)
    write_vectors(tmp_path / "netvlad", [], np.zeros((0, 6)))
    with pytest.raises(StageError, match="holds no photo"):
        gather_feature_inputs(settings_of(tmp_path))


def test_decisions_about_photos_that_are_gone_are_noted(tmp_path: Path) -> None:
    names = draw_work(tmp_path, VECTORS)
    content = {"format": "decisions", "format_version": 2, "must_link": [["gone.jpg", names[0]]], "cannot_link": []}
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "decisions.json").write_text(json.dumps(content | {"clusters": []}), encoding="utf-8")
    assert gather_feature_inputs(settings_of(tmp_path)).notes[-1].startswith("1 photos of decisions.json are gone")
