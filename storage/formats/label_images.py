"""Label images as PNG: the id of every pixel's segment, 16-bit grey, or 24-bit colour where ids are larger."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from storage.atomic import write_bytes
from storage.errors import DamagedFileError, StageError
from storage.photos import PARSER_ERRORS
from storage.png_chunks import check_chunks

LABEL_IMAGE_FORMAT = "label-image"
LABEL_IMAGE_VERSION = 1
MOST_GREY, MOST_LABEL = 2**16 - 1, 2**24 - 1
MADE_BY = "python -m tools.segment_images"
_KEY = "label-image"  # of the text chunk
_COMPRESSION = 4  # of zlib
_MOST_PIXELS = 400_000_000


@dataclass(frozen=True, eq=False)
class LabelImage:
    """A label image (H, W), int32, 0 for edges, and the settings (JSON types) that it was made with."""

    labels: NDArray[np.int32]
    settings: Mapping[str, Any] = field(default_factory=dict)


def encode_label_image(image: LabelImage) -> bytes:
    """Give the PNG file of a label image.

    Ids up to 65,535 are 16-bit grey; larger ones, up to 16,777,215, are colours: red * 65536 + green * 256 + blue.

    Raises
    ------
    StageError
        When an id is negative or larger.
    """
    labels = image.labels
    lowest, highest = (int(labels.min()), int(labels.max())) if labels.size else (0, 0)
    if labels.ndim != 2 or not labels.size or lowest < 0 or highest > MOST_LABEL:
        raise StageError(f"a label image (H, W) holds ids of 0 to {MOST_LABEL}, not {labels.shape} {lowest}, {highest}")
    if highest <= MOST_GREY:
        picture = Image.fromarray(labels.astype(np.uint16))
    else:
        channels = [(labels >> shift & 255).astype(np.uint8) for shift in (16, 8, 0)]
        picture = Image.fromarray(np.dstack(channels))
    header = {"format": LABEL_IMAGE_FORMAT, "format_version": LABEL_IMAGE_VERSION, "settings": dict(image.settings)}
    notes = PngInfo()
    notes.add_text(_KEY, json.dumps(header, sort_keys=True))
    content = io.BytesIO()
    picture.save(content, "PNG", pnginfo=notes, compress_level=_COMPRESSION)
    return content.getvalue()


def write_label_image(path: Path, image: LabelImage) -> None:
    """Write a label image atomically; see :func:`encode_label_image`."""
    write_bytes(path, encode_label_image(image))


def read_label_image(path: Path) -> LabelImage:
    """Read a label image.

    A PNG of another program is one, too: grey of 8 or 16 bit, or RGB as :func:`encode_label_image` has it.

    Raises
    ------
    StageError
        When there is no such file, or it cannot be read.
    DamagedFileError
        When it is no PNG of these kinds, or of a newer version.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise StageError(f"{path} is missing; make it with: {MADE_BY}") from None
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error
    return decode_label_image(content, str(path))


def decode_label_image(content: bytes, called: str) -> LabelImage:
    """Give the label image of a PNG file; errors as :func:`read_label_image`, ``called`` is the name in them."""
    try:
        check_chunks(content)
        with Image.open(io.BytesIO(content), formats=("PNG",)) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise ValueError(f"{picture.width} x {picture.height} pixels")
            picture.load()
            mode, values = picture.mode, np.asarray(picture)
            header = json.loads(getattr(picture, "text", {}).get(_KEY, "{}"))
        labels = _labels(mode, values)
        version, settings = int(header.get("format_version", LABEL_IMAGE_VERSION)), dict(header.get("settings", {}))
    except (*PARSER_ERRORS, RecursionError) as error:
        raise DamagedFileError(f"damaged: {called} is no label image ({error!s:.100}); make it again") from error
    if version > LABEL_IMAGE_VERSION:
        raise DamagedFileError(
            f"{called} is of version {version}, newer than {LABEL_IMAGE_VERSION}: update the program"
        )
    return LabelImage(labels, settings)


def _labels(mode: str, values: NDArray[Any]) -> NDArray[np.int32]:
    if mode == "RGB":
        red, green, blue = (values[:, :, channel].astype(np.int32) for channel in range(3))
        return red << 16 | green << 8 | blue
    if mode not in ("I;16", "I;16B", "L", "I"):
        raise ValueError(f"mode {mode}")
    return values.astype(np.int32)
