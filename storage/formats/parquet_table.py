"""The one writer of Parquet tables, for other programs to read. Needs pyarrow, which is optional."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from storage.errors import UsageError
from storage.unchanged import write_if_changed

TEXT, WHOLE, NUMBER, YES_OR_NO, IMAGE = "string", "int64", "float64", "bool", "image"


def check_pyarrow(flag: str) -> None:
    """Raise a UsageError that says what to install when Parquet cannot be written."""
    if importlib.util.find_spec("pyarrow") is None:
        raise UsageError(f"{flag} needs pyarrow, which is not installed: pip install pyarrow")


def write_parquet(path: Path, columns: Mapping[str, tuple[str, Sequence[Any]]], flag: str = "a Parquet file") -> bool:
    """Write a table unless the file holds just that; say whether it was written.

    Parameters
    ----------
    path : Path
        The file.
    columns : Mapping of str to (str, sequence)
        For each column its kind (``TEXT``, ``WHOLE``, ``NUMBER``, ``YES_OR_NO``, ``IMAGE``) and a value a row; None
        where a row has none. One of kind ``IMAGE`` is a mapping of ``bytes`` and ``path``, the form of Hugging Face
        datasets (https://huggingface.co/docs/datasets/image_load), which viewers show as pictures.
    flag : str
        What asked for it, for the error.

    Raises
    ------
    UsageError
        When pyarrow is not installed.
    StageError
        When the file cannot be written.
    """
    check_pyarrow(flag)
    import pyarrow
    from pyarrow import parquet

    image = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    arrays = {
        name: pyarrow.array(list(values), image if kind == IMAGE else pyarrow.type_for_alias(kind))
        for name, (kind, values) in columns.items()
    }
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.table(arrays), sink)
    return write_if_changed(path, sink.getvalue().to_pybytes())
