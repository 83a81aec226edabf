from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hloc.merging import merge_shards
from storage.errors import DamagedFileError, StageError, UsageError
from storage.fingerprints import Fingerprint
from storage.formats.feature_shards import Shard
from storage.formats.features import Features, write_features
from storage.report import SkippedPhoto


def features_of(names: Sequence[str], **changes: Any) -> Features:
    numbers = np.array([sum(map(ord, name)) for name in names], np.int64)
    descriptors = (numbers[:, None] % np.arange(3, 8)).astype(np.float32).reshape(-1, 5)
    sizes = np.stack([numbers, numbers + 1], axis=1).reshape(-1, 2)
    fingerprints = [Fingerprint(len(name), 5, f"{number:064x}") for name, number in zip(names, numbers, strict=True)]
    return replace(Features("model", {"side": 4}, list(names), descriptors, sizes, fingerprints), **changes)


def merge(folder: Path, parts: Sequence[Features], num_photos: int) -> Features:
    paths = {Shard(number, len(parts)): folder / f"{number}.h5" for number in range(1, len(parts) + 1)}
    for path, part in zip(paths.values(), parts, strict=True):
        write_features(path, part)
    return merge_shards(paths, num_photos)


NAMES = [f"{letter}.jpg" for letter in "abcdefghij"]


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_parts_of_a_list_give_the_whole(tmp_path: Path, count: int) -> None:
    merged = merge(tmp_path, [features_of(NAMES[start::count]) for start in range(count)], 10)
    assert merged.checksum == features_of(NAMES).checksum


def test_photos_without_descriptor_leave_no_row(tmp_path: Path) -> None:
    bad = SkippedPhoto("c.jpg", "is cut")
    parts = [features_of(["a.jpg", "e.jpg"], skipped=[bad]), features_of(["b.jpg", "d.jpg"])]
    merged = merge(tmp_path, parts, 5)
    assert merged.checksum == features_of(["a.jpg", "b.jpg", "d.jpg", "e.jpg"], skipped=(bad,)).checksum


def test_a_part_without_any_descriptor_need_not_know_their_length(tmp_path: Path) -> None:
    bad = SkippedPhoto("a.jpg", "is cut")
    empty = replace(features_of([]), skipped=[bad], descriptors=np.zeros((0, 0), np.float32))
    merged = merge(tmp_path, [empty, features_of(["b.jpg"])], 2)
    assert merged.names == ["b.jpg"] and merged.descriptors.shape == (1, 5)


def test_no_descriptor_at_all_is_an_error_with_reasons(tmp_path: Path) -> None:
    parts = [features_of([], skipped=[SkippedPhoto(name, "is cut")]) for name in ("a.jpg", "b.jpg")]
    with pytest.raises(StageError, match="none of the 2 photos can be used: 'a.jpg' is cut; 'b.jpg' is cut"):
        merge(tmp_path, parts, 2)


def test_a_photo_in_two_shards_is_named_with_both(tmp_path: Path) -> None:
    parts = [features_of(["a.jpg", "c.jpg"]), features_of(["c.jpg", "d.jpg"])]
    with pytest.raises(UsageError, match="'c.jpg' is in shard 1/2 and in shard 2/2"):
        merge(tmp_path, parts, 4)


def test_a_photo_that_is_described_in_one_and_skipped_in_another_overlaps_too(tmp_path: Path) -> None:
    parts = [features_of(["a.jpg", "c.jpg"]), features_of(["d.jpg"], skipped=[SkippedPhoto("a.jpg", "is cut")])]
    with pytest.raises(UsageError, match="'a.jpg' is in shard"):
        merge(tmp_path, parts, 4)


def test_parts_of_different_lists_are_told_by_their_order(tmp_path: Path) -> None:
    parts = [features_of(["a.jpg", "b.jpg"]), features_of(["c.jpg", "d.jpg"])]
    with pytest.raises(UsageError, match="shards 2/2 and 1/2 are no parts of one sorted list"):
        merge(tmp_path, parts, 4)


def test_a_shard_of_another_size_is_named(tmp_path: Path) -> None:
    parts = [features_of(["a.jpg", "c.jpg"]), features_of(["b.jpg"])]
    with pytest.raises(UsageError, match="shard 2/2 holds 1 photos where 2 of 4"):
        merge(tmp_path, parts, 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings": {"side": 5}}, "shard 1/2 was made with --side 4, shard 2/2 with --side 5"),
        ({"settings": {}}, "--side 4, shard 2/2 with --side None"),
        ({"model": "other"}, "--model model, shard 2/2 with --model other"),
        ({"state": {"words": np.ones(3)}}, "learnt for shard 2/2 what differs from shard 1/2"),
    ],
)
def test_what_differs_is_said(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    parts = [features_of(["a.jpg"]), features_of(["b.jpg"], **changes)]
    with pytest.raises(UsageError, match=message):
        merge(tmp_path, parts, 2)


def test_a_damaged_shard_is_named_with_its_command(tmp_path: Path) -> None:
    paths = {Shard(number, 2): tmp_path / f"{number}.h5" for number in (1, 2)}
    write_features(paths[Shard(1, 2)], features_of(["a.jpg"]))
    paths[Shard(2, 2)].write_bytes(b"nothing")
    with pytest.raises(DamagedFileError, match="extract_features.py --shard 2/2"):
        merge_shards(paths, 2)


def test_tenth_shards_come_after_second_ones(tmp_path: Path) -> None:
    names = [f"{number:02d}.jpg" for number in range(23)]
    merged = merge(tmp_path, [features_of(names[start::12]) for start in range(12)], 23)
    assert merged.names == names
