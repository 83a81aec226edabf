"""Photos to local features."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from hloc.feature_keeping import Described
from hloc.matching.description import describe_photos
from storage.formats.local_features import LocalFeatureStore
from tests.hloc.matching.drawn import draw_facade
from tests.hloc.matching.folders import NUM_KEYPOINTS, match_run, save, save_blank, save_walls


def describe(tmp_path: Path, num_workers: int = 0) -> Described[LocalFeatureStore]:
    names = sorted(path.name for path in (tmp_path / "photos").iterdir())
    return describe_photos(match_run(tmp_path / "photos", tmp_path / "out", num_workers), names)


def test_every_photo_gets_features_and_a_second_run_computes_none(tmp_path: Path) -> None:
    labels = save_walls(tmp_path / "photos")
    first, second = describe(tmp_path), describe(tmp_path)
    assert sorted(labels) == list(first.fingerprints) == first.computed and second.computed == []
    assert first.fingerprints == second.fingerprints
    assert len(second.store.read("alone.png").keypoints) <= NUM_KEYPOINTS


def test_bad_photos_are_named_and_the_others_are_described(tmp_path: Path) -> None:
    save_walls(tmp_path / "photos", (1,))
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"\xff\xd8\xff no photo")
    (tmp_path / "photos" / "empty.jpg").write_bytes(b"")
    found = describe(tmp_path)
    assert [photo.name for photo in found.skipped] == ["bad.jpg", "empty.jpg"] and len(found.fingerprints) == 4
    assert all(photo.reason for photo in found.skipped)


def test_a_photo_that_changed_is_described_anew(tmp_path: Path) -> None:
    save_walls(tmp_path / "photos", (1,))
    before = describe(tmp_path).store.read("alone.png")
    save(tmp_path / "photos" / "alone.png", draw_facade(7))
    found = describe(tmp_path)
    assert found.computed == ["alone.png"]
    assert not np.array_equal(found.store.read("alone.png").descriptors, before.descriptors)


def test_a_photo_that_was_only_touched_is_not(tmp_path: Path) -> None:
    save_walls(tmp_path / "photos", (1,))
    describe(tmp_path)
    os.utime(tmp_path / "photos" / "alone.png", (1, 1))
    assert describe(tmp_path).computed == []


def test_a_photo_that_is_gone_is_left_out(tmp_path: Path) -> None:
    save_walls(tmp_path / "photos", (1,))
    describe(tmp_path)
    (tmp_path / "photos" / "alone.png").unlink()
    assert "alone.png" not in describe(tmp_path).fingerprints


def test_a_blank_photo_is_described_by_nothing(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    save_blank(tmp_path / "photos" / "blank.png")
    found = describe(tmp_path)
    assert not found.skipped and found.store.read("blank.png").keypoints.shape == (0, 4)


def test_a_damaged_shard_is_computed_again(tmp_path: Path) -> None:
    save_walls(tmp_path / "photos", (1,))
    describe(tmp_path)
    shard = next((tmp_path / "out").rglob("features-*.h5"))
    shard.write_bytes(shard.read_bytes()[:5000])
    assert len(describe(tmp_path).computed) == 4


def test_workers_give_the_same_bytes(tmp_path: Path) -> None:
    save_walls(tmp_path / "photos", (1,))
    contents = []
    for num_workers in (0, 2):
        describe(tmp_path, num_workers)
        shard = next((tmp_path / "out").rglob("features-*.h5"))
        contents.append(shard.read_bytes())
        shard.unlink()
    assert contents[0] == contents[1]
