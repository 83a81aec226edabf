"""What a model learnt on a collection, kept while its extraction runs; in the end it stands in the features file.

Machines that describe a collection together share one such file: the first that has learnt writes it, all read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import DamagedFileError, UsageError
from storage.formats.hdf5 import digest, new_hdf5, open_hdf5, settings_text, write_array

STATE_FORMAT = "learnt-state"
STATE_VERSION = 1
LISTING_KEY = "listing"  # among the settings: sha256 of the image names


def write_state(
    path: Path, state: Mapping[str, NDArray[Any]], settings: Mapping[str, Any], keeps_former: bool = False
) -> None:
    """Write learnt arrays atomically, with the settings and the sample that they were learnt with.

    ``keeps_former`` leaves a file that another machine wrote meanwhile.
    """
    with new_hdf5(path, STATE_FORMAT, STATE_VERSION, settings, keeps_former) as file:
        file.attrs["checksum"] = state_checksum(state)
        for key in sorted(state):
            write_array(file, key, np.asarray(state[key]))


def read_state(path: Path, settings: Mapping[str, Any], made_by: str) -> dict[str, NDArray[Any]] | None:
    """Read learnt arrays; None when there are none, when they are damaged, or were learnt otherwise."""
    if not path.is_file():
        return None
    try:
        with open_hdf5(path, STATE_FORMAT, STATE_VERSION, made_by) as file:
            state = {key: np.asarray(file[key][()]) for key in sorted(file)}
            is_same = file.attrs["settings"] == settings_text(settings) and file.attrs["checksum"] == state_checksum(
                state
            )
    except DamagedFileError:
        return None
    return state if is_same else None


def read_shared_state(path: Path, settings: Mapping[str, Any]) -> dict[str, NDArray[Any]] | None:
    """Read what the machines that describe one collection have learnt; None when none has yet.

    Raises
    ------
    UsageError
        When it was learnt with other settings or of another list of photos.
    DamagedFileError
        When the file cannot be trusted.
    """
    if not path.is_file():
        return None
    with open_hdf5(path, STATE_FORMAT, STATE_VERSION, f"the same command, after removing {path}") as file:
        found = json.loads(file.attrs["settings"])
        state = {key: np.asarray(file[key][()]) for key in sorted(file)}
        if file.attrs["checksum"] != state_checksum(state):
            raise ValueError("its checksum does not agree")
    for key in sorted(found.keys() | settings.keys()):
        if found.get(key) != settings.get(key):
            before, now = f"with --{key} {found.get(key)}", f"this call has --{key} {settings.get(key)}"
            if key == LISTING_KEY:
                before, now = "from another list of photos", "the image folder has changed since"
            raise UsageError(
                f"{path} was learnt {before}, {now}: all shards are made of the same photos with the same settings; "
                f"to begin anew, remove {path.parent}"
            )
    return state


def state_checksum(state: Mapping[str, NDArray[Any]]) -> str:
    """Give the sha256 of learnt arrays."""
    keys = sorted(state)
    return digest(keys, *(np.asarray(state[key]) for key in keys))
