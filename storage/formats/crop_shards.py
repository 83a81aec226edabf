"""Shards of crops: small pictures and a teacher's answers to them, mapped into memory when they are read.

A training that runs for hours reads random crops of a pool that may be larger than the memory. The datasets are
contiguous, so each is mapped from its place in the HDF5 file and the system decides what stays in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from storage.formats.hdf5 import new_hdf5, open_hdf5, settings_text, write_array

CROPS_FORMAT = "crops"
CROPS_VERSION = 1
MADE_BY = "python -m tools.train_descriptor"


@dataclass(frozen=True, eq=False)
class CropShard:
    """Crops and what a teacher says of them.

    Attributes
    ----------
    crops : ndarray of uint8, shape (N, S, S, 3)
        RGB.
    answers : ndarray of float16, shape (N, D)
        The teacher's vector of each crop, centred and projected.
    maps : ndarray of float16, shape (N, g, g, D)
        The same at each place of the crop.
    """

    crops: NDArray[np.uint8]
    answers: NDArray[np.float16]
    maps: NDArray[np.float16]


def shard_path(folder: Path, number: int) -> Path:
    """Give the path of shard ``number``."""
    return folder / f"crops-{number:05d}.h5"


def write_crop_shard(path: Path, shard: CropShard, settings: Mapping[str, Any]) -> None:
    """Write one shard atomically."""
    with new_hdf5(path, CROPS_FORMAT, CROPS_VERSION, settings) as file:
        write_array(file, "crops", shard.crops)
        write_array(file, "answers", shard.answers)
        write_array(file, "maps", shard.maps)


def map_crop_shard(path: Path, settings: Mapping[str, Any]) -> CropShard:
    """Map a shard into memory.

    Raises
    ------
    StageError
        When there is no such file.
    DamagedFileError
        When it is damaged, or was made with other settings.
    """
    with open_hdf5(path, CROPS_FORMAT, CROPS_VERSION, MADE_BY) as file:
        if file.attrs["settings"] != settings_text(settings):
            raise ValueError("made with other settings")
        content = np.memmap(path, np.uint8, "r")  # once: systems count each mapping as an open file
        shard = CropShard(*(_part(content, file[name]) for name in ("crops", "answers", "maps")))
        if not len(shard.crops) == len(shard.answers) == len(shard.maps):
            raise ValueError("its arrays differ in length")
    return shard


def _part(content: NDArray[np.uint8], dataset: h5py.Dataset) -> NDArray[Any]:
    offset = dataset.id.get_offset()
    if offset is None or dataset.external or dataset.is_virtual:
        raise ValueError(f"{dataset.name} is not stored in one piece")
    if offset + dataset.nbytes > len(content):
        raise ValueError(f"{dataset.name} is cut")
    return content[offset : offset + dataset.nbytes].view(dataset.dtype).reshape(dataset.shape)
