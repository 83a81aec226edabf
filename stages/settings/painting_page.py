"""Settings of the painting page of ``tools.segment_images``; imports nothing heavy, as scripts read defaults here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segmentation import DEFAULT_METHOD
from stages.settings.pipeline import MAX_MEGAPIXELS

PRECOMPUTE = 10  # photos before and after the one that is open: as segmentimg prepares them
EXPORT_SUFFIX = "_segmented"  # of the image folder's name, as segmentimg has it


@dataclass(frozen=True)
class PaintingSettings:
    """Settings of the painting page.

    ``image_dir`` of None is ``datasets`` of ``work_dir``; ``building`` is a number in its ``clusters.json``, whose
    photos alone are shown. ``export_dir`` of None is a folder beside the image folder. ``given`` are parameters of
    ``method`` by name. ``names`` of None is the form of mask names that suits this system. ``classes`` is a JSON file
    with a class table, ``templates`` a folder of template pictures. ``precompute`` photos before and after the open
    one are segmented ahead. ``num_workers`` of 0 segments in this process, where nothing running can be ended.
    """

    image_dir: Path | None = None
    work_dir: Path | None = None
    building: int | None = None
    export_dir: Path | None = None
    method: str = DEFAULT_METHOD
    given: Mapping[str, Any] = field(default_factory=dict)
    names: str | None = None
    classes: Path | None = None
    templates: Path | None = None
    precompute: int = PRECOMPUTE
    num_workers: int = 2
    follow_links: bool = False
    max_megapixels: float = MAX_MEGAPIXELS
    timeout_s: float = 900.0
