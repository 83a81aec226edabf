"""Features of photos in shards: what is written is read, what is damaged is made anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from storage.errors import DamagedFileError
from storage.fingerprints import Fingerprint
from storage.formats.photo_features import FeatureRecord, PhotoFeatureStore

SETTINGS = {"similarity": "tiny", "side": 8}


def open_store(folder: Path, side: int = 8) -> PhotoFeatureStore:
    return PhotoFeatureStore(folder, SETTINGS | {"side": side}, "python make.py")


def record(name: str, feature: np.ndarray, size: int = 1) -> FeatureRecord:
    return FeatureRecord(name, Fingerprint(size, 2, "ab" * 32), feature)


@settings(max_examples=20)
@given(
    st.lists(
        arrays.arrays(np.uint8, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)),
        min_size=1,
        max_size=5,
    )
)
def test_features_of_any_shape_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, features: list[np.ndarray]
) -> None:
    folder = tmp_path_factory.mktemp("features")
    store = open_store(folder)
    store.clean()
    store.write([record(f"{number}.jpg", feature) for number, feature in enumerate(features)])
    found = open_store(folder).read([f"{number}.jpg" for number in range(len(features))])
    for feature, read in zip(features, found, strict=True):
        assert read.dtype == feature.dtype and read.shape == feature.shape and (read == feature).all()


def test_features_come_in_the_order_asked_for_from_all_shards(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.write([record("ä.jpg", np.array([1.5])), record("b.jpg", np.array([2.5]))])
    store.write([record("c.jpg", np.array([3.5]))])
    assert [float(found[0]) for found in open_store(tmp_path).read(["c.jpg", "ä.jpg", "b.jpg", "c.jpg"])] == [
        3.5,
        1.5,
        2.5,
        3.5,
    ]


def test_a_photo_that_is_described_again_counts_as_the_later_one(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.write([record("a.jpg", np.array([1.0]), size=1)])
    store.write([record("a.jpg", np.array([2.0]), size=5)])
    again = open_store(tmp_path)
    assert again.read(["a.jpg"])[0] == [2.0] and again.index["a.jpg"].fingerprint.size == 5


def test_a_photo_without_a_feature_is_a_key_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        open_store(tmp_path).read(["a.jpg"])


def test_shards_of_other_settings_are_not_seen_and_go_when_asked(tmp_path: Path) -> None:
    open_store(tmp_path).write([record("a.jpg", np.array([1.0]))])
    other = open_store(tmp_path, side=9)
    assert other.index == {}
    assert other.clean() == 1 and list(tmp_path.glob("*.h5")) == []


def test_equal_features_are_equal_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        open_store(tmp_path / folder).write([record("a.jpg", np.arange(6).reshape(2, 3))])
    one, two = ((tmp_path / folder / "features-000000.h5").read_bytes() for folder in ("one", "two"))
    assert one == two


def test_damage_is_found_whichever_byte_it_hits(tmp_path: Path) -> None:
    open_store(tmp_path).write([record("a.jpg", np.arange(512))])
    path = tmp_path / "features-000000.h5"
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    for place in random.integers(0, len(whole), 60).tolist():
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        store = open_store(tmp_path)
        if "a.jpg" in store.index:
            try:
                assert (store.read(["a.jpg"])[0] == np.arange(512)).all()
            except DamagedFileError as error:
                assert "python make.py" in str(error)


def test_a_cut_shard_is_removed_and_its_number_given_again(tmp_path: Path) -> None:
    open_store(tmp_path).write([record("a.jpg", np.arange(512))])
    path = tmp_path / "features-000000.h5"
    path.write_bytes(path.read_bytes()[:1000])
    store = open_store(tmp_path)
    assert store.clean() == 1
    store.write([record("a.jpg", np.arange(512))])
    assert path.is_file() and open_store(tmp_path).read(["a.jpg"])[0].size == 512
