"""Parquet: the table of labels for pandas, Polars, DuckDB and the like. Needs pyarrow, which is optional."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from storage.atomic import atomic_path
from storage.errors import UsageError
from storage.label_formats.base import LabelFormat, LabelledPhoto, WrittenLabels


class Parquet(LabelFormat):
    """One row per photo: ``path``, ``building`` and ``cluster`` (null when alone), ``is_representative``."""

    file_name = "labels.parquet"

    def write(self, target: Path, photos: Sequence[LabelledPhoto]) -> WrittenLabels:
        """Write the table; UsageError when pyarrow is not installed."""
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            raise UsageError("--format parquet needs one more package: pip install pyarrow") from None
        schema = pyarrow.schema(
            [
                ("path", pyarrow.string()),
                ("building", pyarrow.string()),
                ("cluster", pyarrow.int64()),
                ("is_representative", pyarrow.bool_()),
            ]
        )
        columns = {
            "path": [photo.name for photo in photos],
            "building": [photo.building for photo in photos],
            "cluster": [photo.cluster for photo in photos],
            "is_representative": [photo.is_representative for photo in photos],
        }
        with atomic_path(target) as temporary:
            parquet.write_table(pyarrow.table(columns, schema=schema), str(temporary))
        return WrittenLabels(1)
