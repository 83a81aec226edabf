"""A folder of masks: saved, opened again, and never overwritten without a backup."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.backups import keep_backup
from storage.errors import UsageError
from storage.formats.mask_index import (
    AREAS_NAME,
    COCO_NAME,
    INDEX_NAME,
    SEGMENTATIONS,
    PhotoMasks,
    areas_csv,
    coco_json,
    index_json,
    mask_entry,
    read_mask_index,
)
from storage.formats.masks import (
    LABELS_ENDING,
    check_names,
    class_png,
    default_names,
    mask_files,
    mask_name,
    mask_png,
    photo_stems,
    read_mask,
)
from storage.formats.paint_classes import BLACK, Colour, PaintClass
from storage.names import inside
from storage.small_files import small_file
from storage.unchanged import write_if_changed

Mask = NDArray[np.bool_]


@dataclass
class SavedMasks:
    """What was saved: files that were written now, backups that were made, files that were put away."""

    written: list[Path] = field(default_factory=list)
    backups: list[Path] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)


class MaskFolder:
    """The masks of a collection, for one session of painting; use it under the folder's lock.

    One thread saves at a time. Masks of other photos may be read meanwhile.

    A file that stood before the session is backed up once, before its first change; what the session itself wrote is
    replaced without one, so that saving often does not fill the folder.

    Parameters
    ----------
    folder : Path
        Made when something is saved.
    names : str or None
        ``original`` or ``safe``; None for the one that suits this system.
    segmentation : str
        Of ``coco.json``, one of ``SEGMENTATIONS``.
    """

    def __init__(self, folder: Path, names: str | None = None, segmentation: str = SEGMENTATIONS[0]) -> None:
        self.names = names or default_names()
        check_names(self.names)
        if segmentation not in SEGMENTATIONS:
            raise UsageError(f"--segmentation is {segmentation!r}, but must be one of {', '.join(SEGMENTATIONS)}")
        self.folder = folder
        self.segmentation = segmentation
        self.index = read_mask_index(folder)
        self._own: set[Path] = set()

    def stem(self, name: str, others: Iterable[str] = ()) -> str:
        """Give the stem of a photo's masks, clear of those of photos saved before and of ``others``."""
        photos = tuple(self.index.photos.values())  # at once: another photo may be saved meanwhile
        taken = {photo.name: photo.stem for photo in photos}
        return photo_stems({name, *others}, taken)[name]

    def read(self, name: str, shape: tuple[int, int], others: Iterable[str] = ()) -> list[tuple[Colour, Mask]]:
        """Read the masks of a photo of this height and width, sorted by file name; none is no error.

        Raises
        ------
        DamagedFileError
            When one cannot be read or has another size.
        """
        files = mask_files(self.folder, self.stem(name, others))
        return [(colour, read_mask(inside(self.folder, self._name(path)), shape)) for path, colour in files.items()]

    def save(
        self,
        name: str,
        masks: Sequence[tuple[Colour, Mask]],
        shape: tuple[int, int],
        classes: Sequence[PaintClass] = (),
        others: Iterable[str] = (),
    ) -> SavedMasks:
        """Save all masks of a photo, and bring the tables of the folder up to date.

        Black and empty masks are left out. Masks of colours that are no longer painted are put away as backups. A
        photo without any paint gets no file.

        Parameters
        ----------
        name : str
            Image name.
        masks : sequence of (colour, mask)
            No two overlap; masks (H, W).
        shape : tuple of int
            Height and width of the photo.
        classes : sequence of PaintClass
            What colours mean.
        others : iterable of str
            Further photos of the collection, whose masks must not get the same names.
        """
        saved = SavedMasks()
        kept = [(colour, mask) for colour, mask in masks if colour != BLACK and mask.any()]
        stem = self.stem(name, others)
        self.index.add_classes(classes, [colour for colour, _ in kept])
        entries, numbers = [], np.zeros(shape, dtype=np.int32)
        for colour, mask in kept:
            file = mask_name(stem, colour, self.names)
            self._write(file, mask_png(mask), saved)
            entries.append(mask_entry(colour, file, mask))
            numbers[mask] = self.index.number_of(colour)
        if kept:
            self._write(stem + LABELS_ENDING, class_png(numbers, [one.colour for one in self.index.classes]), saved)
        self.index.photos[name] = PhotoMasks(name, stem, shape[1], shape[0], tuple(entries))
        self._write_tables(saved)
        standing = {self.folder / entry.file for entry in entries}
        stale = [path for path in mask_files(self.folder, stem) if path not in standing]
        if not kept and (self.folder / (stem + LABELS_ENDING)).is_file():
            stale.append(self.folder / (stem + LABELS_ENDING))
        for path in stale:
            self._put_away(path, saved)
        return saved

    def _write_tables(self, saved: SavedMasks) -> None:
        tables = {INDEX_NAME: index_json(self.index), COCO_NAME: coco_json(self.index, self.segmentation)}
        for name, content in tables.items():
            text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
            self._write(name, text.encode(), saved)
        self._write(AREAS_NAME, areas_csv(self.index).encode(), saved)

    def _write(self, name: str, content: bytes, saved: SavedMasks) -> None:
        path = inside(self.folder, name)
        if path in self._own or not path.is_file():
            was_written = write_if_changed(path, content)
        else:
            was_written = self._replace(path, content, saved)
        if was_written:
            self._own.add(path)
            saved.written.append(path)

    def _replace(self, path: Path, content: bytes, saved: SavedMasks) -> bool:
        """Replace what stood before the session, a backup beside it, unless it is the same."""
        if small_file(path) == content:
            return False
        backup = keep_backup(path)
        saved.backups += [backup] if backup else []
        return write_if_changed(path, content)

    def _put_away(self, path: Path, saved: SavedMasks) -> None:
        if path not in self._own:
            backup = keep_backup(path)
            saved.backups += [backup] if backup else []
        path.unlink()
        self._own.discard(path)
        saved.removed.append(path)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()
