"""Scored pairs as HDF5: what the text file says, and its origin, in one file that is read without parsing."""

from __future__ import annotations

import json
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.formats.hdf5 import (
    digest,
    new_hdf5,
    open_hdf5,
    read_array,
    read_image_names,
    write_array,
    write_names,
)

BINARY_FORMAT = "binary-pairs"
BINARY_VERSION = 1
HDF5_START = b"\x89HDF\r\n\x1a\n"
Columns = tuple[list[str], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]


def write_binary_pairs(path: Path, rows: Iterable[tuple[str, str, float]], origin: Mapping[str, Any]) -> int:
    """Write pairs and their origin; give the number of pairs.

    Parameters
    ----------
    path : Path
        The file.
    rows : iterable of (str, str, float)
        The pairs in the order of the file.
    origin : Mapping
        What the pairs were made from.
    """
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    first, second, scores = array("i"), array("i"), array("d")
    for name0, name1, score in rows:
        first.append(numbers[name0])
        second.append(numbers[name1])
        scores.append(score)
    names = list(numbers)
    ends = np.array(first, np.int32), np.array(second, np.int32)
    values = np.array(scores, np.float64)
    with new_hdf5(path, BINARY_FORMAT, BINARY_VERSION, origin) as file:
        file.attrs["checksum"] = digest(names, *ends, values)
        write_names(file, "names", names)
        write_array(file, "first", ends[0])
        write_array(file, "second", ends[1])
        write_array(file, "score", values)
    return len(scores)


def read_binary_pairs(path: Path, made_by: str) -> tuple[Columns, dict[str, Any]]:
    """Read names, places of the two photos among them and scores; and the origin with ``num_pairs`` and ``sha256``.

    Raises
    ------
    StageError
        When there is no such file, or it is of a newer version.
    DamagedFileError
        When the file is not as it was written; ``made_by`` is the command that makes it.
    """
    with open_hdf5(path, BINARY_FORMAT, BINARY_VERSION, made_by) as file:
        names, scores = read_image_names(file, "names"), read_array(file, "score", np.float64, (None,))
        first, second = (read_array(file, name, np.int32, (len(scores),)) for name in ("first", "second"))
        checksum = digest(names, first, second, scores)
        if checksum != file.attrs["checksum"]:
            raise ValueError("its checksum does not fit its content")
        is_valid = all(not len(ends) or (ends.min() >= 0 and ends.max() < len(names)) for ends in (first, second))
        if not is_valid or np.isinf(scores).any():
            raise ValueError("a pair names a photo that is not listed, or has an infinite score")
        origin = json.loads(file.attrs["settings"]) | {"num_pairs": len(scores), "sha256": checksum}
    return (names, first.astype(np.int64), second.astype(np.int64), scores), origin
