"""Features of photos kept in shards: which stand, which are computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hloc.feature_keeping import Described, Making, bring_up_to_date, standing_fingerprint
from hloc.feature_run import Resources
from hloc.stream import PhotoWork
from storage.fingerprints import Fingerprint
from tests.drawn_photos import draw_photo, save_photos

PER_SHARD = 2


@dataclass(frozen=True)
class Kept:
    name: str
    fingerprint: Fingerprint
    width: int


@dataclass
class Shelf:
    """A store in memory: the order in which shards come is seen."""

    index: dict[str, Kept] = field(default_factory=dict)
    shards: list[list[str]] = field(default_factory=list)
    num_cleaned: int = 0

    def clean(self) -> None:
        self.num_cleaned += 1

    def write(self, records: Sequence[Kept]) -> None:
        self.shards.append([record.name for record in records])
        self.index |= {record.name: record for record in records}


def width(photo: NDArray[np.uint8]) -> int:
    return photo.shape[1]


def describe(folder: Path, shelf: Shelf, names: Sequence[str]) -> Described[Shelf]:
    work = PhotoWork(folder, width, None, 100)
    making = Making(work, lambda item: Kept(item.name, item.fingerprint, item.value), PER_SHARD, "widths")
    return bring_up_to_date(shelf, names, making, Resources(0))


def test_photos_are_kept_in_shards_in_their_order(tmp_path: Path) -> None:
    names, shelf = save_photos(tmp_path, 5), Shelf()
    described = describe(tmp_path, shelf, names)
    assert shelf.shards == [names[:2], names[2:4], names[4:]]
    assert described.computed == names == list(described.fingerprints)
    assert {kept.width for kept in shelf.index.values()} == {48}


def test_what_stands_is_not_computed_again(tmp_path: Path) -> None:
    names, shelf = save_photos(tmp_path, 3), Shelf()
    describe(tmp_path, shelf, names)
    draw_photo(9).save(tmp_path / names[1])
    assert describe(tmp_path, shelf, names).computed == [names[1]]
    assert describe(tmp_path, shelf, names).computed == []


def test_the_folder_is_cleaned_before_anything_is_looked_up(tmp_path: Path) -> None:
    shelf = Shelf()
    describe(tmp_path, shelf, save_photos(tmp_path, 1))
    assert shelf.num_cleaned == 1


def test_a_shard_of_photos_that_cannot_be_read_is_not_written(tmp_path: Path) -> None:
    names, shelf = save_photos(tmp_path, 3), Shelf()
    for name in names[:2]:
        (tmp_path / name).write_bytes(b"no photo")
    described = describe(tmp_path, shelf, names)
    assert shelf.shards == [names[2:]]
    assert [photo.name for photo in described.skipped] == names[:2]
    assert list(described.fingerprints) == names[2:]


def test_features_of_a_photo_that_is_gone_do_not_stand(tmp_path: Path) -> None:
    names, shelf = save_photos(tmp_path, 1), Shelf()
    described = describe(tmp_path, shelf, names)
    assert standing_fingerprint(shelf, tmp_path, names[0]) == described.fingerprints[names[0]]
    (tmp_path / names[0]).unlink()
    assert standing_fingerprint(shelf, tmp_path, names[0]) is None
    assert standing_fingerprint(shelf, tmp_path, "never seen.jpg") is None
