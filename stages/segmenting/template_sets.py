"""Sets of templates for the painting page: folders of pictures, given, uploaded, or cut out of a painted photo."""

from __future__ import annotations

import heapq
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.base import Photo
from segmentation.painting.replies import Stamp
from segmentation.painting.templates import Hit, Template, find_hits, match_values
from stages.segmenting.paint_masks import read_templates
from storage.atomic import make_folder, write_bytes
from storage.encoding import encode_picture
from storage.errors import StageError, UsageError
from storage.folders import paths_in
from storage.formats.template_set import TEMPLATE_SET_NAME, read_template_set, write_template_set
from storage.photos import load_photo

KINDS = ("templates", "attentions", "segments", "masks")
MAX_PLACES = 200_000  # that are looked at one by one; beyond it only the better ones are
MAX_PICTURES = 200


@dataclass(frozen=True)
class TemplateSet:
    """Templates that belong together: a folder with the folders of ``KINDS``, attentions and masks where given."""

    name: str
    source: str
    folder: Path

    @property
    def places(self) -> dict[str, str]:
        """The folders that it has, by kind."""
        return {kind: kind for kind in KINDS if (self.folder / kind).is_dir()}

    def read(self) -> list[Template]:
        """Read all templates; UsageError when they do not fit together, StageError when one cannot be read."""
        return read_templates(self.folder, self.places)


class TemplateSets:
    """All sets, by number.

    Parameters
    ----------
    kept : Path
        Where those are kept that a page brings.
    given : Path, optional
        A folder that is a set, or that holds some.
    """

    def __init__(self, kept: Path, given: Path | None = None) -> None:
        self._kept = kept
        self.sets: list[TemplateSet] = []
        if given is not None:
            self.sets += [TemplateSet(folder.name, "folder", folder) for folder in _set_folders(given)]
            if not self.sets:
                raise UsageError(f"--templates {given}: holds no folders templates and segments, nor folders of these")
        for folder in _set_folders(kept):
            if (folder / TEMPLATE_SET_NAME).is_file():  # else its program was killed
                self.sets.append(TemplateSet(*read_template_set(folder), folder))

    def find(self, number: int) -> TemplateSet:
        """Give the set of a number; StageError when there is none."""
        if not 0 <= number < len(self.sets):
            raise StageError("there is no such set of templates")
        return self.sets[number]

    def add(self, name: str, source: str, pictures: Mapping[str, Sequence[bytes]]) -> int:
        """Keep a set; give its number.

        Parameters
        ----------
        name : str
            To show.
        source : str
            ``upload`` or ``photo``.
        pictures : mapping of str to sequence of bytes
            Files by kind, in order.

        Raises
        ------
        UsageError
            When they are no templates; nothing is kept then.
        """
        if not pictures.get("templates") or not pictures.get("segments"):
            raise UsageError("a set needs pictures of templates and of segments")
        if max(map(len, pictures.values())) > MAX_PICTURES:
            raise UsageError(f"a set holds at most {MAX_PICTURES} pictures of a kind")
        folder = self._kept / f"{len(self.sets):04d}"
        while folder.exists():
            folder = folder.with_name(f"{int(folder.name) + 1:04d}")
        found = TemplateSet(name, source, folder)
        try:
            _write_set(found, pictures)
        except BaseException:
            shutil.rmtree(folder)
            raise
        self.sets.append(found)
        return len(self.sets) - 1


def _write_set(found: TemplateSet, pictures: Mapping[str, Sequence[bytes]]) -> None:
    """Write the pictures of a set, make sure that they fit together, and say last that it is one."""
    for kind, contents in pictures.items():
        make_folder(found.folder / kind)
        for place, content in enumerate(contents):
            write_bytes(found.folder / kind / f"{place:04d}.png", content)
    found.read()
    write_template_set(found.folder, found.name, found.source)


