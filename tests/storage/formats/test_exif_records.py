from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import DamagedFileError, StageError
from storage.exif import ExifRecord
from storage.formats import features as features_module
from storage.formats.exif_records import pack_exif, unpack_exif
from storage.formats.features import read_features, read_photo_exif, write_features
from tests.storage.formats.test_features import make_features

FULL = ExifRecord(52.5189, -13.4003, 34.25, "2020-05-17T10:11:12.250+02:00", "Drone Söhne X", 6)
NAMES = ["a.jpg", "b/c.jpg", "d ü.jpg"]
RECORDS = [FULL, ExifRecord(), ExifRecord(altitude_m=-3.5, camera="C", orientation=8)]

degrees = st.floats(-90, 90)
texts = st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=20)
records = st.builds(
    lambda position, height, time, camera, turn: ExifRecord(*position, height, time, camera, turn),
    st.just((None, None)) | st.tuples(degrees, degrees),
    st.none() | st.floats(-1e5, 1e5),
    texts,
    texts,
    st.integers(1, 8),
)


@given(record=records)
def test_any_record_comes_back_from_a_shard(record: ExifRecord) -> None:
    assert unpack_exif({"exif": pack_exif(record), "other": np.zeros(3)}) == record


def test_a_shard_of_an_earlier_version_has_no_record() -> None:
    assert unpack_exif({"image_size": np.zeros(2)}) is None


def test_records_come_back_from_a_features_file(tmp_path: Path) -> None:
    features = replace(make_features(NAMES), exif=RECORDS)
    write_features(tmp_path / "f.h5", features)
    found = read_features(tmp_path / "f.h5")
    assert found.exif == RECORDS and found.checksum == features.checksum
    known = read_photo_exif(tmp_path / "f.h5")
    assert {name: entry.record for name, entry in known.items()} == dict(zip(NAMES, RECORDS, strict=True))
    assert [known[name].fingerprint for name in NAMES] == list(features.fingerprints)


def test_what_exif_says_is_part_of_the_checksum() -> None:
    features = make_features(NAMES)
    checksums = {
        each.checksum for each in (features, replace(features, exif=RECORDS), replace(features, exif=RECORDS[::-1]))
    }
    assert len(checksums) == 3


def test_another_position_in_the_file_is_told_by_both_readers(tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5", replace(make_features(NAMES), exif=RECORDS))
    with h5py.File(tmp_path / "f.h5", "r+") as file:
        file["exif"]["latitude_deg"][0] = 1.0
    for read in (read_features, read_photo_exif):
        with pytest.raises(DamagedFileError, match=r"f\.h5"):
            read(tmp_path / "f.h5")


def test_descriptors_are_not_read_for_positions(tmp_path: Path) -> None:
    write_features(tmp_path / "f.h5", replace(make_features(NAMES), exif=RECORDS))
    with h5py.File(tmp_path / "f.h5", "r+") as file:
        del file["global_descriptor"]
    assert len(read_photo_exif(tmp_path / "f.h5")) == 3


def test_a_file_of_version_1_is_read_and_knows_nothing_of_exif(root_dir: Path) -> None:
    path = root_dir / "tests" / "archives" / "global-feats-1.h5"
    features = read_features(path)
    assert list(features.names) == NAMES and features.exif is None
    assert not any(math.isnan(value) for value in features.descriptors.ravel())
    assert read_photo_exif(path) == {}


def test_a_file_of_a_later_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features_module, "FEATURES_VERSION", 3)
    write_features(tmp_path / "f.h5", make_features(NAMES))
    monkeypatch.undo()
    with pytest.raises(StageError, match="version 3 of its format, this program reads 1 to 2"):
        read_photo_exif(tmp_path / "f.h5")
