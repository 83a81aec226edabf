"""CSV: ``labels.csv`` of this project, which ``tools.evaluate_clusters`` reads, with further columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from storage.atomic import write_text
from storage.formats.labels import COLUMNS, SINGLE_LABEL
from storage.label_formats.base import LabelFormat, LabelledPhoto, WrittenLabels


class CsvTable(LabelFormat):
    """One line per photo; the building of a photo that is alone is ``single``."""

    file_name = "labels.csv"

    def write(self, target: Path, photos: Sequence[LabelledPhoto]) -> WrittenLabels:
        """Write the table."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*COLUMNS, "cluster", "is_representative"])
        for photo in photos:
            cluster = "" if photo.cluster is None else photo.cluster
            writer.writerow([photo.name, photo.building or SINGLE_LABEL, cluster, int(photo.is_representative)])
        write_text(target, text.getvalue())
        return WrittenLabels(1)
