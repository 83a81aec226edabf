"""What a comparison of photos that is not finished has found so far: one HDF5 file, replaced as it goes on."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import DamagedFileError
from storage.formats.hdf5 import digest, new_hdf5, open_hdf5, read_array, settings_text, write_array

logger = logging.getLogger(__name__)
STATE_FORMAT = "unfinished-comparison"
STATE_VERSION = 1
MADE_BY = "python -m tools.compare_images"


@dataclass(frozen=True, eq=False)
class ComparisonState:
    """How far a comparison has come.

    Attributes
    ----------
    part : int
        Which of its parts is going on; those before it are done.
    next_row : int
        The rows of this part before it are done.
    num_before : int
        Pairs that the parts before it gave: the first ones.
    num_compared : tuple of int
        Pairs that were scored, within batches and across.
    first, second : ndarray of int64, shape (K,)
        The similar pairs, photos by their place.
    score : ndarray of float64, shape (K,)
        Their scores.
    """

    part: int
    next_row: int
    num_before: int
    num_compared: tuple[int, int]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    score: NDArray[np.float64]


def state_path(outputs_dir: Path, method: str) -> Path:
    """Give the path of the unfinished comparison of a method."""
    return outputs_dir / f"compare-{method}.unfinished.h5"


def write_state(path: Path, state: ComparisonState, settings: Mapping[str, Any]) -> None:
    """Write how far a comparison has come; ``settings`` is all that its result hangs on."""
    numbers = np.array([state.part, state.next_row, state.num_before, *state.num_compared], np.int64)
    with new_hdf5(path, STATE_FORMAT, STATE_VERSION, settings) as file:
        file.attrs["checksum"] = digest(numbers, state.first, state.second, state.score)
        write_array(file, "numbers", numbers)
        write_array(file, "first", state.first)
        write_array(file, "second", state.second)
        write_array(file, "score", state.score)


def read_state(path: Path, settings: Mapping[str, Any]) -> ComparisonState | None:
    """Read how far a comparison has come; None where there is no such file, it is damaged, or of other settings."""
    if not path.is_file():
        return None
    try:
        with open_hdf5(path, STATE_FORMAT, STATE_VERSION, MADE_BY) as file:
            if file.attrs["settings"] != settings_text(settings):
                return None
            numbers, score = read_array(file, "numbers", np.int64, (5,)), read_array(file, "score", np.float64, (None,))
            first, second = (read_array(file, name, np.int64, (len(score),)) for name in ("first", "second"))
            if file.attrs["checksum"] != digest(numbers, first, second, score):
                raise ValueError("its checksum does not agree")
    except DamagedFileError as error:
        logger.warning("%s (the comparison begins anew)", error)
        return None
    part, next_row, num_before, within, across = numbers.tolist()
    return ComparisonState(part, next_row, num_before, (within, across), first, second, score)
