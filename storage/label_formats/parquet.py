"""Parquet: the table of labels for pandas, Polars, DuckDB and the like. Needs pyarrow, which is optional."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from storage.formats.parquet_table import TEXT, WHOLE, YES_OR_NO, write_parquet
from storage.label_formats.base import LabelFormat, LabelledPhoto, WrittenLabels


class Parquet(LabelFormat):
    """One row per photo: ``path``, ``building`` and ``cluster`` (null when alone), ``is_representative``."""

    file_name = "labels.parquet"

    def write(self, target: Path, photos: Sequence[LabelledPhoto]) -> WrittenLabels:
        """Write the table; UsageError when pyarrow is not installed."""
        columns: dict[str, tuple[str, Sequence[Any]]] = {
            "path": (TEXT, [photo.name for photo in photos]),
            "building": (TEXT, [photo.building for photo in photos]),
            "cluster": (WHOLE, [photo.cluster for photo in photos]),
            "is_representative": (YES_OR_NO, [photo.is_representative for photo in photos]),
        }
        return WrittenLabels(int(write_parquet(target, columns, "--format parquet")))
