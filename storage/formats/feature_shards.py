"""Shards of a collection: every n-th photo, described on a machine of its own, and what it was made of.

Each shard has a work folder below the outputs folder, with features files as any other and one small JSON file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from storage.errors import DamagedFileError, UsageError
from storage.folders import paths_in
from storage.formats.hdf5 import digest
from storage.formats.json_file import read_versioned_json, with_checksum
from storage.report import SkippedPhoto
from storage.unchanged import write_json_if_changed

FOLDER_NAME = "shards"
ORIGIN_FORMAT = "feature-shard"
ORIGIN_VERSION = 1
MADE_BY = "python extract_features.py --shard"


@dataclass(frozen=True, order=True)
class Shard:
    """Shard ``number`` (from 1) of ``count``; as text ``number/count``."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def part(self, names: Sequence[str]) -> list[str]:
        """Give its photos of the sorted list of all: every ``count``-th, beginning with the ``number``-th."""
        return list(names[self.number - 1 :: self.count])

    def folder(self, outputs_dir: Path) -> Path:
        """Give its work folder."""
        return outputs_dir / FOLDER_NAME / f"{self.number}-of-{self.count}"


@dataclass(frozen=True)
class ShardOrigin:
    """What a shard was made of.

    Attributes
    ----------
    shard : Shard
        Which one of how many.
    model : str
        Name of the model, or of the joined ones.
    num_photos : int
        Photos of the whole collection.
    listing : str
        sha256 of their names; see :func:`listing_checksum`.
    call : Mapping
        The settings that ``extract_features.py`` ran with.
    unnamable : sequence of SkippedPhoto
        Photos of the whole collection whose names no file can hold; they are in no shard.
    """

    shard: Shard
    model: str
    num_photos: int
    listing: str
    call: Mapping[str, Any] = field(default_factory=dict)
    unnamable: Sequence[SkippedPhoto] = ()


def parse_shard(text: str) -> Shard:
    """Read ``i/n``.

    Raises
    ------
    UsageError
        When it is not of that form, or i is not from 1 to n.
    """
    numbers = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    if numbers is None or not 1 <= int(numbers[1]) <= int(numbers[2]):
        raise UsageError(f"--shard {text}: must be i/n with i from 1 to n, such as 3/8")
    return Shard(int(numbers[1]), int(numbers[2]))


def listing_checksum(names: Sequence[str]) -> str:
    """Give the sha256 of a list of image names."""
    return digest(list(names))


def learnt_path(outputs_dir: Path, model: str) -> Path:
    """Give the path of what a model learnt for all shards of a collection."""
    return outputs_dir / FOLDER_NAME / f"learnt-{model}.h5"


def write_shard_origin(outputs_dir: Path, origin: ShardOrigin) -> None:
    """Write what a shard was made of, to its work folder."""
    header = {"format": ORIGIN_FORMAT, "format_version": ORIGIN_VERSION}
    content = asdict(origin) | {"unnamable": [asdict(photo) for photo in origin.unnamable]}
    path = origin.shard.folder(outputs_dir) / f"shard-{origin.model}.json"
    write_json_if_changed(path, with_checksum(header | content))


def read_shard_origins(outputs_dir: Path) -> list[ShardOrigin]:
    """Read what all shards below ``outputs_dir`` were made of, sorted by model, count and number."""
    folders = paths_in(outputs_dir / FOLDER_NAME, "*-of-*")
    found = [_read_origin(path) for folder in folders for path in paths_in(folder, "shard-*.json")]
    return sorted(found, key=lambda origin: (origin.model, origin.shard.count, origin.shard.number))


def _read_origin(path: Path) -> ShardOrigin:
    content = read_versioned_json(path, MADE_BY, ORIGIN_FORMAT, ORIGIN_VERSION)
    try:
        origin = ShardOrigin(
            Shard(int(content["shard"]["number"]), int(content["shard"]["count"])),
            str(content["model"]),
            int(content["num_photos"]),
            str(content["listing"]),
            dict(content["call"]),
            [SkippedPhoto(photo["name"], photo["reason"]) for photo in content["unnamable"]],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"damaged: {path} ({error!r}); remove it and run its shard again") from error
    if path != origin.shard.folder(path.parents[2]) / path.name:
        raise DamagedFileError(f"{path} describes shard {origin.shard}: it was moved here from another folder")
    return origin
