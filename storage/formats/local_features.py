"""Local features: keypoints, descriptors and a small picture of each photo, in shards of which parts are read.

A shard is an HDF5 file of up to 32 photos, written whole and never changed; a photo that is extracted again stands in
a later shard, which counts. Arrays of all photos lie one after another in contiguous datasets, so that the features
of one photo are read from their place in the file and nothing else is. No shard stays open or mapped: a collection
has hundreds of them, and systems let a program hold 256 or 1,024 open files, of which each mapping is one.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import h5py
import numpy as np
from numpy.typing import NDArray

from storage.atomic import make_folder, remove_leftovers
from storage.errors import NUMBERS_OF_DAMAGE, DamagedFileError, UnreadableFileError
from storage.fingerprints import Fingerprint
from storage.folders import NumberedFiles, paths_in
from storage.formats.hdf5 import (
    digest,
    new_hdf5,
    open_hdf5,
    read_image_names,
    read_names,
    settings_text,
    write_array,
    write_names,
)

LOCAL_FEATURES_FORMAT = "local-features"
LOCAL_FEATURES_VERSION = 1
PHOTOS_PER_SHARD = 32
MADE_BY = "python match_pairs.py"

# Fixed point: a 32nd of a pixel reaches to 2047 pixels; a 64th for diameters; 65536 steps to a full turn.
PLACE_STEPS, DIAMETER_STEPS, ANGLE_STEPS = 32.0, 64.0, 65536 / 360
THUMBNAIL_SIDE = 64
_INDEX = ("file_size", "mtime_ns", "image_size", "photo_size", "offsets", "checksums")


@dataclass(frozen=True, eq=False)
class StoredFeatures:
    """The local features of one photo.

    Attributes
    ----------
    keypoints : ndarray of float32, shape (M, 4)
        x, y in pixels of the photo as it was decoded, from the centre of the top-left pixel; diameter in pixels;
        angle in degrees. Strongest first.
    descriptors : ndarray of uint8, shape (M, 128)
        In the form of the matcher that made them.
    photo_size : tuple of int
        Width and height of the photo as it was decoded.
    image_size : tuple of int
        Upright width and height of the whole photo.
    thumbnail : ndarray of uint8, shape (64, 64)
        The whole photo in grey, both sides shrunk to 64 pixels.
    """

    keypoints: NDArray[np.float32]
    descriptors: NDArray[np.uint8]
    photo_size: tuple[int, int]
    image_size: tuple[int, int]
    thumbnail: NDArray[np.uint8]


@dataclass(frozen=True)
class LocalRecord:
    """The features of one photo on their way into a shard."""

    name: str
    fingerprint: Fingerprint
    features: StoredFeatures


@dataclass(frozen=True)
class _Place:
    path: Path
    row: int
    fingerprint: Fingerprint


class LocalFeatureStore:
    """All shards of one matcher in one folder.

    Parameters
    ----------
    folder : Path
        Where the shards lie.
    settings : Mapping
        Everything that changes the features' values.

    Attributes
    ----------
    index : dict of str to _Place
        Image name to where its features are, and the fingerprint of the photo that they were computed from.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self.settings = dict(settings)
        self.index: dict[str, _Place] = {}
        self._shards: dict[Path, _Shard] = {}
        self._new_files = NumberedFiles(folder, "features")
        for path in paths_in(folder, "features-*.h5"):
            self._add(path)

    def clean(self) -> int:
        """Remove shards that are damaged or of other settings, so that they are made anew; give their number.

        Call it under the lock of the folder, before anything is read.
        """
        make_folder(self.folder)
        remove_leftovers(self.folder)
        known = {place.path for place in self.index.values()} | set(self._shards)
        unknown = [path for path in paths_in(self.folder, "features-*.h5") if path not in known]
        for path in unknown:
            path.unlink()
        return len(unknown)

    def write(self, records: Sequence[LocalRecord]) -> None:
        """Write one shard; what stood of the same photos before counts no longer."""
        path = self._new_files.next_path()
        all_features = [record.features for record in records]
        arrays = _index_arrays(records)
        names, hashes = [record.name for record in records], [record.fingerprint.sha256 for record in records]
        with new_hdf5(path, LOCAL_FEATURES_FORMAT, LOCAL_FEATURES_VERSION, self.settings) as file:
            write_names(file, "names", names)
            write_names(file, "sha256", hashes)
            for key in _INDEX:
                write_array(file, key, arrays[key])
            write_array(file, "thumbnails", np.stack([features.thumbnail for features in all_features]))
            write_array(file, "keypoints", np.concatenate([_packed(features.keypoints) for features in all_features]))
            write_array(file, "descriptors", np.concatenate([features.descriptors for features in all_features]))
            file.attrs["checksum"] = digest(names, hashes, *(arrays[key] for key in _INDEX))
        self._add(path)

    def _add(self, path: Path) -> None:
        try:
            shard = _Shard.open(path, self.settings)
        except DamagedFileError:  # :meth:`clean` removes it, and what it held is computed again
            return
        self._shards[path] = shard
        for row, (name, known) in enumerate(zip(shard.names, shard.fingerprints, strict=True)):
            self.index[name] = _Place(path, row, known)

    def read(self, name: str) -> StoredFeatures:
        """Read the features of one photo.

        Raises
        ------
        KeyError
            When the photo has none.
        DamagedFileError
            When they are not what was written.
        """
        place = self.index[name]
        return self._shards[place.path].features(place.row)


