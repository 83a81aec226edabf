"""Shards of local features."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import DamagedFileError, UnreadableFileError
from storage.fingerprints import Fingerprint
from storage.formats.local_features import LocalFeatureStore, LocalRecord, StoredFeatures

SETTINGS = {"matcher": "test", "num_keypoints": 50}


def features(count: int, seed: int = 0) -> StoredFeatures:
    random = np.random.default_rng(seed)
    keypoints = random.uniform(0, 600, (count, 4)).astype(np.float32)
    keypoints[:, 3] %= 360
    descriptors = random.integers(0, 256, (count, 128), dtype=np.uint8)
    return StoredFeatures(
        keypoints, descriptors, (640, 480), (4000, 3000), random.integers(0, 256, (64, 64), dtype=np.uint8)
    )


def record(name: str, count: int = 20, seed: int = 0) -> LocalRecord:
    return LocalRecord(name, Fingerprint(100 + seed, 5, f"{seed:064x}"), features(count, seed))


def store(folder: Path, **other: object) -> LocalFeatureStore:
    return LocalFeatureStore(folder, SETTINGS | other)


def test_what_was_written_reads_back(tmp_path: Path) -> None:
    written = [record("a.jpg", 20, 1), record("straße/b.jpg", 0, 2), record("c.jpg", 7, 3)]
    store(tmp_path).write(written)
    opened = store(tmp_path)
    for each in written:
        found = opened.read(each.name)
        assert np.array_equal(found.descriptors, each.features.descriptors)
        assert np.array_equal(found.thumbnail, each.features.thumbnail)
        assert (found.photo_size, found.image_size) == ((640, 480), (4000, 3000))
        assert opened.index[each.name].fingerprint == each.fingerprint


def test_a_shard_of_photos_without_any_keypoint_reads_back(tmp_path: Path) -> None:
    store(tmp_path).write([record("a.jpg", 0), record("b.jpg", 0)])
    assert store(tmp_path).read("b.jpg").keypoints.shape == (0, 4)


@given(st.lists(st.tuples(*[st.floats(0, 2047, width=32)] * 2, st.floats(0, 1000, width=32), st.floats(0, 359.5))))
@settings(deadline=None, max_examples=30)
def test_keypoints_keep_a_32nd_of_a_pixel(tmp_path_factory: pytest.TempPathFactory, rows: list) -> None:
    folder = tmp_path_factory.mktemp("store")
    keypoints = np.array(rows, np.float32).reshape(-1, 4)
    plain = features(len(rows))
    each = StoredFeatures(keypoints, plain.descriptors, (2048, 2048), (2048, 2048), plain.thumbnail)
    store(folder).write([LocalRecord("a.jpg", Fingerprint(1, 1, "0" * 64), each)])
    found = store(folder).read("a.jpg").keypoints
    assert np.allclose(found[:, :2], keypoints[:, :2], atol=1 / 63)
    assert np.allclose(found[:, 2], keypoints[:, 2], atol=1 / 127)
    assert np.allclose(found[:, 3], keypoints[:, 3], atol=0.01)


def test_an_angle_goes_around(tmp_path: Path) -> None:
    plain = features(1)
    keypoints = np.array([[1, 1, 1, 359.999]], np.float32)
    each = StoredFeatures(keypoints, plain.descriptors, (64, 64), (64, 64), plain.thumbnail)
    store(tmp_path).write([LocalRecord("a.jpg", Fingerprint(1, 1, "0" * 64), each)])
    assert store(tmp_path).read("a.jpg").keypoints[0, 3] == 0


def test_a_photo_that_is_written_again_is_read_as_it_is_now(tmp_path: Path) -> None:
    store(tmp_path).write([record("a.jpg", seed=1), record("b.jpg", seed=2)])
    store(tmp_path).write([record("a.jpg", seed=3)])
    opened = store(tmp_path)
    assert np.array_equal(opened.read("a.jpg").descriptors, features(20, 3).descriptors)
    assert np.array_equal(opened.read("b.jpg").descriptors, features(20, 2).descriptors)


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        store(tmp_path / folder).write([record("a.jpg")])
    one, two = (next((tmp_path / folder).glob("*.h5")).read_bytes() for folder in ("one", "two"))
    assert one == two


def test_features_of_other_settings_are_not_seen_and_go_when_cleaned(tmp_path: Path) -> None:
    store(tmp_path).write([record("a.jpg")])
    other = store(tmp_path, num_keypoints=60)
    assert not other.index
    assert other.clean() == 1 and not list(tmp_path.glob("*.h5"))


def test_cleaning_keeps_what_is_whole(tmp_path: Path) -> None:
    store(tmp_path).write([record("a.jpg")])
    (tmp_path / ".features-000001.h5.00000000.tmp").write_bytes(b"half")
    opened = store(tmp_path)
    assert opened.clean() == 0 and opened.read("a.jpg").keypoints.shape == (20, 4)
    assert not list(tmp_path.glob(".*.tmp"))


def test_the_folder_is_made_when_it_is_missing(tmp_path: Path) -> None:
    opened = store(tmp_path / "new" / "folder")
    opened.clean()
    opened.write([record("a.jpg")])
    assert "a.jpg" in opened.index


def test_a_photo_that_was_never_written_is_a_key_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        store(tmp_path).read("a.jpg")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_cut_shard_is_never_read_wrongly(tmp_path: Path, share: float) -> None:
    store(tmp_path).write([record("a.jpg"), record("b.jpg", seed=1)])
    path = next(tmp_path.glob("*.h5"))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    opened = store(tmp_path)
    assert not opened.index or np.array_equal(opened.read("a.jpg").descriptors, features(20).descriptors)


def test_a_flipped_byte_is_never_read_wrongly(tmp_path: Path) -> None:
    store(tmp_path).write([record("a.jpg"), record("b.jpg", seed=1)])
    path = next(tmp_path.glob("*.h5"))
    content = path.read_bytes()
    for place in np.random.default_rng(0).integers(0, len(content), 60):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        opened = store(tmp_path)
        for name, seed in (("a.jpg", 0), ("b.jpg", 1)):
            if name not in opened.index:
                continue
            try:
                found = opened.read(name)
            except DamagedFileError as error:
                assert str(path) in str(error)
                continue
            assert np.array_equal(found.descriptors, features(20, seed).descriptors)
            assert np.allclose(found.keypoints[:, :2], features(20, seed).keypoints[:, :2], atol=0.02)


def test_hundreds_of_shards_need_no_more_open_files_than_one(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="this system sets no limit of open files")
    names = [f"{number}.jpg" for number in range(60)]
    for number, name in enumerate(names):
        store(tmp_path).write([record(name, 3, number)])
    free = os.open(os.devnull, os.O_RDONLY)  # the lowest number that no open file has
    os.close(free)
    former = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 20, former[1]))
    try:
        opened = store(tmp_path)
        found = [opened.read(name) for name in names]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, former)
    assert [len(each.keypoints) for each in found] == [3] * len(names)


def test_a_shard_that_cannot_be_read_at_the_moment_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(tmp_path).write([record("a.jpg")])
    opened = store(tmp_path)

    def failing(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr("builtins.open", failing)
        with pytest.raises(UnreadableFileError, match="cannot read .*features-000000.h5: Input/output error"):
            opened.read("a.jpg")
    assert len(opened.read("a.jpg").keypoints) == 20


def test_descriptors_without_numbers_are_not_taken(tmp_path: Path) -> None:
    store(tmp_path).write([record("a.jpg")])
    (path,) = tmp_path.glob("*.h5")
    with h5py.File(path, "r+") as file:
        del file["descriptors"]
        file.create_dataset("descriptors", (20, 0), np.uint8)
    assert store(tmp_path).index == {}


def test_a_shard_that_was_cut_after_it_was_opened_is_damaged(tmp_path: Path) -> None:
    store(tmp_path).write([record("a.jpg"), record("b.jpg", 20, 1)])
    opened = store(tmp_path)
    (path,) = tmp_path.glob("*.h5")
    for size in (0, path.stat().st_size // 2):
        os.truncate(path, size)
        with pytest.raises(DamagedFileError, match="the features of 'b.jpg'"):
            opened.read("b.jpg")
