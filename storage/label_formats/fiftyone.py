"""JSON for FiftyOne: the ``labels.json`` of its type ``FiftyOneImageClassificationDataset``."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from storage.label_formats.base import LabelFormat, LabelledPhoto, WrittenLabels, building_names
from storage.report import SkippedPhoto
from storage.unchanged import write_json_if_changed


class FiftyOne(LabelFormat):
    """``classes`` lists the buildings, ``labels`` gives for each photo the place of its building, null when alone.

    FiftyOne knows a photo by what ``os.path.splitext`` leaves of its path, and takes null for no
    label (``FiftyOneImageClassificationDatasetImporter`` of FiftyOne 1.22).
    Of photos that differ in the ending only, the first is kept.
    """

    file_name = "fiftyone.json"

    def write(self, target: Path, photos: Sequence[LabelledPhoto]) -> WrittenLabels:
        """Write the file."""
        classes = building_names(photos)
        places = {building: place for place, building in enumerate(classes)}
        written = WrittenLabels()
        labels: dict[str, int | None] = {}
        for photo in photos:
            known_as = posixpath.splitext(photo.name)[0]
            if known_as in labels:
                reason = "FiftyOne cannot tell it from another photo whose name differs in the ending only"
                written.skipped.append(SkippedPhoto(photo.name, reason))
                continue
            labels[known_as] = None if photo.building is None else places[photo.building]
        written.num_written = int(write_json_if_changed(target, {"classes": classes, "labels": labels}))
        return written
