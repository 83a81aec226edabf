"""A Parquet table of photos with their places on a map, for viewers of embeddings. Needs pyarrow."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from storage.errors import StageError
from storage.unchanged import write_if_changed


def check_pyarrow(flag: str) -> None:
    """Raise a StageError that says what to install when Parquet cannot be written."""
    if importlib.util.find_spec("pyarrow") is None:
        raise StageError(f"{flag} needs pyarrow, which is not installed: pip install pyarrow")


def write_embedding_table(path: Path, columns: Mapping[str, Sequence[Any]], images: Sequence[bytes | None]) -> bool:
    """Write a Parquet file; say whether it changed.

    Parameters
    ----------
    path : Path
        The file.
    columns : Mapping of str to sequence
        Columns of equal length; ``path`` must be among them.
    images : sequence of bytes or None
        A small JPEG a row. They become the column ``image`` of structs ``bytes``, ``path``, the form of Hugging Face
        datasets, which viewers show as pictures.

    Raises
    ------
    StageError
        When pyarrow is not installed, or the file cannot be written.
    """
    check_pyarrow("a Parquet file")
    import pyarrow
    from pyarrow import parquet

    kind = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    rows = [
        None if image is None else {"bytes": image, "path": place}
        for image, place in zip(images, columns["path"], strict=True)
    ]
    table = pyarrow.table(
        {**{name: list(values) for name, values in columns.items()}, "image": pyarrow.array(rows, kind)}
    )
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(table, sink)
    return write_if_changed(path, sink.getvalue().to_pybytes())
