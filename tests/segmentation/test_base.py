"""What all methods share: grids, enlarging, numbering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from segmentation.base import Segmenter, contrib, enlarged, on_grid, without_gaps
from segmentation.method_parameters import GridParameters
from segmentation.parameters import Auto, size
from storage.errors import UsageError


@dataclass(frozen=True)
class HalvesParameters(GridParameters):
    side: float | Auto = size(40.0, "a length", 0, 1e6)
    area: int | Auto = size(100, "an area", 0, 10**9, dimension=2)


class Halves(Segmenter[HalvesParameters]):
    name = "halves"

    def segment_copy(self, photo: NDArray[np.uint8], sizes: Mapping[str, float]) -> NDArray[Any]:
        self.seen = photo.shape, sizes
        labels = np.full(photo.shape[:2], 7)
        labels[:, photo.shape[1] // 2 :] = 3
        labels[0] = 0
        return labels


def test_a_small_photo_is_segmented_as_it_is() -> None:
    segmenter = Halves(HalvesParameters(grid_megapixels=0.01, side=30, area=50))
    labels = segmenter.segment(np.zeros((100, 100, 3), np.uint8))
    assert segmenter.seen == ((100, 100, 3), {"side": 30, "area": 50})
    assert labels.dtype == np.int32 and labels.shape == (100, 100)


def test_a_large_photo_is_segmented_on_a_copy_and_labels_are_enlarged() -> None:
    segmenter = Halves(HalvesParameters(grid_megapixels=0.01, side=30, area=160))
    labels = segmenter.segment(np.zeros((200, 800, 3), np.uint8))
    shape, sizes = segmenter.seen
    assert shape == (50, 200, 3) and sizes == pytest.approx({"side": 7.5, "area": 10})
    assert labels.shape == (200, 800)
    assert labels[100].tolist() == [2] * 400 + [1] * 400 and labels[3, 0] == 0 and labels[4, 0] == 2


def test_sizes_that_follow_the_photo_are_those_of_the_photo_and_not_of_its_copy() -> None:
    segmenter = Halves(HalvesParameters(grid_megapixels=0.01))
    segmenter.segment(np.zeros((486, 864, 3), np.uint8))
    scale = (10_000 / (486 * 864)) ** 0.5
    assert segmenter.seen[1] == pytest.approx({"side": 40 * scale, "area": 100 * scale**2})


def test_a_grid_of_0_is_the_whole_photo() -> None:
    photo = np.zeros((30, 40, 3), np.uint8)
    assert on_grid(photo, 0)[0] is photo


def test_a_copy_never_has_more_pixels_than_asked_for() -> None:
    for shape in ((3000, 4000), (1, 9000), (7, 1999)):
        copy, scale = on_grid(np.zeros((*shape, 3), np.uint8), 0.001)
        assert 0 < copy.shape[0] * copy.shape[1] <= 1000 or min(shape) == 1
        assert 0 < scale < 1


def test_labels_are_enlarged_to_the_nearest_pixel() -> None:
    assert enlarged(np.array([[1, 2]]), (2, 4)).tolist() == [[1, 1, 2, 2]] * 2


def test_gaps_are_closed_in_order_and_edges_stay() -> None:
    labels = np.array([[9, 0, 4], [4, 70000, 9]], np.int32)
    assert without_gaps(labels).tolist() == [[2, 0, 1], [1, 3, 2]]


@pytest.mark.parametrize("photo", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_photo_is_refused(photo: NDArray[Any]) -> None:
    with pytest.raises(ValueError, match="a photo is uint8"):
        Halves(HalvesParameters()).segment(photo)


def test_without_the_contrib_package_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "ximgproc")
    with pytest.raises(UsageError, match="graph needs opencv-contrib-python-headless"):
        contrib("graph")
