"""What a worker of ``tools.segment_images`` does: one photo, its label image and preview, then its record."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2

from hloc.stream import Prepared
from segmentation.base import Labels, Photo, Segmenter
from segmentation.measures import measure_segments
from segmentation.preview import Tile, draw_segments, draw_sheet
from storage.batch import batch_of_files
from storage.encoding import encode_picture
from storage.errors import PhotoError
from storage.fingerprints import Fingerprint, fingerprint, sha256_of_file
from storage.formats.label_images import LabelImage, encode_label_image
from storage.formats.segment_records import SegmentRecord, write_segment_record
from storage.names import inside
from storage.photos import load_photo

LABELS, PREVIEWS, SHEETS = "labels", "previews", "sheets"
SHEET_COLUMNS = 3
_SHARE_DIGITS, _COLOR_DIGITS = 6, 1
_MOST_SAID = 200  # characters of an error


@dataclass(frozen=True)
class SegmentJob:
    """What is to be made of one photo: the name of its label image, and what a former run wrote, by path."""

    name: str
    known: Mapping[str, Fingerprint]


@dataclass(frozen=True)
class SegmentWork:
    """Segment one photo; picklable, so that workers can do it.

    Attributes
    ----------
    image_dir, folder : Path
        Where from, where to.
    segmenter : Segmenter
        The chosen method.
    settings : mapping
        As in the record, what all photos share: ``method``, ``parameters``.
    preview : str
        ``method``, ``all`` or ``none``.
    shown : mapping of str to Segmenter
        With ``all`` the methods on the sheet.
    preview_side : int
        Longest side of a picture for people, in pixels.
    follow_links : bool
        Whether links in ``image_dir`` may lead out of it.
    max_megapixels : float
        Larger photos are refused.
    """

    image_dir: Path
    folder: Path
    segmenter: Segmenter[Any]
    settings: Mapping[str, Any]
    preview: str
    shown: Mapping[str, Segmenter[Any]]
    preview_side: int
    follow_links: bool
    max_megapixels: float

    def __call__(self, name: str, job: SegmentJob) -> Prepared:
        """Make and write what is to be made; the value of the result is the number of segments.

        Raises
        ------
        PhotoError
            When the photo cannot be used, or a file that this program did not write stands in the place of a result.
        """
        path = inside(self.image_dir, name, self.follow_links)
        before = fingerprint(path)
        photo = load_photo(path, None, self.max_megapixels)
        labels = self._labels(photo)
        sizes = self.segmenter.parameters.sizes(photo.shape[0] * photo.shape[1])
        image = LabelImage(labels, dict(self.settings) | {"sizes": sizes})
        contents = self._contents(photo, image, job.name)
        rows = [
            (each.id, each.pixels, round(each.share, _SHARE_DIGITS), each.left, each.top, each.width, each.height)
            + tuple(round(value, _COLOR_DIGITS) for value in each.color)
            for each in measure_segments(labels, photo)
        ]
        for target, content in contents.items():
            _refuse_others(self.folder / target, content, job.known.get(target))
        with batch_of_files() as batch:
            for target, content in contents.items():
                batch.put(_place(self.folder, target), content)
            if fingerprint(path, before) != before:
                raise PhotoError("changed while it was being read")
        files = dict(job.known) | {target: fingerprint(self.folder / target) for target in contents}
        write_segment_record(self.folder, SegmentRecord(name, before, job.name, image.settings, files, rows))
        return Prepared(name, before, (photo.shape[1], photo.shape[0]), len(rows))

    def _labels(self, photo: Photo) -> Labels:
        """Segment the photo; what OpenCV or a network fails on, for want of memory say, is said of this photo alone."""
        try:
            return self.segmenter.segment(photo)
        except (cv2.error, RuntimeError) as error:
            said = " ".join(str(error).split())[:_MOST_SAID] or type(error).__name__
            raise PhotoError(f"--method {self.segmenter.name} failed on it ({said})") from error

    def _contents(self, photo: Photo, image: LabelImage, name: str) -> dict[str, bytes]:
        contents = {f"{LABELS}/{name}": encode_label_image(image)}
        if self.preview == "method":
            drawn = draw_segments(photo, image.labels, self.preview_side)
            contents[preview_name(name, self.preview)] = encode_picture(drawn, "jpg")
        elif self.preview == "all":
            contents[preview_name(name, self.preview)] = encode_picture(self._sheet(photo, image.labels), "jpg")
        return contents

    def _sheet(self, photo: Photo, labels: Labels) -> Photo:
        plain = labels * 0 + 1
        tiles = [Tile(draw_segments(photo, plain, self.preview_side, 0.0), "photo")]
        for method, segmenter in self.shown.items():
            is_chosen = method == self.segmenter.name
            found = labels if is_chosen else segmenter.segment(photo)
            caption = f"{method}: {int(found.max()):,} segments" + (" (chosen)" if is_chosen else "")
            tiles.append(Tile(draw_segments(photo, found, self.preview_side), caption))
        return draw_sheet(tiles, SHEET_COLUMNS)


def preview_name(name: str, preview: str) -> str:
    """Give the path, below the folder, of a photo's preview or sheet; ``name`` is that of its label image."""
    return f"{SHEETS if preview == 'all' else PREVIEWS}/{name.removesuffix('.png')}.jpg"


def _place(folder: Path, target: str) -> Path:
    parent, _, last = target.rpartition("/")
    return inside(folder, parent) / last


def _refuse_others(target: Path, content: bytes, known: Fingerprint | None) -> None:
    """Refuse to replace what this program did not write."""
    if not os.path.lexists(target):
        return
    found = None if target.is_symlink() or not target.is_file() else sha256_of_file(target)
    if found is None or found not in (sha256(content).hexdigest(), None if known is None else known.sha256):
        raise PhotoError(f"another file stands at {target}, which this program did not write: move it away")
