"""``sam``: Segment Anything (Kirillov et al. 2023) and SAM 2 (Ravi et al. 2024): by points and boxes, or of everything.

What a predictor and a generator of masks must offer is written down here, so that everything but the network itself
is tested with a stand-in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from weakref import ReferenceType, WeakKeyDictionary, ref

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.base import EDGE, Labels, Photo, Segmenter, check_photo, without_gaps
from segmentation.method_parameters import SamParameters
from segmentation.parts import connected_parts, labels_of_mask
from segmentation.sam_models import load_generator, load_predictor
from storage.errors import UsageError

Mask = NDArray[np.bool_]

_INPUT_SIDE = 1024  # pixels: the packages bring the long side to it, and of a thinner photo no row or column is left


class MaskPredictor(Protocol):
    """``SamPredictor`` of segment-anything, ``SAM2ImagePredictor`` of sam2."""

    def set_image(self, image: Photo) -> None:
        """Take an RGB photo (H, W, 3)."""

    def predict(
        self,
        point_coords: NDArray[np.float32] | None = None,
        point_labels: NDArray[np.int32] | None = None,
        box: NDArray[np.float32] | None = None,
        multimask_output: bool = True,
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Give masks (C, H, W), the IoU that each is expected to have (C,), and low-resolution logits."""


class MaskGenerator(Protocol):
    """``SamAutomaticMaskGenerator`` of segment-anything, ``SAM2AutomaticMaskGenerator`` of sam2."""

    def generate(self, image: Photo) -> Sequence[Mapping[str, Any]]:
        """Give a mapping with ``segmentation``, a mask (H, W), for each object of an RGB photo (H, W, 3)."""


@dataclass(frozen=True)
class SamPoint:
    """A click: x and y in pixels of the photo, and whether it is on the object."""

    x: float
    y: float
    is_foreground: bool = True


@dataclass(frozen=True)
class SamBox:
    """A box from any corner to the opposite one, in pixels of the photo."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom, whichever way the box was dragged."""
        return min(self.x0, self.x1), min(self.y0, self.y1), max(self.x0, self.x1), max(self.y0, self.y1)

    def holds(self, point: SamPoint) -> bool:
        """Say whether a point is in the box, its border included."""
        left, top, right, bottom = self.corners
        return left <= point.x <= right and top <= point.y <= bottom


@dataclass(frozen=True)
class SamPrompts:
    """Points and boxes in the order in which they were given."""

    given: tuple[SamPoint | SamBox, ...] = field(default=())

    @property
    def points(self) -> list[SamPoint]:
        """All points."""
        return [each for each in self.given if isinstance(each, SamPoint)]

    @property
    def boxes(self) -> list[SamBox]:
        """All boxes."""
        return [each for each in self.given if isinstance(each, SamBox)]

    def with_one(self, prompt: SamPoint | SamBox) -> SamPrompts:
        """Give the prompts with one more."""
        return replace(self, given=(*self.given, prompt))

    def without_last(self) -> SamPrompts:
        """Give the prompts without the last one; those of none are none."""
        return replace(self, given=self.given[:-1])


class SamState:
    """One photo that is being cut by prompts; several photos may share a predictor.

    Attributes
    ----------
    prompts : SamPrompts
        What was given so far; replaced by a change, never altered.
    mask : ndarray of bool, shape (H, W), or None
        What was predicted last.
    """

    def __init__(self, photo: Photo, predictor: MaskPredictor) -> None:
        check_photo(photo)
        self.photo, self.predictor = photo, predictor
        self.prompts = SamPrompts()
        self.mask: Mask | None = None

    def add(self, prompt: SamPoint | SamBox) -> None:
        """Add a point or a box."""
        self.prompts = self.prompts.with_one(prompt)

    def undo(self) -> None:
        """Take the last point or box back."""
        self.prompts = self.prompts.without_last()

    def reset(self) -> None:
        """Forget all prompts and the mask."""
        self.prompts, self.mask = SamPrompts(), None

    def predict(self) -> Mask:
        """Give the mask (H, W) of the prompts: the union of :func:`predict_masks`.

        Raises
        ------
        UsageError
            When there is neither a box nor a foreground point.
        """
        looked_at = _LOOKED_AT.get(self.predictor)
        if looked_at is None or looked_at() is not self:
            _LOOKED_AT.pop(self.predictor, None)
            self.predictor.set_image(thickened(self.photo))
            _LOOKED_AT[self.predictor] = ref(self)
        found = predict_masks(self.predictor, self.prompts)
        height, width = self.photo.shape[:2]
        self.mask = np.logical_or.reduce(found)[:height, :width]
        return self.mask

    def labels(self) -> Labels:
        """Give the label image (H, W) of the mask, predicted if it was not yet: parts inside first, then outside."""
        return labels_of_mask(self.predict() if self.mask is None else self.mask)


