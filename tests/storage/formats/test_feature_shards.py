from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import DamagedFileError, UsageError
from storage.formats.feature_shards import (
    Shard,
    ShardOrigin,
    listing_checksum,
    parse_shard,
    read_shard_origins,
    write_shard_origin,
)
from storage.report import SkippedPhoto


@given(st.lists(st.text("ab/é.", max_size=5), unique=True), st.integers(1, 7))
def test_every_photo_is_in_exactly_one_part_and_parts_are_even(names: list[str], count: int) -> None:
    parts = [Shard(number, count).part(names) for number in range(1, count + 1)]
    assert sorted(name for part in parts for name in part) == sorted(names)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_shard_is_read_as_it_is_shown() -> None:
    assert parse_shard("3/8") == Shard(3, 8) and str(Shard(3, 8)) == "3/8"


@pytest.mark.parametrize("text", ["", "3", "0/8", "9/8", "3/8/2", "-3/8", "3.0/8", " 3/8", "3/8\n", "²/8", "a/b"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="must be i/n"):
        parse_shard(text)


def test_an_origin_comes_back_equal(tmp_path: Path) -> None:
    unnamable = [SkippedPhoto("a\tb", "no name")]
    origin = ShardOrigin(Shard(2, 3), "vlad+street", 7, listing_checksum(["a", "b"]), {"half": True}, unnamable)
    write_shard_origin(tmp_path, origin)
    assert read_shard_origins(tmp_path) == [origin]


def test_origins_are_given_in_the_order_of_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        write_shard_origin(tmp_path, ShardOrigin(Shard(number, 10), "m", 20, "x"))
    assert [origin.shard.number for origin in read_shard_origins(tmp_path)] == [1, 2, 10]
    assert read_shard_origins(tmp_path / "elsewhere") == []


def test_another_list_has_another_checksum() -> None:
    assert len({listing_checksum(names) for names in (["a", "b"], ["ab"], ["a"], [])}) == 4


def test_a_field_that_is_missing_is_said(tmp_path: Path) -> None:
    write_shard_origin(tmp_path, ShardOrigin(Shard(1, 2), "m", 20, "x"))
    path = next(tmp_path.rglob("shard-m.json"))
    content = json.loads(path.read_text())
    del content["listing"], content["checksum"]
    path.write_text(json.dumps(content))
    with pytest.raises(DamagedFileError, match="shard-m.json .*listing"):
        read_shard_origins(tmp_path)


def test_a_file_that_was_moved_to_another_shard_s_folder_is_refused(tmp_path: Path) -> None:
    write_shard_origin(tmp_path, ShardOrigin(Shard(1, 2), "m", 20, "x"))
    folder = tmp_path / "shards" / "1-of-2"
    folder.rename(folder.with_name("2-of-2"))
    with pytest.raises(DamagedFileError, match="describes shard 1/2"):
        read_shard_origins(tmp_path)
