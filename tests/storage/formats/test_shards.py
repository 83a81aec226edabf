from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from storage.errors import StageError
from storage.fingerprints import Fingerprint
from storage.formats.shards import Record, ShardFolder


def make_record(name: str, value: float = 1.0) -> Record:
    arrays = {"global_descriptor": np.full(4, value, dtype=np.float32), "image_size": np.array([3, 2])}
    return Record(name, Fingerprint(10, 20, "ab" * 32), arrays)


def open_shards(folder: Path, **settings: object) -> ShardFolder:
    return ShardFolder(folder / "shards", settings, "python extract_features.py")


def test_records_read_back_as_written(tmp_path: Path) -> None:
    open_shards(tmp_path).write([make_record("a.jpg", 1), make_record("b/c d.jpg", 2)])
    records = {record.name: record for record in open_shards(tmp_path).records(["b/c d.jpg", "a.jpg"])}
    assert sorted(records) == ["a.jpg", "b/c d.jpg"]
    np.testing.assert_array_equal(records["b/c d.jpg"].arrays["global_descriptor"], [2, 2, 2, 2])
    assert records["a.jpg"].fingerprint == Fingerprint(10, 20, "ab" * 32)


def test_only_the_records_asked_for_are_given(tmp_path: Path) -> None:
    shards = open_shards(tmp_path)
    shards.write([make_record("a.jpg"), make_record("b.jpg")])
    assert [record.name for record in shards.records(["b.jpg"])] == ["b.jpg"]


def test_a_photo_written_again_is_taken_from_the_later_shard(tmp_path: Path) -> None:
    shards = open_shards(tmp_path)
    shards.write([make_record("a.jpg", 1)])
    shards.write([make_record("a.jpg", 5)])
    for opened in (shards, open_shards(tmp_path)):
        (record,) = opened.records(["a.jpg"])
        assert record.arrays["global_descriptor"][0] == 5


def test_shards_of_other_settings_are_removed(tmp_path: Path) -> None:
    open_shards(tmp_path, resize_max=1024).write([make_record("a.jpg")])
    assert open_shards(tmp_path, resize_max=512).index == {}
    assert list((tmp_path / "shards").glob("*.h5")) == []


def test_a_shard_that_cannot_be_read_at_the_moment_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_shards(tmp_path).write([make_record("a.jpg")])

    def failing(*_: object) -> NoReturn:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr("storage.formats.hdf5_seal.open", failing, raising=False)
        with pytest.raises(StageError, match="cannot read .*shard-000000.h5: Input/output error"):
            open_shards(tmp_path)
    assert list(open_shards(tmp_path).index) == ["a.jpg"]


def test_a_damaged_shard_is_removed_and_the_others_stay(tmp_path: Path) -> None:
    shards = open_shards(tmp_path)
    shards.write([make_record("a.jpg")])
    shards.write([make_record("b.jpg")])
    path = shards.index["a.jpg"][0]
    content = bytearray(path.read_bytes())
    place = content.find(np.full(4, 1, dtype=np.float32).tobytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))
    assert list(open_shards(tmp_path).index) == ["b.jpg"]
    assert not path.exists()


def test_leftovers_of_a_kill_are_removed(tmp_path: Path) -> None:
    leftover = tmp_path / "shards" / ".shard-000000.h5.00000000.tmp"
    leftover.parent.mkdir()
    leftover.write_bytes(b"half")
    open_shards(tmp_path)
    assert not leftover.exists()


def test_an_unknown_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        list(open_shards(tmp_path).records(["a.jpg"]))


def test_removing_leaves_no_folder(tmp_path: Path) -> None:
    shards = open_shards(tmp_path)
    shards.write([make_record("a.jpg")])
    shards.remove()
    assert not shards.folder.exists()
