"""``masks.json``: which masks a folder holds, of which photos, in which classes; and tables made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import DamagedFileError, StageError
from storage.formats.csv_text import csv_text
from storage.formats.json_file import check_whole, read_versioned_json, with_checksum
from storage.formats.outlines import mask_outlines
from storage.formats.paint_classes import Colour, PaintClass, as_colour, check_classes, class_table, unnamed_class
from storage.formats.rle import counts_text, mask_counts, rle_mask, text_counts
from storage.names import check_name
from storage.report import PROJECT_VERSION

INDEX_NAME, COCO_NAME, AREAS_NAME = "masks.json", "coco.json", "areas.csv"
INDEX_FORMAT, INDEX_VERSION = "paint-masks", 1
MADE_BY = "python -m tools.paint_masks (move the damaged file away first)"
SEGMENTATIONS = ("rle", "rle_counts", "polygons")
AREA_COLUMNS = ("photo", "class", "red", "green", "blue", "pixels", "share", "width", "height")


@dataclass(frozen=True)
class MaskEntry:
    """One mask: its colour, its file, its pixels, the box (left, top, width, height) that holds them, its run lengths.

    The run lengths are COCO's short text.
    """

    colour: Colour
    file: str
    area: int
    box: tuple[int, int, int, int]
    counts: str


@dataclass(frozen=True)
class PhotoMasks:
    """All masks of a photo, whose files begin with ``stem``; its size is in pixels."""

    name: str
    stem: str
    width: int
    height: int
    masks: tuple[MaskEntry, ...] = ()


@dataclass
class MaskIndex:
    """Classes in the order of their numbers, from 1, and photos by name."""

    classes: list[PaintClass] = field(default_factory=list)
    photos: dict[str, PhotoMasks] = field(default_factory=dict)

    def add_classes(self, classes: Sequence[PaintClass], colours: Sequence[Colour]) -> None:
        """Add classes whose colour has none yet, and nameless ones for further colours; a name given now counts.

        Numbers that were given stay.

        Raises
        ------
        UsageError
            When two classes would share a name.
        """
        table = {one.colour: one for one in self.classes} | {one.colour: one for one in classes}
        table |= {colour: unnamed_class(colour) for colour in colours if colour not in table}
        self.classes = list(check_classes(table.values()))

    def number_of(self, colour: Colour) -> int:
        """Give the number, from 1, of the class of a colour that was added."""
        return next(number for number, one in enumerate(self.classes, 1) if one.colour == colour)


def read_mask_index(folder: Path) -> MaskIndex:
    """Read ``masks.json`` of a folder; an empty index where there is none.

    Raises
    ------
    DamagedFileError
        When it is not understood.
    """
    path = folder / INDEX_NAME
    if not path.is_file():
        return MaskIndex()
    content = read_versioned_json(path, MADE_BY, INDEX_FORMAT, INDEX_VERSION, names_come_first=True)
    try:
        photos = [_photo(row) for row in content["photos"]]
        index = MaskIndex(list(class_table(content["classes"])), {photo.name: photo for photo in photos})
    except (KeyError, TypeError, ValueError, StageError) as error:
        raise DamagedFileError(
            f"damaged: {path} has an entry that is not understood ({error!r:.100}); make it again with: {MADE_BY}"
        ) from error
    check_whole(path, content, MADE_BY)
    return index


def index_json(index: MaskIndex) -> dict[str, Any]:
    """Give the content of ``masks.json``."""
    classes = [{"name": one.name, "colour": list(one.colour)} for one in index.classes]
    header = {"format": INDEX_FORMAT, "format_version": INDEX_VERSION, "classes": classes}
    return with_checksum(header | {"photos": [_photo_row(index.photos[name]) for name in sorted(index.photos)]})


def coco_json(index: MaskIndex, segmentation: str = SEGMENTATIONS[0]) -> dict[str, Any]:
    """Give the masks in COCO's layout of object annotations (https://cocodataset.org/#format-data).

    A category per class, an annotation per photo and class. The box is the smallest that holds the mask.

    Parameters
    ----------
    index : MaskIndex
        The masks.
    segmentation : str
        ``rle`` (run lengths as short text), ``rle_counts`` (as numbers) or ``polygons`` (outlines through the middle
        of pixels). COCO's polygons know no holes: those stand in ``holes`` beside them, which COCO's own tools do not
        read, so that ``area`` is smaller than that of its polygons.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, name in enumerate(sorted(index.photos), 1):
        photo = index.photos[name]
        images.append({"id": number, "file_name": name, "width": photo.width, "height": photo.height})
        for entry in photo.masks:
            rle: dict[str, Any] = {"size": [photo.height, photo.width], "counts": entry.counts}
            annotation: dict[str, Any] = {"id": len(annotations) + 1, "image_id": number}
            annotation |= {
                "category_id": index.number_of(entry.colour),
                "bbox": list(entry.box),
                "area": entry.area,
                "iscrowd": 0,
            }
            if segmentation == "polygons":
                annotation["segmentation"], holes = mask_outlines(rle_mask(rle))
                annotation |= {"holes": holes} if holes else {}
            else:
                is_text = segmentation == "rle"
                annotation["segmentation"] = rle if is_text else rle | {"counts": text_counts(entry.counts)}
            annotations.append(annotation)
    categories = [{"id": number, "name": one.name, "supercategory": ""} for number, one in enumerate(index.classes, 1)]
    info = {"description": "painted masks", "version": PROJECT_VERSION}
    return {"info": info, "licenses": [], "images": images, "categories": categories, "annotations": annotations}


def areas_csv(index: MaskIndex) -> str:
    """Give a line per photo and class: pixels of the mask, and their share of the photo (0 to 1)."""
    names = {one.colour: one.name for one in index.classes}
    rows = [
        (photo.name, names[one.colour], *one.colour, one.area, f"{one.area / (photo.width * photo.height):.6f}")
        + (photo.width, photo.height)
        for photo in (index.photos[name] for name in sorted(index.photos))
        for one in photo.masks
    ]
    return csv_text(AREA_COLUMNS, rows)


def mask_entry(colour: Colour, file: str, mask: NDArray[np.bool_]) -> MaskEntry:
    """Describe a mask (H, W) that is not empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    box = (left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1)
    return MaskEntry(colour, file, int(np.count_nonzero(mask)), box, counts_text(mask_counts(mask)))


def _photo_row(photo: PhotoMasks) -> dict[str, Any]:
    row = {"name": photo.name, "stem": photo.stem, "width": photo.width, "height": photo.height}
    return row | {
        "masks": [vars(entry) | {"colour": list(entry.colour), "box": list(entry.box)} for entry in photo.masks]
    }


def _box(values: Any) -> tuple[int, int, int, int]:
    left, top, width, height = (int(value) for value in values)
    return left, top, width, height


def _photo(row: dict[str, Any]) -> PhotoMasks:
    width, height = int(row["width"]), int(row["height"])
    masks = tuple(
        MaskEntry(as_colour(one["colour"]), check_name(one["file"]), int(one["area"]), _box(one["box"]), one["counts"])
        for one in row["masks"]
    )
    for entry in masks:
        counts = text_counts(entry.counts)
        if sum(counts) != width * height or sum(counts[1::2]) != entry.area or not entry.area or min(counts) < 0:
            raise ValueError(f"run lengths of {entry.file} do not fit")
        if counts_text(counts) != entry.counts:
            raise ValueError(f"run lengths of {entry.file} are not in their shortest form")
    return PhotoMasks(check_name(row["name"]), check_name(row["stem"]), width, height, masks)
