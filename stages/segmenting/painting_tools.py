"""What the painting page asks for beside painting: GrabCut, Segment Anything, templates; each gives paint or labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from segmentation.grabcut import GrabCutState, StrokeKind
from segmentation.method_parameters import GrabCutParameters
from segmentation.painting.layers import Layer, layer_of_masks, layer_of_stamps
from segmentation.sam import Mask, SamPrompts, SamState, start_prompts
from segmentation.sam_models import check_sam
from stages.segmenting.jobs import Job, Task
from stages.segmenting.painting_desk import PaintingDesk
from stages.segmenting.template_sets import (
    FoundTemplates,
    TemplateSets,
    cut_out,
    find_templates,
    found_json,
    stamps_of,
)
from storage.errors import StageError, UsageError
from storage.formats.label_images import LabelImage
from storage.formats.paint_classes import Colour

TEMPLATES = "templates"
MAX_FOUND = 4  # searches whose hits are kept
Box = tuple[int, int, int, int]


class PaintingTools:
    """Tools at a desk; GrabCut and Segment Anything hold the photo that was asked last.

    Parameters
    ----------
    desk : PaintingDesk
        The photos and their canvases.
    templates : Path, optional
        Folder of template pictures.
    """

    def __init__(self, desk: PaintingDesk, templates: Path | None = None) -> None:
        self.desk = desk
        self.sets = TemplateSets(desk.folder.folder / TEMPLATES, templates)
        self._grabcut: tuple[int, GrabCutState] | None = None
        self._sam: tuple[int, SamState] | None = None
        self._found: dict[str, tuple[int, FoundTemplates]] = {}

    def _shape(self, photo: int) -> tuple[int, int]:
        width, height = self.desk.shelf.size(photo)
        return height, width

    # -- GrabCut ------------------------------------------------------------------------------------------------------

    def grabcut_state(self, photo: int, begin: bool = False) -> GrabCutState:
        """Give what was drawn on a photo so far; another photo, or ``begin``, forgets it."""
        if begin or self._grabcut is None or self._grabcut[0] != photo:
            self._grabcut = None
            self._grabcut = photo, GrabCutState(self.desk.shelf.pixels(photo), GrabCutParameters())
        return self._grabcut[1]

    def grabcut(self, photo: int, colour: Colour) -> Layer:
        """Give the foreground so far as a layer; before the first round that is what strokes say."""
        return layer_of_masks([(colour, self.grabcut_state(photo).foreground())], self._shape(photo))

    def grabcut_labels(self, photo: int) -> dict[str, Any]:
        """Make segments of the foreground's parts and the background's; give what a page is told of them."""
        image = LabelImage(self.grabcut_state(photo).labels(), {"method": "grabcut", "parameters": {}})
        return self.desk.labels.put(photo, image)

    def add_to_grabcut(
        self, photo: int, strokes: Sequence[Mapping[str, Any]], rectangles: Sequence[Sequence[float]], rounds: int
    ) -> None:
        """Add strokes (``kind``, ``points``, ``brush``) and rectangles (two corners), then do some rounds.

        Raises
        ------
        UsageError
            When one is not understood, or there is nothing to learn from; what was added stays.
        """
        state = self.grabcut_state(photo)
        for stroke in strokes:
            if stroke["kind"] not in STROKES:
                raise UsageError(f"a stroke's kind is {stroke['kind']!r:.40}, but must be one of {', '.join(STROKES)}")
            try:
                state.add_stroke(stroke["points"], STROKES[stroke["kind"]], stroke["brush"])
            except ValueError as error:
                raise UsageError(str(error)) from error
        for x0, y0, x1, y1 in rectangles:
            state.add_rectangle((x0, y0), (x1, y1))
        for _ in range(rounds):
            state.iterate()

    # -- Segment Anything ---------------------------------------------------------------------------------------------

    def sam_problem(self) -> str:
        """Say why Segment Anything cannot be used; empty when it can."""
        try:
            check_sam(self.desk.settings.sam)
        except UsageError as error:
            return str(error)
        return ""

    def sam(self, photo: int, prompts: SamPrompts) -> tuple[SamState, Mask]:
        """Give the state of a photo with these prompts, and the mask (H, W) that was predicted.

        Raises
        ------
        StageError
            When Segment Anything cannot be used, or nothing says where the object is.
        """
        if problem := self.sam_problem():
            raise StageError(problem)
        if self._sam is None or self._sam[0] != photo:
            pixels = self.desk.shelf.pixels(photo)
            predictor = self._sam[1].predictor if self._sam else None
            state = SamState(pixels, predictor) if predictor else start_prompts(pixels, self.desk.settings.sam)
            self._sam = photo, state
        state = self._sam[1]
        state.prompts = prompts
        return state, state.predict()

    def sam_layer(self, photo: int, prompts: SamPrompts, colour: Colour) -> Layer:
        """Give what the prompts find as a layer."""
        return layer_of_masks([(colour, self.sam(photo, prompts)[1])], self._shape(photo))

    def sam_labels(self, photo: int, prompts: SamPrompts) -> dict[str, Any]:
        """Make segments of what the prompts find and of the rest; give what a page is told of them."""
        image = LabelImage(self.sam(photo, prompts)[0].labels(), {"method": "sam", "parameters": {}})
        return self.desk.labels.put(photo, image)

    # -- templates ----------------------------------------------------------------------------------------------------

    def cut_template(self, photo: int, box: Box) -> int:
        """Make a set of a part of a photo and its paint; give its number. UsageError when nothing is painted there."""
        left, top, width, height = box
        full_width, full_height = self.desk.shelf.size(photo)
        if not (0 <= left < left + width <= full_width and 0 <= top < top + height <= full_height):
            raise UsageError("the box does not lie in the photo")
        part = slice(top, top + height), slice(left, left + width)
        with self.desk.lock:
            canvas = self.desk.opened(photo).canvas
            pictures = cut_out(self.desk.shelf.pixels(photo)[part], canvas.paint_picture[part], canvas.is_painted[part])
        return self.sets.add(f"part of {self.desk.shelf.name(photo)}", "photo", pictures)

    def find_templates(self, photo: int, number: int, most: float) -> Job:
        """Give the job that finds a set of templates in a photo."""
        found, shelf = self.sets.find(number), self.desk.shelf
        title = f"{found.name} in {shelf.name(photo)}"
        args = shelf.path(photo), found, most, shelf.max_megapixels
        key = f"{photo} set {number} {most}"

        def finish(result: FoundTemplates) -> dict[str, Any]:
            self._found[key] = number, result
            while len(self._found) > MAX_FOUND:
                self._found.pop(next(iter(self._found)))
            return found_json(number, result)

        return self.desk.jobs.submit(Task("templates", photo, title, key, find_templates, args, finish))

    def templates_layer(self, photo: int, job: int, threshold: float) -> Layer:
        """Give the hits of a job at a threshold, 0 for the best ones, as a layer.

        Raises
        ------
        StageError
            When the job found nothing yet, is forgotten, or was of another photo.
        """
        task = self.desk.jobs.find(job).task
        if task.key not in self._found or task.photo != photo:
            raise StageError("these hits are forgotten: find the templates again")
        number, found = self._found[task.key]
        return layer_of_stamps(stamps_of(self.sets.find(number).read(), found, threshold), self._shape(photo))


STROKES = {kind.name.lower(): kind for kind in StrokeKind}