_LOOKED_AT: WeakKeyDictionary[MaskPredictor, ReferenceType[SamState]] = WeakKeyDictionary()
"""Whose photo a predictor was given last."""


def thickened(photo: Photo) -> Photo:
    """Give the photo, a very thin one (below 1 to 1024) with its last row or column repeated, which places stay on."""
    height, width = photo.shape[:2]
    least = -(-max(height, width) // _INPUT_SIDE)
    down, across = max(0, least - height), max(0, least - width)
    if not (down or across):
        return photo
    return np.asarray(cv2.copyMakeBorder(photo, 0, down, 0, across, cv2.BORDER_REPLICATE), np.uint8)


def predict_masks(predictor: MaskPredictor, prompts: SamPrompts) -> list[Mask]:
    """Give a mask for each box, predicted with the points in it, and one for the points in no box.

    Of the masks that the network offers for a prompt the one is taken that it expects the best IoU of. Background
    points in no box go with the foreground points in no box; where there is none of these, with every box.

    Parameters
    ----------
    predictor : MaskPredictor
        It has been given the photo.
    prompts : SamPrompts
        At least one box or foreground point.

    Raises
    ------
    UsageError
        When there is neither.
    """
    free = [point for point in prompts.points if not any(box.holds(point) for box in prompts.boxes)]
    is_alone = any(point.is_foreground for point in free)
    if not is_alone and not prompts.boxes:
        raise UsageError("nothing says where the object is: draw a box, or click on it")
    shared = [] if is_alone else free
    asked: list[tuple[list[SamPoint], SamBox | None]] = [
        ([point for point in prompts.points if box.holds(point)] + shared, box) for box in prompts.boxes
    ]
    if is_alone:
        asked.append((free, None))
    return [_best_mask(predictor, points, box) for points, box in asked]


def _best_mask(predictor: MaskPredictor, points: Sequence[SamPoint], box: SamBox | None) -> Mask:
    masks, scores, _ = predictor.predict(
        point_coords=np.array([[each.x, each.y] for each in points], np.float32) if points else None,
        point_labels=np.array([each.is_foreground for each in points], np.int32) if points else None,
        box=None if box is None else np.array(box.corners, np.float32),
        multimask_output=True,
    )
    return np.asarray(masks[int(np.argmax(scores))]).astype(bool)


def labels_of_masks(masks: Sequence[Mask], shape: tuple[int, int]) -> Labels:
    """Give the label image (H, W) of masks that may overlap: smaller ones lie on larger ones.

    Ids follow area, the largest first, from 1; what no mask covers gets further ids, one for each 4-connected part.
    """
    labels = np.zeros(shape, np.int32)
    areas = [int(np.count_nonzero(mask)) for mask in masks]
    order = sorted(range(len(masks)), key=lambda number: (-areas[number], number))
    for label, number in enumerate(order, start=1):
        labels[masks[number]] = label
    rest, _ = connected_parts(labels == EDGE)
    return without_gaps(np.where(labels == EDGE, rest + len(masks), labels).astype(np.int32))


class SamSegmenter(Segmenter[SamParameters]):
    """Masks of everything that Segment Anything finds by a grid of points.

    Attributes
    ----------
    generator : MaskGenerator or None
        Loaded from ``checkpoint`` with the first photo.
    """

    name = "sam"
    computes_in_workers = False

    def __init__(self, parameters: SamParameters, generator: MaskGenerator | None = None) -> None:
        super().__init__(parameters)
        self.generator = generator

    def segment_copy(self, photo: Photo, sizes: Mapping[str, float]) -> NDArray[Any]:  # noqa: ARG002
        """Give masks by area, from 1, then what none covers."""
        if self.generator is None:
            self.generator = load_generator(self.parameters)
        found = self.generator.generate(thickened(photo))
        height, width = photo.shape[:2]
        masks = [np.asarray(each["segmentation"]).astype(bool)[:height, :width] for each in found]
        return labels_of_masks(masks, (height, width))


def start_prompts(photo: Photo, parameters: SamParameters) -> SamState:
    """Give the state of a photo that is to be cut by points and boxes, with the network of ``parameters``.

    Raises
    ------
    UsageError
        When the checkpoint, its package or PyTorch is missing.
    """
    return SamState(photo, load_predictor(parameters))
