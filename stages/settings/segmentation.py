"""Settings of ``tools.segment_images``; imports nothing heavy, as the script reads its defaults from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segmentation import DEFAULT_METHOD
from stages.settings.pipeline import MAX_MEGAPIXELS

PREVIEWS = ("method", "all", "none")


@dataclass(frozen=True)
class SegmentSettings:
    """Settings of ``tools.segment_images``.

    ``batch`` is the folder that results go to. ``image_dir`` of None is ``datasets`` of ``work_dir``; ``building`` is
    a number in its ``clusters.json``, whose photos alone are segmented. ``given`` are the parameters of ``method`` by
    name, values may be text; with ``preview`` ``all`` also those of the other methods that the sheet shows.
    ``preview_side`` is the longest side of a picture for people, in pixels.
    """

    batch: Path
    image_dir: Path | None = None
    work_dir: Path | None = None
    building: int | None = None
    method: str = DEFAULT_METHOD
    given: Mapping[str, Any] = field(default_factory=dict)
    preview: str = "method"
    preview_side: int = 1024
    num_workers: int | None = None
    follow_links: bool = False
    max_megapixels: float = MAX_MEGAPIXELS
    timeout_s: float = 900.0
