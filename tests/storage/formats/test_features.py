from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import DamagedFileError, StageError
from storage.exif import ExifRecord
from storage.fingerprints import Fingerprint
from storage.formats.features import Features, is_hloc_copy, read_features, write_features, write_hloc_features
from storage.formats.hdf5 import digest
from storage.report import SkippedPhoto


def make_features(names: list[str], dimension: int = 8, dtype: type = np.float32, seed: int = 0) -> Features:
    random = np.random.default_rng(seed)
    count = len(names)
    return Features(
        model="vlad",
        settings={"resize_max": 1024, "half": dtype is np.float16},
        names=names,
        descriptors=random.normal(size=(count, dimension)).astype(dtype),
        image_sizes=random.integers(1, 5000, (count, 2)),
        fingerprints=[Fingerprint(row + 1, 10**18 + row, f"{row:064x}") for row in range(count)],
        skipped=(SkippedPhoto("bad ö.jpg", "empty file"),),
        state={"codebooks": random.normal(size=(2, 3, 4)).astype(np.float32)},
    )


def assert_equal(left: Features, right: Features) -> None:
    assert left.checksum == right.checksum
    assert list(left.names) == list(right.names)
    assert list(left.fingerprints) == list(right.fingerprints)
    assert tuple(left.skipped) == tuple(right.skipped)
    assert left.descriptors.dtype == right.descriptors.dtype
    np.testing.assert_array_equal(left.descriptors, right.descriptors)
    np.testing.assert_array_equal(left.image_sizes, right.image_sizes)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_features_read_back_as_written(tmp_path: Path, dtype: type) -> None:
    features = make_features(["a.jpg", "b/ c d.jpg", "ü.png"], dtype=dtype)
    write_features(tmp_path / "f.h5", features)
    read = read_features(tmp_path / "f.h5")
    assert_equal(read, features)
    assert read.settings == features.settings
    np.testing.assert_array_equal(read.state["codebooks"], features.state["codebooks"])


names_strategy = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\:/."), min_size=1, max_size=30),
    min_size=1,
    unique=True,
)


@given(names=names_strategy)
@settings(max_examples=30, deadline=None)
def test_any_name_without_control_characters_reads_back(
    names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("names") / "f.h5"
    features = make_features(sorted(names))
    write_features(path, features)
    assert_equal(read_features(path), features)


def test_equal_features_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one.h5", "two.h5"):
        write_features(tmp_path / name, make_features(["a.jpg", "b.jpg"]))
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"is missing; make it with: python extract_features\.py"):
        read_features(tmp_path / "f.h5")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_called_damaged(tmp_path: Path, share: float) -> None:
    path = tmp_path / "f.h5"
    write_features(path, make_features([f"{row}.jpg" for row in range(50)]))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DamagedFileError, match=r"f\.h5"):
        read_features(path)


