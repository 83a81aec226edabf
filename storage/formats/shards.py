"""Shards: the records of a few photos in one file, written as a long run goes on, merged at its end.

A run that is killed keeps all shards that it wrote; the next one reads them and goes on. A shard is an HDF5 file with
one group per photo, and a checksum over everything in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from storage.atomic import make_folder, remove_leftovers
from storage.errors import DamagedFileError
from storage.fingerprints import Fingerprint
from storage.folders import NumberedFiles, paths_in
from storage.formats.hdf5 import digest, new_hdf5, open_hdf5, settings_text, write_array

SHARD_FORMAT = "shard"
SHARD_VERSION = 1
RECORDS_PER_SHARD = 16  # one is collected while another is written: a kill costs 32 at most


@dataclass(frozen=True)
class Record:
    """What a run computed for one photo.

    Attributes
    ----------
    name : str
        Image name.
    fingerprint : Fingerprint
        Of the photo file that the arrays were computed from.
    arrays : Mapping of str to ndarray
        The computed arrays.
    """

    name: str
    fingerprint: Fingerprint
    arrays: Mapping[str, NDArray[Any]]


class ShardFolder:
    """The shards of one run in one folder, all made with the same settings.

    Parameters
    ----------
    folder : Path
        Where the shards lie; made when missing. Shards of other settings, and damaged ones, are removed: what they
        held is computed again.
    settings : Mapping
        What changes the values of records.
    made_by : str
        The command that makes the shards, for messages.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], made_by: str) -> None:
        self.folder = folder
        self.settings = dict(settings)
        self.made_by = made_by
        self._new_files = NumberedFiles(folder, "shard")
        make_folder(folder)
        remove_leftovers(folder)
        self.index: dict[str, tuple[Path, Fingerprint]] = {}
        for path in paths_in(folder, "shard-*.h5"):
            self._index_or_remove(path)

    def _index_or_remove(self, path: Path) -> None:
        try:
            records = list(self._read(path))
        except DamagedFileError:
            path.unlink()
            return
        self.index.update({record.name: (path, record.fingerprint) for record in records})

    def write(self, records: Sequence[Record]) -> None:
        """Write one shard. A photo that is in an earlier shard already is taken from this one from now on."""
        path = self._new_files.next_path()
        with new_hdf5(path, SHARD_FORMAT, SHARD_VERSION, self.settings) as file:
            for number, record in enumerate(records):
                group = file.create_group(f"{number:04d}", track_order=False)
                group.attrs["name"] = record.name
                group.attrs["size"] = record.fingerprint.size
                group.attrs["mtime_ns"] = record.fingerprint.mtime_ns
                group.attrs["sha256"] = record.fingerprint.sha256
                for key in sorted(record.arrays):
                    write_array(group, key, record.arrays[key])
                group.attrs["checksum"] = _checksum(record)
        self.index.update({record.name: (path, record.fingerprint) for record in records})

    def records(self, names: Sequence[str]) -> Iterator[Record]:
        """Give the records of ``names``, shard by shard (not in the order of ``names``).

        Raises
        ------
        KeyError
            When a name has no record.
        """
        wanted: dict[Path, set[str]] = {}
        for name in names:
            wanted.setdefault(self.index[name][0], set()).add(name)
        for path in sorted(wanted):
            yield from (record for record in self._read(path) if record.name in wanted[path])

    def remove(self) -> None:
        """Remove all shards, and the folder when nothing else lies in it."""
        for path in paths_in(self.folder, "shard-*.h5"):
            path.unlink()
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _read(self, path: Path) -> Iterator[Record]:
        with open_hdf5(path, SHARD_FORMAT, SHARD_VERSION, self.made_by) as file:
            if file.attrs["settings"] != settings_text(self.settings):
                raise ValueError("made with other settings")
            for key in sorted(file):
                yield _read_record(file[key])


def _read_record(group: h5py.Group) -> Record:
    record = Record(
        str(group.attrs["name"]),  # not always of a photo: pairs of a row are records too
        Fingerprint(int(group.attrs["size"]), int(group.attrs["mtime_ns"]), str(group.attrs["sha256"])),
        {key: np.asarray(group[key][()]) for key in sorted(group)},
    )
    if group.attrs["checksum"] != _checksum(record):
        raise ValueError(f"the checksum of {record.name} does not agree")
    return record


def _checksum(record: Record) -> str:
    fingerprint = record.fingerprint
    header = [record.name, str(fingerprint.size), str(fingerprint.mtime_ns), fingerprint.sha256, *sorted(record.arrays)]
    return digest(header, *(np.asarray(record.arrays[key]) for key in sorted(record.arrays)))
