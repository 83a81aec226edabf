"""The features file: one global descriptor per photo, in sorted order of names, with what identifies each photo."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from storage.errors import DamagedFileError, StageError
from storage.exif import ExifRecord
from storage.fingerprints import Fingerprint
from storage.formats.exif_records import exif_lines, read_exif_group, write_exif
from storage.formats.hdf5 import (
    digest,
    each_name,
    new_hdf5,
    open_hdf5,
    read_array,
    read_image_names,
    read_names,
    settings_text,
    write_array,
    write_names,
)
from storage.report import SkippedPhoto

FEATURES_FORMAT = "global-features"
FEATURES_VERSION = 2  # 1 had no EXIF
HLOC_FORMAT = "hloc-global-features"
HLOC_VERSION = 1
MADE_BY = "python extract_features.py"
MAPPED_FROM_BYTES = 2**30  # descriptors of this size are not read into memory but mapped from the file


@dataclass(frozen=True)
class Features:
    """Global descriptors of N photos.

    Attributes
    ----------
    model : str
        Name of the model.
    settings : Mapping
        What changes a descriptor's values.
    names : list of str
        Image names, sorted, N.
    descriptors : ndarray, (N, D), float32 or float16
        Unit vectors (a photo without any feature has a zero vector). Of a large file they are mapped, read only.
    image_sizes : ndarray, (N, 2), int64
        Upright width and height of each photo, in pixels.
    fingerprints : list of Fingerprint
        Of the photo files, N.
    skipped : list of SkippedPhoto
        Photos of the folder that have no descriptor, sorted.
    state : Mapping of str to ndarray
        What the model learnt on these photos (codebooks, whitening); empty for other models.
    exif : list of ExifRecord or None
        What EXIF says of each photo, N; None in files of version 1.
    """

    model: str
    settings: Mapping[str, Any]
    names: Sequence[str]
    descriptors: NDArray[Any]
    image_sizes: NDArray[np.int64]
    fingerprints: Sequence[Fingerprint]
    skipped: Sequence[SkippedPhoto] = ()
    state: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    exif: Sequence[ExifRecord] | None = None

    @cached_property
    def checksum(self) -> str:
        """The sha256 of everything in the file; of a gibibyte it takes seconds, and nothing here changes."""
        keys = sorted(self.state)
        return digest(
            [self.model, settings_text(self.settings)],
            self.names,
            np.asarray(self.descriptors),
            np.asarray(self.image_sizes),
            _fingerprint_lines(self.fingerprints),
            [f"{photo.name}\n{photo.reason}" for photo in self.skipped],
            keys,
            *(np.asarray(self.state[key]) for key in keys),
            *([] if self.exif is None else [exif_lines(self.exif)]),
        )

    def for_search(self) -> Features:
        """Give them without fingerprints and EXIF, which no search needs; the checksum stays that of the whole file."""
        rest = replace(self, fingerprints=(), exif=None)
        vars(rest)["checksum"] = self.checksum
        return rest


@dataclass(frozen=True, slots=True)
class PhotoExif:
    """What EXIF says of a photo, and what identifies the file that it was read of."""

    fingerprint: Fingerprint
    record: ExifRecord


def joined_checksum(checksums: Sequence[str]) -> str:
    """Give what identifies the features of one model (its own checksum) or of several together."""
    return checksums[0] if len(checksums) == 1 else digest(list(checksums))


def features_path(outputs_dir: Path, model: str) -> Path:
    """Give the path of a model's features file."""
    return outputs_dir / f"global-feats-{model}.h5"


def hloc_path(outputs_dir: Path, model: str) -> Path:
    """Give the path of a model's features in hloc's layout."""
    return outputs_dir / f"global-feats-{model}.hloc.h5"


def write_features(path: Path, features: Features) -> None:
    """Write a features file atomically; equal features give equal bytes."""
    with new_hdf5(path, FEATURES_FORMAT, FEATURES_VERSION, features.settings) as file:
        file.attrs["model"] = features.model
        file.attrs["checksum"] = features.checksum
        write_names(file, "names", features.names)
        write_array(file, "global_descriptor", np.asarray(features.descriptors))
        write_array(file, "image_size", np.asarray(features.image_sizes, dtype=np.int64))
        write_array(file, "file_size", np.array([photo.size for photo in features.fingerprints], dtype=np.int64))
        write_array(file, "mtime_ns", np.array([photo.mtime_ns for photo in features.fingerprints], dtype=np.int64))
        write_names(file, "sha256", [photo.sha256 for photo in features.fingerprints])
        write_names(file, "skipped_names", [photo.name for photo in features.skipped])
        write_names(file, "skipped_reasons", [photo.reason for photo in features.skipped])
        state = file.create_group("state", track_order=False)
        for key in sorted(features.state):
            write_array(state, key, np.asarray(features.state[key]))
        if features.exif is not None:
            checksum = _exif_checksum(features.names, features.fingerprints, features.exif)
            write_exif(file, features.exif, checksum)


def read_features(path: Path) -> Features:
    """Read a features file; descriptors of a gibibyte and more are mapped, so that they need not fit into memory.

    Every byte is read once, for the checksum. On Windows, where a mapped file cannot be replaced, all is read.

    Raises
    ------
    StageError
        When there is no such file.
    DamagedFileError
        When it is damaged: an HDF5 error, a wrong shape, a checksum that does not agree.
    """
    with open_hdf5(path, FEATURES_FORMAT, FEATURES_VERSION, MADE_BY) as file:
        features = _features_of(file, path)
        stored = str(file.attrs["checksum"])
    if stored != features.checksum:
        raise DamagedFileError(f"damaged: {path} (its checksum does not agree); make it again with: {MADE_BY}")
    return features


