"""One detection for all who need the same local features of a photo."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hloc import local_features
from hloc.extractors.vlad import VladExtractor
from hloc.local_features import Detection, extract_local_features
from hloc.matching.rootsift import RootSift
from hloc.matching.rootsift_rotated import RotatedRootSift
from tests.hloc.matching.drawn import draw_facade


@pytest.fixture
def detected(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of keypoints wanted in each detection that was really done."""
    calls: list[int] = []

    def counted(photo: Any, num_keypoints: int, upright: bool) -> Any:
        calls.append(num_keypoints)
        return extract_local_features(photo, num_keypoints, upright)

    monkeypatch.setattr(local_features, "extract_local_features", counted)
    monkeypatch.setattr(local_features, "_last", None)
    return calls


def test_vlad_and_the_matcher_detect_once_in_the_same_photo(detected: list[int]) -> None:
    photo = np.array(draw_facade(1))
    kept = VladExtractor().prepare_sample(photo)
    stored = RootSift(2000).describe(photo)
    assert detected == [2000]
    assert len(kept["descriptors"]) == len(stored.keypoints)


def test_what_is_shared_is_what_each_would_detect_alone(detected: list[int]) -> None:
    photo = np.array(draw_facade(1))
    VladExtractor().prepare_sample(photo)
    shared, alone = RootSift(2000).describe(photo), RootSift(2000).describe(photo.copy())
    assert len(detected) == 2
    np.testing.assert_array_equal(shared.keypoints, alone.keypoints)
    np.testing.assert_array_equal(shared.descriptors, alone.descriptors)


def test_another_photo_of_equal_content_is_another_photo(detected: list[int]) -> None:
    photo = np.array(draw_facade(1))
    for array in (photo, photo.copy(), photo):
        Detection(640, 50, True).of(array)
    assert detected == [50, 50, 50]


@pytest.mark.parametrize(
    "other",
    [RootSift(1999), RotatedRootSift(2000), VladExtractor(resize_max=641), VladExtractor(num_keypoints=100)],
)
def test_other_features_are_detected_for_themselves(other: Any) -> None:
    assert other.detection != VladExtractor().detection


def test_the_matcher_of_default_settings_means_the_features_of_vlad() -> None:
    assert RootSift(2000).detection == VladExtractor().detection