def _set_folders(folder: Path) -> list[Path]:
    if (folder / "templates").is_dir():
        return [folder]
    return [each for each in paths_in(folder) if (each / "templates").is_dir() and (each / "segments").is_dir()]


def cut_out(photo: Photo, paint: Photo, is_painted: NDArray[np.bool_]) -> dict[str, list[bytes]]:
    """Give the pictures of a set: a part of a photo (h, w, 3) is what to find, its paint what is painted there."""
    if not is_painted.any():
        raise UsageError("nothing is painted in this box: paint one object first, then draw a box around it")
    mask = np.repeat((is_painted * np.uint8(255))[..., None], 3, axis=2)
    parts = {"templates": photo, "segments": paint, "masks": mask, "attentions": np.full_like(photo, 255)}
    return {kind: [encode_picture(np.ascontiguousarray(picture), "png")] for kind, picture in parts.items()}


@dataclass(frozen=True)
class FoundTemplates:
    """Where the templates of a set are.

    Attributes
    ----------
    best : list of Hit
        The single best place of each template.
    hits : list of list of Hit
        Of each template all places at or below ``complete_to``, best first, without those that overlap a better one.
    sizes : list of tuple of int
        Height and width of each template.
    complete_to : float
        As asked for, or less where there are too many places.
    """

    best: list[Hit]
    hits: list[list[Hit]]
    sizes: list[tuple[int, int]]
    complete_to: float


def find_templates(photo: Path, found: TemplateSet, most: float, max_megapixels: float) -> FoundTemplates:
    """Find all templates of a set in a photo; the work of a job.

    Hits at any threshold up to ``complete_to`` are those whose value is at most it: a hit is dropped for better ones
    only, so what a larger threshold adds drops nothing.
    """
    pixels, templates = load_photo(photo, None, max_megapixels), found.read()
    best, hits, reached = [], [], most
    for template in templates:
        values = match_values(pixels, template)
        best.append(find_hits(values, template.mask.shape)[0])
        reached = min(reached, _threshold(values, most))
        hits.append(find_hits(values, template.mask.shape, reached) if reached > 0 else [])
    kept = [[hit for hit in each if hit.value <= reached] for each in hits]
    return FoundTemplates(best, kept, [template.mask.shape for template in templates], reached)


def _threshold(values: NDArray[np.float32], most: float) -> float:
    """Give ``most``, or the largest threshold that at most ``MAX_PLACES`` values are below."""
    if np.count_nonzero(values <= most) <= MAX_PLACES:
        return most
    next_one = float(np.partition(values, MAX_PLACES, axis=None)[MAX_PLACES])
    below = values[values < next_one]
    return float(below.max()) if below.size else 0.0


def stamps_of(templates: Sequence[Template], found: FoundTemplates, threshold: float) -> list[Stamp]:
    """Give what is painted at a threshold, 0 for the best place of each template, in the order of painting.

    It is what ``segmentation.painting.templates.find_stamps`` gives, without looking again.
    """
    stamps = []
    for template, best, hits in zip(templates, found.best, found.hits, strict=True):
        chosen = [hit for hit in hits if hit.value <= threshold] if threshold else [best]
        stamps += [Stamp(hit.left, hit.top, template.segment, template.mask) for hit in reversed(chosen)]
    return stamps


def found_json(number: int, found: FoundTemplates) -> dict[str, Any]:
    """Give what was found as JSON types, best first."""
    by_template = [[_hit_json(place, hit, found.sizes[place]) for hit in hits] for place, hits in enumerate(found.hits)]
    hits = list(heapq.merge(*by_template, key=lambda hit: hit["value"]))
    best = [_hit_json(place, hit, found.sizes[place]) for place, hit in enumerate(found.best)]
    return {"set": number, "complete_to": found.complete_to, "hits": hits, "best": best}


def _hit_json(place: int, hit: Hit, size: tuple[int, int]) -> dict[str, Any]:
    return {"template": place, "value": hit.value, "box": [hit.left, hit.top, size[1], size[0]]}
