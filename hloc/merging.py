"""Shards of a collection, each described on a machine of its own, to the features that one machine would have made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.errors import DamagedFileError, StageError, UsageError
from storage.exif import ExifRecord
from storage.fingerprints import Fingerprint
from storage.formats.feature_shards import Shard
from storage.formats.features import Features, read_features
from storage.formats.state import state_checksum
from storage.progress import progress_bar
from storage.report import SkippedPhoto


def merge_shards(paths: Mapping[Shard, Path], num_photos: int) -> Features:
    """Put the features of all shards of a collection together.

    The shards are read one after another, so memory holds the descriptors once, and those of one shard.

    Parameters
    ----------
    paths : mapping of Shard to Path
        The features files of all n shards.
    num_photos : int
        Photos of the collection, those without a descriptor included.

    Returns
    -------
    Features
        Equal to those of one machine.

    Raises
    ------
    UsageError
        When shards were made with other settings or of other photos, or learnt something else; it is said what differs.
    StageError
        When no photo of the collection has a descriptor.
    """
    ordered = sorted(paths)
    first = _read(ordered[0], paths)
    merger = _Merger(ordered[0], first, num_photos)
    for shard in progress_bar(ordered, len(ordered), "shards"):
        merger.add(shard, first if shard == ordered[0] else _read(shard, paths))
    return merger.features()


def _read(shard: Shard, paths: Mapping[Shard, Path]) -> Features:
    try:
        return read_features(paths[shard])
    except DamagedFileError as error:  # whose message ends in the command
        raise DamagedFileError(f"{error} --shard {shard}") from error


class _Merger:
    """The growing whole: photo j of shard i of n is photo i + j * n of all, i and j counted from 0."""

    def __init__(self, first_shard: Shard, first: Features, num_photos: int) -> None:
        self.first_shard, self.first = first_shard, first
        self.names: list[str] = [""] * num_photos
        self.fingerprints: list[Fingerprint | None] = [None] * num_photos
        self.exif: list[ExifRecord | None] | None = [None] * num_photos
        self.skipped: list[SkippedPhoto] = []
        self.descriptors: NDArray[np.floating] = np.zeros((num_photos, 0), np.float32)
        self.sizes = np.zeros((num_photos, 2), np.int64)

    def add(self, shard: Shard, part: Features) -> None:
        """Take in one shard."""
        self._refuse_other_origin(shard, part)
        names = sorted([*part.names, *(photo.name for photo in part.skipped)])
        places = range(len(self.names))[shard.number - 1 :: shard.count]
        if len(names) != len(places):
            raise UsageError(
                f"shard {shard} holds {len(names)} photos where {len(places)} of {len(self.names)} are its part: it "
                "was made of another list of photos; run it again"
            )
        place_of = dict(zip(names, places, strict=True))
        for name in names:
            self.names[place_of[name]] = name
        self.skipped += part.skipped
        if not part.names:
            return
        rows = np.array([place_of[name] for name in part.names], np.int64)
        if not self.descriptors.shape[1]:
            # Of the first shard that has a photo: an empty one need not know the length.
            self.descriptors = np.zeros((len(self.names), part.descriptors.shape[1]), part.descriptors.dtype)
        self.descriptors[rows] = part.descriptors
        self.sizes[rows] = part.image_sizes
        for row, found in zip(rows, part.fingerprints, strict=True):
            self.fingerprints[row] = found
        if part.exif is None:
            self.exif = None  # of a shard of an earlier version it is not known
        if self.exif is not None and part.exif is not None:
            for row, record in zip(rows, part.exif, strict=True):
                self.exif[row] = record

    def _refuse_other_origin(self, shard: Shard, part: Features) -> None:
        """Refuse settings, or something learnt, that differ from the first shard's."""
        before = {"model": self.first.model, **self.first.settings}
        now = {"model": part.model, **part.settings}
        for key in sorted(before.keys() | now.keys()):
            if before.get(key) != now.get(key):
                raise UsageError(
                    f"shard {self.first_shard} was made with --{key} {before.get(key)}, shard {shard} with --{key} "
                    f"{now.get(key)}: they are not mixed; run one of them again with the other's"
                )
        if state_checksum(self.first.state) != state_checksum(part.state):
            raise UsageError(
                f"{part.model} learnt for shard {shard} what differs from shard {self.first_shard}: their descriptors "
                "cannot be compared; put the learnt file of one beside the other and run that shard again"
            )

    def features(self) -> Features:
        """Give the whole; refuse shards that are not parts of one list."""
        self._refuse_overlap()
        if not any(self.fingerprints):
            reasons = "; ".join(f"{photo.name!r} {photo.reason}" for photo in sorted(self.skipped)[:3])
            raise StageError(f"none of the {len(self.names)} photos can be used: {reasons}")
        descriptors, sizes, names = self.descriptors, self.sizes, self.names
        found = [each for each in self.fingerprints if each is not None]
        if len(found) < len(names):
            rows = np.array([row for row, each in enumerate(self.fingerprints) if each is not None], np.int64)
            descriptors, sizes, names = descriptors[rows], sizes[rows], [names[row] for row in rows]
        first, skipped = self.first, tuple(sorted(self.skipped))
        exif = None if self.exif is None else [each for each in self.exif if each is not None]
        return Features(first.model, first.settings, names, descriptors, sizes, found, skipped, first.state, exif)

    def _refuse_overlap(self) -> None:
        """The names of all shards, taken in turn, ascend; anything else is an overlap or another list."""
        count = self.first_shard.count
        twice = _first_twice(self.names)
        if twice is not None:
            shards = sorted(row % count + 1 for row, name in enumerate(self.names) if name == twice)
            told = " and in shard ".join(f"{number}/{count}" for number in shards)
            raise UsageError(
                f"{twice!r} is in shard {told}: they were made of different lists of photos; run the older one again"
            )
        for row, (before, name) in enumerate(zip(self.names, self.names[1:], strict=False)):
            if before > name:
                raise UsageError(
                    f"shards {row % count + 1}/{count} and {(row + 1) % count + 1}/{count} are no parts of one sorted "
                    f"list ({before!r} comes before {name!r}): they were made of different lists of photos; run the "
                    "older one again"
                )


def _first_twice(names: Sequence[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