def read_photo_exif(path: Path) -> dict[str, PhotoExif]:
    """Read what EXIF says of the photos of a features file, without their descriptors.

    Returns
    -------
    dict of str to PhotoExif
        By image name; empty for a file of version 1.

    Raises
    ------
    StageError
        When there is no such file.
    DamagedFileError
        When it is damaged.
    """
    with open_hdf5(path, FEATURES_FORMAT, FEATURES_VERSION, MADE_BY) as file:
        names = read_image_names(file, "names")
        fingerprints = _fingerprints_of(file, len(names))
        found, version = read_exif_group(file, len(names)), int(file.attrs["format_version"])
    if found is None:
        if version > 1:
            raise DamagedFileError(f"damaged: {path} (its EXIF is missing); make it again with: {MADE_BY}")
        return {}
    records, stored = found
    if stored != _exif_checksum(names, fingerprints, records):
        raise DamagedFileError(f"damaged: {path} (a checksum does not agree); make it again with: {MADE_BY}")
    rows = zip(names, fingerprints, records, strict=True)
    return {name: PhotoExif(fingerprint, record) for name, fingerprint, record in rows}


def _exif_checksum(names: Sequence[str], fingerprints: Sequence[Fingerprint], records: Sequence[ExifRecord]) -> str:
    return digest(names, _fingerprint_lines(fingerprints), exif_lines(records))


def _fingerprint_lines(fingerprints: Sequence[Fingerprint]) -> Iterator[str]:
    return (f"{photo.size} {photo.mtime_ns} {photo.sha256}" for photo in fingerprints)


def _fingerprints_of(file: h5py.File, count: int) -> list[Fingerprint]:
    sizes = read_array(file, "file_size", np.integer, (count,))
    times = read_array(file, "mtime_ns", np.integer, (count,))
    hashes = each_name(file, "sha256", count)
    return [Fingerprint(int(s), int(t), h) for s, t, h in zip(sizes, times, hashes, strict=True)]


def _features_of(file: h5py.File, path: Path) -> Features:
    names = read_image_names(file, "names")
    count = len(names)
    exif = read_exif_group(file, count)
    skipped = zip(read_image_names(file, "skipped_names"), read_names(file, "skipped_reasons"), strict=True)
    return Features(
        model=str(file.attrs["model"]),
        settings=_settings_of(file),
        names=names,
        descriptors=_read_descriptors(file, path, count),
        image_sizes=read_array(file, "image_size", np.integer, (count, 2)),
        fingerprints=_fingerprints_of(file, count),
        skipped=[SkippedPhoto(name, reason) for name, reason in skipped],
        state={key: np.asarray(file["state"][key][()]) for key in sorted(file["state"])},
        exif=None if exif is None else exif[0],
    )


def _read_descriptors(file: h5py.File, path: Path, count: int) -> NDArray[Any]:
    dataset = file["global_descriptor"]
    is_large = isinstance(dataset, h5py.Dataset) and dataset.nbytes >= MAPPED_FROM_BYTES and os.name != "nt"
    if not is_large or dataset.external or dataset.is_virtual:
        return read_array(file, "global_descriptor", np.floating, (count, None))
    if dataset.ndim != 2 or len(dataset) != count or not np.issubdtype(dataset.dtype, np.floating):
        raise ValueError(f"global_descriptor has shape {dataset.shape} and type {dataset.dtype}")
    offset = dataset.id.get_offset()
    if offset is None or offset + dataset.nbytes > path.stat().st_size:
        raise ValueError("global_descriptor is cut, or not stored in one piece")
    return np.memmap(path, dataset.dtype, "r", offset, dataset.shape)


def _settings_of(file: h5py.File) -> dict[str, Any]:
    settings = json.loads(file.attrs["settings"])
    if not isinstance(settings, dict):
        raise ValueError("its settings are no JSON object")
    return settings


def write_hloc_features(path: Path, features: Features) -> None:
    """Write the per-image group layout of hloc: ``<image name>/global_descriptor`` and ``/image_size``.

    Raises
    ------
    StageError
        When one image name is the folder of another (``a.jpg`` and ``a.jpg/b.jpg``), which HDF5 groups cannot hold.
    """
    known = set(features.names)
    for name in features.names:
        parents = {"/".join(name.split("/")[:depth]) for depth in range(1, name.count("/") + 1)}
        if parents & known:
            raise StageError(f"the hloc layout cannot hold both {sorted(parents & known)[0]!r} and {name!r}")
    with new_hdf5(path, HLOC_FORMAT, HLOC_VERSION, features.settings) as file:
        for row, name in enumerate(features.names):
            group = file.create_group(name, track_order=False)
            write_array(group, "global_descriptor", np.asarray(features.descriptors[row]))
            write_array(group, "image_size", np.asarray(features.image_sizes[row], dtype=np.int64))
        file.attrs["features_checksum"] = features.checksum


def is_hloc_copy(path: Path, features: Features) -> bool:
    """Say whether ``path`` is what :func:`write_hloc_features` wrote of these very features."""
    if not path.is_file():
        return False
    try:
        with open_hdf5(path, HLOC_FORMAT, HLOC_VERSION, MADE_BY, needs_seal=True) as file:
            return bool(file.attrs.get("features_checksum") == features.checksum)
    except DamagedFileError:
        return False
