"""EXIF records in files of the project: one photo's in a shard, those of all photos in the features file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from storage.exif import ExifRecord
from storage.formats.hdf5 import read_array, read_names, write_array, write_names

EXIF_KEY = "exif"  # of a record's array, and of the group in a features file
_NUMBERS = ("latitude_deg", "longitude_deg", "altitude_m")
_TEXTS = ("captured_at", "camera")


def pack_exif(record: ExifRecord) -> NDArray[np.uint8]:
    """Give a record as the bytes of a JSON object, for a shard."""
    return np.frombuffer(json.dumps(asdict(record), allow_nan=False).encode("ascii"), np.uint8)


def unpack_exif(arrays: Mapping[str, NDArray[Any]]) -> ExifRecord | None:
    """Give the record among a photo's arrays; None when there is none, as in shards of earlier versions."""
    packed = arrays.get(EXIF_KEY)
    return None if packed is None else ExifRecord(**json.loads(np.asarray(packed, np.uint8).tobytes()))


def exif_lines(records: Sequence[ExifRecord]) -> Iterator[str]:
    """Give what stands for each record in a checksum."""
    return (repr(tuple(asdict(record).values())) for record in records)


def write_exif(file: h5py.File, records: Sequence[ExifRecord], checksum: str) -> None:
    """Write the records of N photos as columns of the group ``exif``; NaN and empty texts stand for what is absent."""
    group = file.create_group(EXIF_KEY, track_order=False)
    group.attrs["checksum"] = checksum
    for key in _NUMBERS:
        values = [getattr(record, key) for record in records]
        write_array(group, key, np.array([math.nan if value is None else value for value in values], np.float64))
    for key in _TEXTS:
        write_names(group, key, [getattr(record, key) or "" for record in records])
    write_array(group, "orientation", np.array([record.orientation for record in records], np.uint8))


def read_exif_group(file: h5py.File, count: int) -> tuple[list[ExifRecord], str] | None:
    """Read what :func:`write_exif` wrote, and its checksum; None when the file has none of it."""
    if EXIF_KEY not in file:
        return None
    group = file[EXIF_KEY]
    columns: dict[str, list[Any]] = {}
    for key in _NUMBERS:
        values = read_array(group, key, np.floating, (count,)).tolist()
        columns[key] = [None if math.isnan(value) else value for value in values]
    for key in _TEXTS:
        columns[key] = [text or None for text in read_names(group, key, count)]
    columns["orientation"] = read_array(group, "orientation", np.integer, (count,)).tolist()
    records = [ExifRecord(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]
    return records, str(group.attrs["checksum"])
