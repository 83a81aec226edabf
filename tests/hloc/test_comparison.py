"""Photos to features, each once; scores on several threads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hloc.comparison import SimilarityRun, ThreadedScorer, describe_photos, scoring_threads
from hloc.feature_keeping import Described
from hloc.feature_run import Resources
from hloc.similarities.base import Scorer
from storage.formats.photo_features import PhotoFeatureStore
from storage.report import SkippedPhoto
from tests.drawn_photos import draw_photo, save_photos
from tests.tiny_similarity import PixelScorer, PixelSimilarity


def run_of(folder: Path, side: int = 12, num_workers: int = 0) -> SimilarityRun:
    similarity = PixelSimilarity(side=side)
    return SimilarityRun(folder / "photos", folder / "out", similarity, Resources(num_workers))


def describe(folder: Path, **how: int) -> Described[PhotoFeatureStore]:
    names = sorted(path.name for path in (folder / "photos").iterdir())
    return describe_photos(run_of(folder, **how), names)


def test_every_photo_is_described_once_and_only_new_ones_later(tmp_path: Path) -> None:
    names = save_photos(tmp_path / "photos", 3)
    assert describe(tmp_path).computed == names
    draw_photo(9).save(tmp_path / "photos" / "a.png")
    again = describe(tmp_path)
    assert again.computed == ["a.png"] and list(again.fingerprints) == ["a.png", *names]
    assert describe(tmp_path).computed == []


def test_the_feature_is_that_of_the_photo(tmp_path: Path) -> None:
    names = save_photos(tmp_path / "photos", 2)
    store = describe(tmp_path).store
    photo = np.asarray(draw_photo(1).convert("RGB"))
    (feature,) = store.read(names[1:])
    assert np.abs(feature - PixelSimilarity().describe(photo)).max() < 0.02  # the file is a JPEG


def test_a_photo_that_changed_is_described_again_and_a_touched_one_is_not(tmp_path: Path) -> None:
    names = save_photos(tmp_path / "photos", 2)
    describe(tmp_path)
    draw_photo(7).save(tmp_path / "photos" / names[0], quality=92)
    os.utime(tmp_path / "photos" / names[1], ns=(1, 1))
    assert describe(tmp_path).computed == names[:1]


def test_other_settings_have_features_of_their_own(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 2)
    describe(tmp_path)
    assert len(describe(tmp_path, side=9).computed) == 2
    assert describe(tmp_path).computed == []


def test_photos_that_cannot_be_used_are_named_with_a_reason(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 1)
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no photo")
    found = describe(tmp_path)
    assert [photo.name for photo in found.skipped] == ["broken.jpg"] and "damaged JPEG" in found.skipped[0].reason
    assert list(found.fingerprints) == ["photo_000.jpg"]


def test_worker_processes_give_what_this_process_gives(tmp_path: Path) -> None:
    names = save_photos(tmp_path / "photos", 3)
    (tmp_path / "photos" / "empty.jpg").write_bytes(b"")
    one = describe(tmp_path)
    other_run = SimilarityRun(tmp_path / "photos", tmp_path / "other", PixelSimilarity(), Resources(1))
    other = describe_photos(other_run, [*names, "empty.jpg"])
    assert other.skipped == one.skipped == [SkippedPhoto("empty.jpg", "file is empty")]
    for left, right in zip(one.store.read(names), other.store.read(names), strict=True):
        assert (left == right).all()


def test_a_run_that_was_killed_goes_on_from_its_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = save_photos(tmp_path / "photos", 5)
    monkeypatch.setattr("hloc.comparison.PHOTOS_PER_SHARD", 2)
    described = []
    whole = PixelSimilarity.describe

    def dying(self: PixelSimilarity, photo: np.ndarray) -> np.ndarray:
        if len(described) == 3:
            raise KeyboardInterrupt
        described.append(photo)
        return whole(self, photo)

    monkeypatch.setattr(PixelSimilarity, "describe", dying)
    with pytest.raises(KeyboardInterrupt):
        describe(tmp_path)
    monkeypatch.setattr(PixelSimilarity, "describe", whole)
    assert describe(tmp_path).computed == names[2:]


@pytest.mark.parametrize("num_threads", [1, 2, 3])
@pytest.mark.parametrize("num_photos", [1, 7, 40])
def test_threads_give_the_scores_of_one(num_threads: int, num_photos: int) -> None:
    random = np.random.default_rng(0)
    scorer = PixelScorer([vector / np.linalg.norm(vector) for vector in random.normal(size=(num_photos, 144))])
    photos = np.arange(num_photos)
    first, second = (ends.ravel() for ends in np.meshgrid(photos, photos))
    with scoring_threads(num_threads) as spread:
        spreading = spread(scorer)
        assert (spreading.pairs(first, second) == scorer.pairs(first, second)).all()
        for rows in (photos, photos[:2]):
            assert spreading.block(rows, photos).shape == (len(rows), num_photos)
            assert np.allclose(spreading.block(rows, photos), scorer.block(rows, photos), atol=1e-7)
            assert np.allclose(spreading.block(photos, rows), scorer.block(photos, rows), atol=1e-7)


def test_few_scores_are_not_worth_a_thread() -> None:
    class Refusing(ThreadPoolExecutor):
        def map(self, *_args: object, **_options: object) -> None:
            raise AssertionError("a thread was asked")

    scorer: Scorer = PixelScorer([np.ones(144) / 12] * 3)
    with Refusing(2) as pool:
        assert len(ThreadedScorer(scorer, pool, 2).pairs(np.array([0, 0]), np.array([1, 2]))) == 2
