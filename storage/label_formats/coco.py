"""COCO-style JSON: a category per building, and one annotation per photo that covers all of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from storage.label_formats.base import LabelFormat, LabelledPhoto, WrittenLabels, building_names
from storage.report import PROJECT_VERSION
from storage.unchanged import write_json_if_changed


class Coco(LabelFormat):
    """The layout of COCO's object annotations (https://cocodataset.org/#format-data).

    The box of each annotation is the whole photo: where in it the building stands is not known. Photos that are alone
    are images without annotation. All numbers begin with 1.
    """

    file_name = "coco.json"
    needs_sizes = True

    def write(self, target: Path, photos: Sequence[LabelledPhoto]) -> WrittenLabels:
        """Write the file."""
        categories = {building: number for number, building in enumerate(building_names(photos), 1)}
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for number, photo in enumerate(photos, 1):
            images.append({"id": number, "file_name": photo.name, "width": photo.width, "height": photo.height})
            if photo.building is None:
                continue
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": categories[photo.building],
                    "bbox": [0, 0, photo.width, photo.height],
                    "area": photo.width * photo.height,
                    "segmentation": [],
                    "iscrowd": 0,
                }
            )
        rows = [{"id": number, "name": name, "supercategory": "building"} for name, number in categories.items()]
        info = {"description": "photos by building", "version": PROJECT_VERSION}
        content = {"info": info, "licenses": [], "images": images, "categories": rows, "annotations": annotations}
        return WrittenLabels(int(write_json_if_changed(target, content)))
