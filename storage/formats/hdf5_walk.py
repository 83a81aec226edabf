"""A program that looks through HDF5 files for another: what crashes, hangs or swells the HDF5 library, does so here.

It is started by its file, without the project in sight. Standard input brings a path and seconds of processor
time a line, as JSON; each is answered by a line of JSON: ``format`` and ``format_version`` of the file, ``problem``,
null where there is none, and ``errno``, the system's number for it.
"""

from __future__ import annotations

import json
import math
import os
import re
import signal
import sys
import time
from typing import Any

import h5py

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

READY = "ready"
MAX_MEMORY = 1 << 30
_ERRNO = re.compile(r"errno = (\d+), error message")


def look_through(path: str) -> dict[str, Any]:
    """Follow everything in a file that a reader of the project may follow, and say what is wrong.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    dict of str to JSON types
        ``format``, ``format_version`` (None where they are missing or no texts and numbers), ``problem``, ``errno``.
    """
    found: dict[str, Any] = {"format": None, "format_version": None}
    problem = number = None
    try:
        with h5py.File(path, "r") as file:
            for key in found:
                value = file.attrs.get(key)
                value = value.item() if hasattr(value, "item") and not getattr(value, "shape", ()) else value
                found[key] = value if isinstance(value, (str, int)) else None
            check_members(file, os.path.getsize(path))
    except Exception as error:  # whatever it is: the file is not one that the project wrote
        problem = (str(error).strip() or type(error).__name__).splitlines()[0]
        number = errno_of(error)
    return {**found, "problem": problem, "errno": number}


def errno_of(error: BaseException) -> int | None:
    """Give the system's number for an error of the disk; h5py makes errors of several kinds of it, and tells it."""
    said = _ERRNO.search(str(error))
    return int(said[1]) if said else getattr(error, "errno", None)


def check_members(file: h5py.File, file_size: int) -> None:
    """Check that everything in a file is in that file, once, and is what the project writes.

    Raises
    ------
    ValueError
        When it is not; whatever HDF5 raises of a damaged file.
    """
    seen, waiting = {h5py.h5o.get_info(file.id).addr}, [file]
    while waiting:
        group = waiting.pop()
        _read_attributes(group)
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"{name} is a link")
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen:
                raise ValueError(f"{name} stands in two places")
            seen.add(address)
            if isinstance(item, h5py.Group):
                waiting.append(item)
            else:
                _check_dataset(item, file_size)
                _read_attributes(item)


def _check_dataset(dataset: Any, file_size: int) -> None:
    """Refuse what the project never writes, and what would take more memory than the file has bytes."""
    is_plain = isinstance(dataset, h5py.Dataset) and dataset.shape is not None and dataset.chunks is None
    if not is_plain or dataset.external or dataset.is_virtual or dataset.dtype.hasobject:
        raise ValueError(f"{dataset.name} is not a plain dataset")
    if math.prod(dataset.shape) * dataset.dtype.itemsize > file_size:
        raise ValueError(f"{dataset.name} is cut: it has shape {dataset.shape}")
    if math.prod(dataset.shape):
        _ = dataset[(slice(0, 1),) * dataset.ndim]


def _read_attributes(item: Any) -> None:
    for key in item.attrs:
        _ = item.attrs[key]


def main() -> None:
    """Answer until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the program that asks; this one ends with it
    _bound_memory()
    print(READY, flush=True)
    for line in sys.stdin:
        path, seconds = json.loads(line)
        _bound_time(seconds)
        print(json.dumps(look_through(path)), flush=True)


def _bound_memory() -> None:
    """Let this process have a gibibyte, or less where the system has said so; on Linux only."""
    if sys.platform == "linux":
        held, most = resource.getrlimit(resource.RLIMIT_DATA)
        limits = [limit for limit in (MAX_MEMORY, held, most) if limit != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min(limits), min(limits)))


def _bound_time(seconds: float) -> None:
    """Let the system end this process when it has computed for so long from now on, however long it waits."""
    if resource is None:
        return
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = math.ceil(time.process_time() + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if most < 0 else min(wanted, most), most))


if __name__ == "__main__":
    main()
