"""CSV: ``labels.csv`` of this project, which ``tools.evaluate_clusters`` reads, with further columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from storage.formats.csv_text import csv_text
from storage.formats.labels import COLUMNS, SINGLE_LABEL
from storage.label_formats.base import LabelFormat, LabelledPhoto, WrittenLabels
from storage.unchanged import write_text_if_changed


class CsvTable(LabelFormat):
    """One line per photo; the building of a photo that is alone is ``single``."""

    file_name = "labels.csv"

    def write(self, target: Path, photos: Sequence[LabelledPhoto]) -> WrittenLabels:
        """Write the table."""
        rows = [
            (photo.name, photo.building or SINGLE_LABEL, photo.cluster, int(photo.is_representative))
            for photo in photos
        ]
        table = csv_text([*COLUMNS, "cluster", "is_representative"], rows)
        return WrittenLabels(int(write_text_if_changed(target, table)))