def test_flipped_bits_give_the_right_values_or_an_error(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    features = make_features([f"{row}.jpg" for row in range(50)])
    write_features(path, features)
    content = path.read_bytes()
    random, refused = np.random.default_rng(3), 0
    for _ in range(120):
        altered = bytearray(content)
        altered[random.integers(len(content))] ^= 1 << int(random.integers(8))
        path.write_bytes(bytes(altered))
        try:
            assert_equal(read_features(path), features)
        except StageError:
            refused += 1
    assert refused > 20


def test_a_foreign_hdf5_file_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(DamagedFileError, match="its format is None"):
        read_features(tmp_path / "f.h5")


def test_a_newer_version_is_refused(tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5", make_features(["a.jpg"]))
    with h5py.File(tmp_path / "f.h5", "a") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(StageError, match="version 99"):
        read_features(tmp_path / "f.h5")


def test_external_storage_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"\0" * 1000)
    write_features(tmp_path / "f.h5", make_features(["a.jpg"]))
    with h5py.File(tmp_path / "f.h5", "a") as file:
        del file["global_descriptor"]
        file.create_dataset("global_descriptor", (1, 8), "f4", external=[(str(secret), 0, 32)])
    with pytest.raises(DamagedFileError, match="global_descriptor is not a plain dataset"):
        read_features(tmp_path / "f.h5")


def test_features_for_a_search_keep_the_checksum_of_the_whole() -> None:
    features = dataclasses.replace(make_features(["a.jpg", "b.jpg"]), exif=[ExifRecord(), ExifRecord(52.5, 13.4)])
    rest = features.for_search()
    assert not rest.fingerprints and rest.exif is None
    assert (rest.checksum, rest.names) == (features.checksum, features.names)


def test_the_checksum_covers_every_field() -> None:
    features = make_features(["a.jpg", "b.jpg"])
    changed = [
        {"model": "other"},
        {"settings": {"resize_max": 1}},
        {"names": ["a.jpg", "c.jpg"]},
        {"descriptors": features.descriptors + 1},
        {"image_sizes": features.image_sizes + 1},
        {"fingerprints": list(reversed(features.fingerprints))},
        {"skipped": ()},
        {"state": {}},
    ]
    checksums = {dataclasses.replace(features, **change).checksum for change in changed}
    assert len(checksums | {features.checksum}) == len(changed) + 1


def test_the_hloc_layout_has_one_group_per_photo(tmp_path: Path) -> None:
    features = make_features(["a/b.jpg", "c.jpg"])
    write_hloc_features(tmp_path / "hloc.h5", features)
    with h5py.File(tmp_path / "hloc.h5", "r") as file:
        found: list[str] = []
        file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        assert {name.rsplit("/", 1)[0] for name in found} == {"a/b.jpg", "c.jpg"}
        np.testing.assert_array_equal(file["a/b.jpg/global_descriptor"][()], features.descriptors[0])
        np.testing.assert_array_equal(file["c.jpg/image_size"][()], features.image_sizes[1])


def test_a_file_of_hlocs_layout_knows_which_features_it_copies(tmp_path: Path) -> None:
    features = make_features(["a/b.jpg", "c.jpg"])
    path = tmp_path / "hloc.h5"
    assert not is_hloc_copy(path, features)
    write_hloc_features(path, features)
    assert is_hloc_copy(path, features)
    assert not is_hloc_copy(path, dataclasses.replace(features, descriptors=features.descriptors + 1))
    path.write_bytes(path.read_bytes()[:200])
    assert not is_hloc_copy(path, features)


def test_large_features_are_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features, hashed = make_features(["a.jpg", "b.jpg"]), []
    write_features(tmp_path / "f.h5", features)

    def counted(*parts: Any) -> str:
        hashed.extend(part for part in parts if isinstance(part, np.ndarray) and part.shape == (2, 8))
        return digest(*parts)

    monkeypatch.setattr("storage.formats.features.digest", counted)
    read = read_features(tmp_path / "f.h5")
    assert read.checksum == features.checksum and len(hashed) == 1


def test_a_copy_in_hlocs_layout_is_known_without_a_look_at_every_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features, path = make_features(["a.jpg", "b.jpg"]), tmp_path / "hloc.h5"
    write_hloc_features(path, features)
    monkeypatch.setattr("storage.formats.hdf5.look_at", lambda _: pytest.fail("looked"))
    monkeypatch.setattr(h5py.Group, "__iter__", lambda *_: pytest.fail("looked"))
    assert is_hloc_copy(path, features)


def test_a_copy_without_a_seal_is_made_again_sooner_than_it_is_looked_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features, path = make_features(["a.jpg", "b.jpg"]), tmp_path / "hloc.h5"
    monkeypatch.setattr("storage.formats.hdf5.seal", lambda _: None)
    write_hloc_features(path, features)
    monkeypatch.setattr("storage.formats.hdf5.look_at", lambda _: pytest.fail("looked"))
    assert not is_hloc_copy(path, features)


def test_the_hloc_layout_refuses_a_photo_that_is_the_folder_of_another(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"'a\.jpg' and 'a\.jpg/b\.jpg'"):
        write_hloc_features(tmp_path / "hloc.h5", make_features(["a.jpg", "a.jpg/b.jpg"]))


@pytest.fixture
def maps_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.formats.features.MAPPED_FROM_BYTES", 1)


needs_maps = pytest.mark.skipif(os.name == "nt", reason="a mapped file cannot be replaced on Windows: all is read")


@needs_maps
@pytest.mark.usefixtures("maps_everything")
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_descriptors_of_a_large_file_are_mapped_and_equal(tmp_path: Path, dtype: type) -> None:
    features = make_features(["a.jpg", "b.jpg"], dtype=dtype)
    write_features(tmp_path / "f.h5", features)
    read = read_features(tmp_path / "f.h5")
    assert isinstance(read.descriptors, np.memmap)
    assert_equal(read, features)


def test_descriptors_of_a_small_file_are_read_into_memory(tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5", make_features(["a.jpg"]))
    assert not isinstance(read_features(tmp_path / "f.h5").descriptors, np.memmap)


@needs_maps
@pytest.mark.usefixtures("maps_everything")
def test_mapped_descriptors_stay_when_their_file_is_replaced(tmp_path: Path) -> None:
    former = make_features(["a.jpg", "b.jpg"])
    write_features(tmp_path / "f.h5", former)
    read = read_features(tmp_path / "f.h5")
    write_features(tmp_path / "f.h5", make_features(["a.jpg", "b.jpg"], seed=1))
    np.testing.assert_array_equal(read.descriptors, former.descriptors)


@needs_maps
@pytest.mark.usefixtures("maps_everything")
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_cut_file_is_called_damaged_before_it_is_mapped(tmp_path: Path, share: float) -> None:
    path = tmp_path / "f.h5"
    write_features(path, make_features([f"{row}.jpg" for row in range(50)], dimension=64))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DamagedFileError, match=r"f\.h5"):
        read_features(path)


@needs_maps
@pytest.mark.usefixtures("maps_everything")
def test_an_altered_mapped_descriptor_is_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    write_features(path, make_features(["a.jpg", "b.jpg"]))
    with h5py.File(path, "a") as file:
        file["global_descriptor"][1, 3] += 1
    with pytest.raises(DamagedFileError, match="checksum"):
        read_features(path)


@needs_maps
@pytest.mark.usefixtures("maps_everything")
@pytest.mark.parametrize("options", [{"data": np.zeros((3, 8), "f4")}, {"data": np.zeros((1, 8), "i4")}])
def test_mapped_descriptors_of_another_form_are_refused(tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / "f.h5"
    write_features(path, make_features(["a.jpg"]))
    with h5py.File(path, "a") as file:
        del file["global_descriptor"]
        file.create_dataset("global_descriptor", **options)
    with pytest.raises(DamagedFileError, match="global_descriptor has shape"):
        read_features(path)


@needs_maps
@pytest.mark.usefixtures("maps_everything")
def test_compressed_descriptors_cannot_be_mapped_and_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.h5"
    write_features(path, make_features(["a.jpg"]))
    with h5py.File(path, "a") as file:
        values = file["global_descriptor"][()]
        del file["global_descriptor"]
        file.create_dataset("global_descriptor", data=values, compression="gzip")
    with pytest.raises(DamagedFileError, match="not a plain dataset"):
        read_features(path)
