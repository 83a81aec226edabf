"""What a model learnt on a collection, kept while its extraction runs; in the end it stands in the features file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import DamagedFileError
from storage.formats.hdf5 import digest, new_hdf5, open_hdf5, settings_text, write_array

STATE_FORMAT = "learnt-state"
STATE_VERSION = 1


def write_state(path: Path, state: Mapping[str, NDArray[Any]], settings: Mapping[str, Any]) -> None:
    """Write learnt arrays atomically, with the settings and the sample that they were learnt with."""
    with new_hdf5(path, STATE_FORMAT, STATE_VERSION, settings) as file:
        file.attrs["checksum"] = _checksum(state)
        for key in sorted(state):
            write_array(file, key, np.asarray(state[key]))


def read_state(path: Path, settings: Mapping[str, Any], made_by: str) -> dict[str, NDArray[Any]] | None:
    """Read learnt arrays; None when there are none, when they are damaged, or were learnt otherwise."""
    if not path.is_file():
        return None
    try:
        with open_hdf5(path, STATE_FORMAT, STATE_VERSION, made_by) as file:
            state = {key: np.asarray(file[key][()]) for key in sorted(file)}
            is_same = file.attrs["settings"] == settings_text(settings) and file.attrs["checksum"] == _checksum(state)
    except DamagedFileError:
        return None
    return state if is_same else None


def _checksum(state: Mapping[str, NDArray[Any]]) -> str:
    keys = sorted(state)
    return digest(keys, *(np.asarray(state[key]) for key in keys))
