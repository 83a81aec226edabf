"""The local features that vlad detects, kept where match_pairs.py looks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc.matching import description
from hloc.matching.rootsift import RootSift
from stages.extract import extract_features
from stages.match import match_pairs
from stages.pipeline import run_pipeline
from stages.settings.pipeline import ExtractSettings, MatchSettings, PipelineSettings
from storage.errors import UsageError
from storage.formats.local_features import LocalFeatureStore
from storage.report import RunReport
from tests.hloc.matching.drawn import draw_facade
from tests.hloc.matching.folders import save, save_blank, save_walls

STORE = "local-feats-rootsift-2000"


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    names = sorted(save_walls(tmp_path / "photos"))
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"\xff\xd8\xff damaged")
    return names


def describe(tmp_path: Path, out: str = "out", **options: Any) -> RunReport:
    options = {"model": "vlad", "num_workers": 0, "keep_local_features": True, "num_to_match": 3} | options
    return extract_features(ExtractSettings(tmp_path / "photos", tmp_path / out, **options))


def match(tmp_path: Path, out: str = "out", **options: Any) -> RunReport:
    return match_pairs(MatchSettings(tmp_path / "photos", tmp_path / out, **({"num_workers": 0} | options)))


def store_of(tmp_path: Path, out: str = "out") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (tmp_path / out / STORE).glob("*")}


def results_of(tmp_path: Path, out: str = "out") -> dict[str, bytes]:
    made = [*(tmp_path / out).glob("*.txt"), *(tmp_path / out).glob("*.tsv"), *(tmp_path / out).glob("*.h5")]
    return {path.name: path.read_bytes() for path in made}


def test_the_bytes_are_those_that_matching_writes_and_so_are_all_results(tmp_path: Path, names: list[str]) -> None:
    describe(tmp_path)
    kept = store_of(tmp_path)
    assert match(tmp_path).counts["computed_now"] == 0
    describe(tmp_path, "apart", keep_local_features=False)
    assert not (tmp_path / "apart" / STORE).exists()
    assert match(tmp_path, "apart").counts["computed_now"] == len(names)
    assert kept == store_of(tmp_path) == store_of(tmp_path, "apart")
    assert len(results_of(tmp_path)) == 5
    assert results_of(tmp_path) == results_of(tmp_path, "apart")


def test_workers_change_no_byte(tmp_path: Path, names: list[str]) -> None:
    describe(tmp_path)
    describe(tmp_path, "workers", num_workers=2)
    assert store_of(tmp_path) == store_of(tmp_path, "workers")


def test_a_photo_without_keypoints_is_kept_too(tmp_path: Path, names: list[str]) -> None:
    save_blank(tmp_path / "photos" / "blank.png")
    describe(tmp_path)
    store = LocalFeatureStore(tmp_path / "out" / STORE, RootSift(2000).feature_settings())
    assert store.read("blank.png").keypoints.shape == (0, 4)


def test_a_second_run_writes_nothing(tmp_path: Path, names: list[str]) -> None:
    describe(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.h5")}
    assert describe(tmp_path).is_current
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.h5")} == before


def test_a_changed_photo_is_detected_once_and_a_removed_one_is_left_out(tmp_path: Path, names: list[str]) -> None:
    describe(tmp_path)
    match(tmp_path)
    save(tmp_path / "photos" / "alone.png", draw_facade(7))
    (tmp_path / "photos" / names[-1]).unlink()
    assert describe(tmp_path).counts["computed_now"] == 1
    report = match(tmp_path)
    assert report.counts["computed_now"] == 0 and report.counts["with_local_features"] == len(names) - 1
    found = LocalFeatureStore(tmp_path / "out" / STORE, RootSift(2000).feature_settings()).read("alone.png")
    np.testing.assert_array_equal(found.descriptors, RootSift(2000).describe(np.array(draw_facade(7))).descriptors)


def test_overwrite_keeps_the_local_features_of_photos_that_did_not_change(tmp_path: Path, names: list[str]) -> None:
    describe(tmp_path)
    before = store_of(tmp_path)
    assert describe(tmp_path, overwrite=True).counts["computed_now"] == len(names)
    assert store_of(tmp_path) == before


def test_a_run_killed_between_both_stores_leaves_the_rest_to_matching(
    tmp_path: Path, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(description.LocalFeatureCompanion, "write", stop)
    with pytest.raises(KeyboardInterrupt):
        describe(tmp_path)
    monkeypatch.undo()
    describe(tmp_path)
    assert match(tmp_path).counts["computed_now"] == len(names)
    describe(tmp_path, "apart")
    match(tmp_path, "apart")
    assert results_of(tmp_path) == results_of(tmp_path, "apart")


def test_another_number_of_keypoints_is_detected_by_matching(tmp_path: Path, names: list[str]) -> None:
    describe(tmp_path)
    assert match(tmp_path, num_keypoints=300).counts["computed_now"] == len(names)
    assert (tmp_path / "out" / "local-feats-rootsift-300").is_dir()


def test_nothing_is_kept_where_matching_would_detect_others(tmp_path: Path, names: list[str]) -> None:
    describe(tmp_path, resize_max=200)
    assert not (tmp_path / "out" / STORE).exists()


@pytest.mark.parametrize("flags", [{"shard": "1/2"}, {"distributed": "ray"}])
def test_shards_keep_none(tmp_path: Path, names: list[str], flags: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="--keep_local_features"):
        describe(tmp_path, **flags)


@pytest.mark.parametrize("no_verify", [False, True])
def test_the_pipeline_keeps_them_when_it_verifies(tmp_path: Path, names: list[str], no_verify: bool) -> None:
    run_pipeline(
        PipelineSettings(tmp_path / "photos", tmp_path / "work", model="vlad", num_workers=0, no_verify=no_verify)
    )
    assert (tmp_path / "work" / "netvlad" / STORE).is_dir() is not no_verify
