"""Labels of photos for other programs. A format is one file here and one line in the registry."""

from __future__ import annotations

from importlib import import_module

from storage.errors import UsageError
from storage.label_formats.base import LabelFormat

LABEL_FORMATS = {
    "coco": "storage.label_formats.coco:Coco",
    "csv": "storage.label_formats.csv_table:CsvTable",
    "fiftyone": "storage.label_formats.fiftyone:FiftyOne",
    "parquet": "storage.label_formats.parquet:Parquet",
    "xmp": "storage.label_formats.xmp:Xmp",
}


def get_label_format(name: str) -> LabelFormat:
    """Give the format of this name; the UsageError for an unknown one lists those that there are."""
    if name not in LABEL_FORMATS:
        raise UsageError(f"--format is {name!r}, but must be one of {', '.join(sorted(LABEL_FORMATS))}")
    module, _, attribute = LABEL_FORMATS[name].partition(":")
    found: LabelFormat = getattr(import_module(module), attribute)()
    return found
