"""Settings of ``tools.paint_masks``; imports nothing heavy, as scripts read their defaults from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stages.settings.pipeline import MAX_MEGAPIXELS

MASK_NAMES = ("original", "safe")
MASK_SEGMENTATIONS = ("rle", "rle_counts", "polygons")


@dataclass(frozen=True)
class PaintSettings:
    """Settings of ``tools.paint_masks``.

    ``image_dir`` of None is the folder of ``image``; the masks keep the photo's sub-folders below it. ``names`` of
    None is the form that suits this system. ``continue_masks`` begins with the masks in ``export_dir``, else the
    canvas is empty at first.
    """

    image: Path = Path()
    labels: Path = Path()
    script: Path = Path()
    export_dir: Path = Path()
    image_dir: Path | None = None
    names: str | None = None
    segmentation: str = MASK_SEGMENTATIONS[0]
    continue_masks: bool = False
    max_megapixels: float = MAX_MEGAPIXELS
