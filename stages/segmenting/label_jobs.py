"""Label images for the painting page: which file one gets, and the work of making it, in a worker process."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from segmentation import create_segmenter
from segmentation.base import Segmenter
from segmentation.method_parameters import GridParameters
from storage.atomic import make_folder, write_bytes
from storage.errors import PhotoError
from storage.formats.label_images import LabelImage, encode_label_image
from storage.photos import load_photo
from storage.report import PROJECT_VERSION


@dataclass(frozen=True)
class Segmentation:
    """A method with its parameters."""

    method: str
    parameters: GridParameters

    def as_json(self) -> dict[str, Any]:
        """Give ``method`` and ``parameters`` as JSON types."""
        return {"method": self.method, "parameters": self.parameters.as_json()}


def labels_file(photo: Path, how: Segmentation) -> str:
    """Give the file of the label image that a method makes of a photo: another photo or parameter, another name.

    Raises
    ------
    PhotoError
        When there is no such photo.
    """
    try:
        status = photo.stat()
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror or error}") from error
    said = json.dumps([how.as_json(), status.st_size, status.st_mtime_ns, PROJECT_VERSION], sort_keys=True)
    return f"labels-{hashlib.sha256(said.encode()).hexdigest()[:24]}.png"


def make_labels(photo: Path, how: Segmentation, target: Path, max_megapixels: float) -> int:
    """Segment a photo and write its label image; give the number of segments. PhotoError when it cannot be used."""
    labels = _segmenter(how).segment(load_photo(photo, None, max_megapixels))
    content = encode_label_image(LabelImage(labels, how.as_json()))
    make_folder(target.parent)
    write_bytes(target, content)
    return int(labels.max())


@lru_cache(maxsize=1)
def _segmenter(how: Segmentation) -> Segmenter[Any]:
    """Give the segmenter, made once: that of ``sam`` loads a network."""
    return create_segmenter(how.method, how.parameters)
