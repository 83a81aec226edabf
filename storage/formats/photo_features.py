"""One feature a photo, an array of any shape, in shards that are written as a run goes on.

A shard is an HDF5 file of a few photos, written whole and never changed; a photo that is described again stands in a
later shard, which counts. The numbers of all its photos lie one after another in one dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from storage.atomic import make_folder, remove_leftovers
from storage.errors import DamagedFileError
from storage.fingerprints import Fingerprint
from storage.folders import paths_in
from storage.formats.hdf5 import (
    digest,
    new_hdf5,
    open_hdf5,
    read_array,
    read_image_names,
    read_names,
    settings_text,
    write_array,
    write_names,
)

PHOTO_FEATURES_FORMAT = "photo-features"
PHOTO_FEATURES_VERSION = 1
PHOTOS_PER_SHARD = 64
MAX_DIMENSIONS = 4
ABSENT = -1  # length of a dimension that an array does not have


@dataclass(frozen=True)
class FeatureRecord:
    """The feature of one photo on its way into a shard, and the fingerprint of the file that it was computed from."""

    name: str
    fingerprint: Fingerprint
    feature: NDArray[Any]


@dataclass(frozen=True)
class _Place:
    path: Path
    row: int
    fingerprint: Fingerprint


class PhotoFeatureStore:
    """All shards in one folder.

    Parameters
    ----------
    folder : Path
        Where the shards lie.
    settings : Mapping
        Everything that changes the features' values (JSON types). Shards of other settings are not seen.
    made_by : str
        The command that makes the shards, for messages.

    Attributes
    ----------
    index : dict of str to _Place
        Image name to where its feature is, and the fingerprint of the photo that it was computed from.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], made_by: str) -> None:
        self.folder = folder
        self.settings = dict(settings)
        self.made_by = made_by
        self.index: dict[str, _Place] = {}
        self._known: set[Path] = set()
        for path in self._paths():
            self._add(path)

    def _paths(self) -> list[Path]:
        return paths_in(self.folder, "features-*.h5")

    @property
    def num_unknown(self) -> int:
        """Number of shards that are damaged or of other settings."""
        return len(set(self._paths()) - self._known)

    def clean(self) -> int:
        """Remove shards that are damaged or of other settings, so that they are made anew; give their number.

        Call it under the lock of the folder, before anything is written.
        """
        make_folder(self.folder)
        remove_leftovers(self.folder)
        unknown = [path for path in self._paths() if path not in self._known]
        for path in unknown:
            path.unlink()
        return len(unknown)

    def write(self, records: Sequence[FeatureRecord], /) -> None:
        """Write one shard; what stood of the same photos before counts no longer."""
        numbers = [int(path.stem.removeprefix("features-")) for path in self._paths()]
        path = self.folder / f"features-{max(numbers, default=-1) + 1:06d}.h5"
        shapes = np.full((len(records), MAX_DIMENSIONS), ABSENT, np.int64)
        for row, record in enumerate(records):
            shapes[row, : record.feature.ndim] = record.feature.shape
        names, hashes = [record.name for record in records], [record.fingerprint.sha256 for record in records]
        known = np.array([(record.fingerprint.size, record.fingerprint.mtime_ns) for record in records], np.int64)
        values = np.concatenate([record.feature.ravel() for record in records])
        with new_hdf5(path, PHOTO_FEATURES_FORMAT, PHOTO_FEATURES_VERSION, self.settings) as file:
            file.attrs["index_checksum"] = digest(names, hashes, known, shapes)
            file.attrs["values_checksum"] = digest(values)
            write_names(file, "names", names)
            write_names(file, "sha256", hashes)
            write_array(file, "known", known)
            write_array(file, "shapes", shapes)
            write_array(file, "values", values)
        self._add(path)

    def _add(self, path: Path) -> None:
        try:
            with open_hdf5(path, PHOTO_FEATURES_FORMAT, PHOTO_FEATURES_VERSION, self.made_by) as file:
                if file.attrs["settings"] != settings_text(self.settings):
                    raise ValueError("made with other settings")
                names, fingerprints, _ = _read_index(file)
        except DamagedFileError:  # :meth:`clean` removes it, and what it held is computed again
            return
        self._known.add(path)
        for row, (name, known) in enumerate(zip(names, fingerprints, strict=True)):
            self.index[name] = _Place(path, row, known)

    def read(self, names: Sequence[str]) -> list[NDArray[Any]]:
        """Read the features of photos, in the order of ``names``; every shard is opened once.

        Raises
        ------
        KeyError
            When a photo has none.
        DamagedFileError
            When a shard is not what was written.
        """
        wanted: dict[Path, list[int]] = {}
        for number, name in enumerate(names):
            wanted.setdefault(self.index[name].path, []).append(number)
        features: list[NDArray[Any]] = [np.zeros(0)] * len(names)
        for path in sorted(wanted):
            with open_hdf5(path, PHOTO_FEATURES_FORMAT, PHOTO_FEATURES_VERSION, self.made_by) as file:
                arrays = _read_values(file)
                for number in wanted[path]:
                    # a copy, or one wanted photo would keep the numbers of the whole shard
                    features[number] = arrays[self.index[names[number]].row].copy()
        return features


def _read_index(file: h5py.File) -> tuple[list[str], list[Fingerprint], NDArray[np.int64]]:
    names, hashes = read_image_names(file, "names"), read_names(file, "sha256")
    known = read_array(file, "known", np.int64, (len(names), 2))
    shapes = read_array(file, "shapes", np.int64, (len(names), MAX_DIMENSIONS))
    if file.attrs["index_checksum"] != digest(names, hashes, known, shapes):
        raise ValueError("its checksum does not agree")
    parts = zip(known.tolist(), hashes, strict=True)
    return names, [Fingerprint(size, mtime_ns, sha256) for (size, mtime_ns), sha256 in parts], shapes


def _read_values(file: h5py.File) -> list[NDArray[Any]]:
    """Give the arrays of all photos of a shard, as views of one."""
    shapes = _read_index(file)[2]
    values = read_array(file, "values", np.generic, (None,))
    if file.attrs["values_checksum"] != digest(values):
        raise ValueError("the checksum of its values does not agree")
    whole = [tuple(shape[shape != ABSENT].tolist()) for shape in shapes]
    ends = np.cumsum([int(np.prod(shape)) for shape in whole])
    return [part.reshape(shape) for part, shape in zip(np.split(values, ends[:-1]), whole, strict=True)]
