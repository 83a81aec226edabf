"""Prompts and automatic masks of Segment Anything, with a stand-in of its predictor and generator."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segmentation.method_parameters import SamParameters
from segmentation.sam import (
    SamBox,
    SamPoint,
    SamPrompts,
    SamSegmenter,
    SamState,
    labels_of_masks,
    predict_masks,
    thickened,
)
from storage.errors import UsageError

PHOTO = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


class StandIn:
    """Of a box it offers the box shrunk, the box, and everything; the second is the best. Of points, squares."""

    def __init__(self) -> None:
        self.images: list[NDArray[np.uint8]] = []
        self.calls: list[dict[str, Any]] = []

    def set_image(self, image: NDArray[np.uint8]) -> None:
        self.images.append(image)

    def predict(
        self,
        point_coords: NDArray[np.float32] | None = None,
        point_labels: NDArray[np.int32] | None = None,
        box: NDArray[np.float32] | None = None,
        multimask_output: bool = True,
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        self.calls.append({"points": point_coords, "labels": point_labels, "box": box, "multi": multimask_output})
        masks = np.zeros((3, 20, 30), np.float32)
        if box is not None:
            left, top, right, bottom = box.astype(int)
            assert left <= right and top <= bottom
            masks[1, top:bottom, left:right] = 1
        else:
            assert point_coords is not None and point_labels is not None
            for (x, y), label in zip(point_coords.astype(int), point_labels, strict=True):
                masks[1, y - 1 : y + 2, x - 1 : x + 2] = label
        masks[2] = 1
        return masks, np.array([0.5, 0.9, 0.7]), np.zeros((3, 4, 4))


def prompts(*given: SamPoint | SamBox) -> SamPrompts:
    return SamPrompts(tuple(given))


def test_of_the_offered_masks_the_one_expected_to_be_best_is_taken() -> None:
    mask = predict_masks(StandIn(), prompts(SamBox(4, 5, 14, 12)))[0]
    assert mask.dtype == bool and np.count_nonzero(mask) == 70 and mask[5, 4]


def test_a_box_dragged_up_and_left_is_the_same_box() -> None:
    network = StandIn()
    predict_masks(network, prompts(SamBox(14, 12, 4, 5)))
    assert network.calls[0]["box"].tolist() == [4, 5, 14, 12] and network.calls[0]["multi"]


def test_each_box_is_asked_with_the_points_in_it() -> None:
    network = StandIn()
    first, second = SamBox(0, 0, 9, 9), SamBox(15, 0, 29, 19)
    masks = predict_masks(network, prompts(SamPoint(20, 10), first, second, SamPoint(3, 4, False)))
    assert len(masks) == 2
    assert [call["points"].tolist() for call in network.calls] == [[[3, 4]], [[20, 10]]]
    assert [call["labels"].tolist() for call in network.calls] == [[0], [1]]


def test_points_alone_are_allowed() -> None:
    network = StandIn()
    (mask,) = predict_masks(network, prompts(SamPoint(5, 5), SamPoint(20, 10), SamPoint(1, 18, False)))
    assert network.calls[0]["box"] is None and network.calls[0]["labels"].tolist() == [1, 1, 0]
    assert mask[5, 5] and mask[10, 20] and not mask[18, 1]


def test_points_outside_all_boxes_are_an_object_of_their_own() -> None:
    network = StandIn()
    masks = predict_masks(network, prompts(SamBox(0, 0, 9, 9), SamPoint(20, 10)))
    assert len(masks) == 2 and network.calls[0]["points"] is None and masks[1][10, 20]


def test_background_points_outside_all_boxes_go_with_every_box() -> None:
    network = StandIn()
    predict_masks(network, prompts(SamBox(0, 0, 9, 9), SamBox(12, 0, 20, 9), SamPoint(25, 15, False)))
    assert [call["labels"].tolist() for call in network.calls] == [[0], [0]]


@pytest.mark.parametrize("given", [(), (SamPoint(3, 3, False),)])
def test_without_box_and_foreground_point_the_message_says_what_to_do(given: tuple[SamPoint, ...]) -> None:
    with pytest.raises(UsageError, match="draw a box, or click on it"):
        predict_masks(StandIn(), prompts(*given))


def test_the_network_is_given_the_photo_once_and_as_it_is() -> None:
    network = StandIn()
    state = SamState(PHOTO, network)
    state.add(SamPoint(5, 5))
    state.predict()
    state.predict()
    assert len(network.images) == 1 and network.images[0] is PHOTO


def test_photos_that_share_a_network_are_each_given_to_it_again() -> None:
    network = StandIn()
    first, second = SamState(PHOTO, network), SamState(PHOTO[::-1].copy(), network)
    for state in (first, second, second, first):
        state.prompts = prompts(SamPoint(5, 5))
        state.predict()
    assert [image is PHOTO for image in network.images] == [True, False, True]


def test_after_a_photo_that_the_network_could_not_take_the_next_is_given_to_it() -> None:
    class Failing(StandIn):
        def set_image(self, image: NDArray[np.uint8]) -> None:
            super().set_image(image)
            if image is not PHOTO:
                raise MemoryError

    network = Failing()
    first, second = SamState(PHOTO, network), SamState(PHOTO.copy(), network)
    for state in (first, second, first):
        state.prompts = prompts(SamPoint(5, 5))
        with nullcontext() if state is first else pytest.raises(MemoryError):
            state.predict()
    assert len(network.images) == 3


@pytest.mark.parametrize(("shape", "taken"), [((1, 20_000), (20, 20_000)), ((3000, 2), (3000, 3)), ((2, 2048), None)])
def test_a_very_thin_photo_is_thickened_for_the_network(shape: tuple[int, int], taken: tuple[int, int] | None) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    thick = thickened(photo)
    assert thick.shape[:2] == (taken or shape) and (thick[: shape[0], : shape[1]] == photo).all()
    assert (thick is photo) == (taken is None)


def test_of_a_thickened_photo_mask_and_labels_have_the_size_of_the_photo() -> None:
    photo = np.zeros((1, 3000, 3), np.uint8)
    generator = Generator()
    assert SamSegmenter(SamParameters(), generator).segment(photo).shape == (1, 3000)
    assert generator.images[0].shape == (3, 3000, 3)

    class Wide(StandIn):
        def predict(self, **_: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
            return np.ones((3, 3, 3000), bool), np.ones(3), np.zeros((3, 4, 4))

    state = SamState(photo, Wide())
    state.add(SamPoint(5, 0))
    assert state.predict().shape == (1, 3000)


def test_undo_takes_back_the_last_prompt_and_reset_all() -> None:
    state = SamState(PHOTO, StandIn())
    state.add(SamBox(0, 0, 9, 9))
    state.add(SamPoint(20, 10))
    state.undo()
    assert state.prompts == prompts(SamBox(0, 0, 9, 9))
    state.predict()
    state.reset()
    state.undo()
    assert state.prompts == SamPrompts() and state.mask is None


def test_the_label_image_of_prompts_has_the_objects_first() -> None:
    state = SamState(PHOTO, StandIn())
    state.add(SamBox(2, 2, 8, 8))
    state.add(SamBox(12, 2, 20, 8))
    labels = state.labels()
    assert labels[4, 4] == 1 and labels[4, 15] == 2 and labels[0, 0] == 3 and labels.max() == 3


def test_automatic_masks_are_numbered_by_area_and_small_ones_lie_on_large_ones() -> None:
    small, large = np.zeros((6, 6), bool), np.zeros((6, 6), bool)
    small[1:3, 1:3], large[:4, :4] = True, True
    labels = labels_of_masks([small, large], (6, 6))
    assert labels[0, 0] == 1 and labels[1, 1] == 2 and labels[5, 5] == 3
    assert np.unique(labels).tolist() == [1, 2, 3]


def test_what_no_mask_covers_gets_an_id_for_each_part() -> None:
    column = np.zeros((4, 5), bool)
    column[:, 2] = True
    assert labels_of_masks([column], (4, 5))[0].tolist() == [2, 2, 1, 3, 3]


def test_a_mask_that_is_covered_leaves_no_gap() -> None:
    whole, left = np.ones((4, 4), bool), np.zeros((4, 4), bool)
    left[:, :2] = True
    labels = labels_of_masks([whole, left, ~left], (4, 4))
    assert np.unique(labels).tolist() == [1, 2]


def test_without_masks_the_photo_is_one_segment() -> None:
    assert (labels_of_masks([], (3, 4)) == 1).all()


class Generator:
    def __init__(self) -> None:
        self.images: list[NDArray[np.uint8]] = []

    def generate(self, image: NDArray[np.uint8]) -> list[dict[str, Any]]:
        self.images.append(image)
        mask = np.zeros(image.shape[:2], bool)
        mask[: len(mask) // 2] = True
        return [{"segmentation": mask, "area": int(mask.sum()), "predicted_iou": 0.9}]


def test_a_folder_of_photos_is_segmented_by_the_generator_on_a_bounded_copy() -> None:
    generator = Generator()
    segmenter = SamSegmenter(SamParameters(grid_megapixels=0.0001), generator)
    labels = segmenter.segment(PHOTO)
    assert labels.shape == (20, 30) and np.unique(labels).tolist() == [1, 2] and labels[0, 0] == 1
    assert generator.images[0].shape[0] * generator.images[0].shape[1] <= 100
    assert not segmenter.computes_in_workers