@dataclass(frozen=True, eq=False)
class _Shard:
    """One shard: its index, and where its arrays lie."""

    path: Path
    names: list[str]
    fingerprints: list[Fingerprint]
    arrays: dict[str, NDArray[Any]]
    keypoints: _Rows
    descriptors: _Rows
    thumbnails: _Rows

    @classmethod
    def open(cls, path: Path, settings: Mapping[str, Any]) -> _Shard:
        with open_hdf5(path, LOCAL_FEATURES_FORMAT, LOCAL_FEATURES_VERSION, MADE_BY) as file:
            if file.attrs["settings"] != settings_text(settings):
                raise ValueError("made with other settings")
            names, hashes = read_image_names(file, "names"), read_names(file, "sha256")
            arrays = {key: np.asarray(file[key][()]) for key in _INDEX}
            if file.attrs["checksum"] != digest(names, hashes, *(arrays[key] for key in _INDEX)):
                raise ValueError("its checksum does not agree")
            total = int(arrays["offsets"][-1])
            keypoints = _Rows.of(path, file["keypoints"], np.uint16, (total, 4))
            descriptors = _Rows.of(path, file["descriptors"], np.uint8, (total, file["descriptors"].shape[1]))
            shape = (len(names), THUMBNAIL_SIDE, THUMBNAIL_SIDE)
            thumbnails = _Rows.of(path, file["thumbnails"], np.uint8, shape)
        known = zip(arrays["file_size"].tolist(), arrays["mtime_ns"].tolist(), hashes, strict=True)
        fingerprints = [Fingerprint(*parts) for parts in known]
        return cls(path, names, fingerprints, arrays, keypoints, descriptors, thumbnails)

    def features(self, row: int) -> StoredFeatures:
        start, stop = self.arrays["offsets"][row : row + 2].tolist()
        try:
            with open(self.path, "rb") as file:
                keypoints, descriptors = (
                    self.keypoints.read(file, start, stop),
                    self.descriptors.read(file, start, stop),
                )
                thumbnail = self.thumbnails.read(file, row, row + 1)
        except OSError as error:
            if error.errno in NUMBERS_OF_DAMAGE:
                raise self._damaged(row) from error
            raise UnreadableFileError(f"cannot read {self.path}: {error.strerror or error}") from error
        if len(thumbnail) != 1 or _crc(keypoints, descriptors, thumbnail) != self.arrays["checksums"][row]:
            raise self._damaged(row)
        photo_size, image_size = self.arrays["photo_size"][row], self.arrays["image_size"][row]
        return StoredFeatures(
            _unpacked(keypoints),
            descriptors,
            (int(photo_size[0]), int(photo_size[1])),
            (int(image_size[0]), int(image_size[1])),
            thumbnail[0],
        )

    def _damaged(self, row: int) -> DamagedFileError:
        return DamagedFileError(
            f"damaged: {self.path} (the features of {self.names[row]!r}); remove the file and run again: {MADE_BY}"
        )


@dataclass(frozen=True)
class _Rows:
    """Where the rows of an array (N, ...) lie in a file, one after another."""

    offset: int
    dtype: np.dtype[Any]
    row_shape: tuple[int, ...]

    @classmethod
    def of(cls, path: Path, dataset: h5py.Dataset, dtype: Any, shape: tuple[int, ...]) -> _Rows:
        if dataset.shape != shape or dataset.dtype != dtype or dataset.external or dataset.is_virtual:
            raise ValueError(f"{dataset.name} has shape {dataset.shape} and type {dataset.dtype}")
        offset = dataset.id.get_offset() if shape[0] else 0  # HDF5 gives an empty dataset no place in the file
        if offset is None or offset + dataset.nbytes > path.stat().st_size:
            raise ValueError(f"{dataset.name} is cut")
        return cls(offset, dataset.dtype, shape[1:])

    def read(self, file: BinaryIO, start: int, stop: int) -> NDArray[Any]:
        """Read rows; fewer where the file ends before them."""
        row_bytes = self.dtype.itemsize * math.prod(self.row_shape)
        file.seek(self.offset + start * row_bytes)
        content = file.read((stop - start) * row_bytes)
        whole = len(content) // row_bytes * row_bytes
        return np.frombuffer(bytearray(content[:whole]), self.dtype).reshape(-1, *self.row_shape)


def _index_arrays(records: Sequence[LocalRecord]) -> dict[str, NDArray[Any]]:
    all_features = [record.features for record in records]
    counts = [len(features.keypoints) for features in all_features]
    checksums = [_crc(_packed(each.keypoints), each.descriptors, each.thumbnail) for each in all_features]
    return {
        "file_size": np.array([record.fingerprint.size for record in records], np.int64),
        "mtime_ns": np.array([record.fingerprint.mtime_ns for record in records], np.int64),
        "image_size": np.array([features.image_size for features in all_features], np.int64),
        "photo_size": np.array([features.photo_size for features in all_features], np.int64),
        "offsets": np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        "checksums": np.array(checksums, np.uint32),
    }


def _crc(*arrays: NDArray[Any]) -> int:
    total = 0
    for array in arrays:
        total = zlib.crc32(np.ascontiguousarray(array).tobytes(), total)
    return total


def _packed(keypoints: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Put x, y, diameter and angle (M, 4) into fixed point of 16 bits; the angle goes around, the others end."""
    wide = keypoints.astype(np.float64)
    fixed = np.rint(wide * [PLACE_STEPS, PLACE_STEPS, DIAMETER_STEPS, ANGLE_STEPS])
    fixed[:, 3] %= 65536
    return np.clip(fixed, 0, 65535).astype(np.uint16)


def _unpacked(fixed: NDArray[np.uint16]) -> NDArray[np.float32]:
    steps = np.array([PLACE_STEPS, PLACE_STEPS, DIAMETER_STEPS, ANGLE_STEPS])
    return (fixed / steps).astype(np.float32)
