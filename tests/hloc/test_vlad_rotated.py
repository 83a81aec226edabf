"""VLAD of local features with an orientation: what upright ones lose when a photo is turned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hloc.extractors import MODELS, choose_models, create_extractor, default_thresholds
from hloc.extractors.base import ExtractorOptions
from hloc.extractors.vlad import VladExtractor
from hloc.extractors.vlad_rotated import RotatedVladExtractor
from hloc.matching import create_matcher
from storage.errors import UsageError
from tests.hloc.test_vlad import textured

NUM_PHOTOS, DEGREES = 10, 40


def turned(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give a photo turned by 40 degrees on black, all of it kept."""
    return np.asarray(Image.fromarray(photo).rotate(DEGREES, Image.Resampling.BICUBIC, expand=True))


@pytest.fixture(scope="module")
def photos() -> list[NDArray[np.uint8]]:
    return [textured(seed) for seed in range(NUM_PHOTOS)]


def found_when_turned(extractor: VladExtractor, photos: list[NDArray[np.uint8]]) -> int:
    """Count the turned photos that are nearest to their own photo."""
    kept = [extractor.prepare_sample(photo) for photo in photos]
    extractor.learn(kept)
    vectors = np.stack([extractor.prepare_from_sample(each) for each in kept])
    scores = np.stack([vectors @ extractor.prepare(turned(photo)) for photo in photos])
    return int(np.count_nonzero(scores.argmax(axis=1) == np.arange(len(photos))))


def test_a_photo_turned_by_40_degrees_finds_its_photo_and_by_upright_features_it_mostly_does_not(
    photos: list[NDArray[np.uint8]],
) -> None:
    assert found_when_turned(RotatedVladExtractor(resize_max=200), photos) == NUM_PHOTOS
    assert found_when_turned(VladExtractor(resize_max=200), photos) < NUM_PHOTOS / 2


def test_it_is_in_the_registry_and_its_name_is_in_its_settings() -> None:
    made = create_extractor("vlad-rotated", ExtractorOptions())
    assert isinstance(made, RotatedVladExtractor)
    assert made.settings() == VladExtractor().settings() | {"model": "vlad-rotated"}
    assert default_thresholds("vlad-rotated") == MODELS["vlad"].thresholds


def test_it_can_be_joined_with_vlad_and_others_in_any_order() -> None:
    assert choose_models("thumbnail+vlad-rotated+vlad", ExtractorOptions()) == ["vlad", "vlad-rotated", "thumbnail"]


def test_it_shares_its_local_features_with_the_matcher_that_turns_them_and_with_no_other() -> None:
    made = create_extractor("vlad-rotated", ExtractorOptions())
    assert made.detection == create_matcher("rootsift_rotated", 2000).detection
    assert made.detection != create_matcher("rootsift", 2000).detection


def test_what_upright_vlad_learnt_gives_other_numbers_than_its_own(photos: list[NDArray[np.uint8]]) -> None:
    upright, rotated = VladExtractor(resize_max=200), RotatedVladExtractor(resize_max=200)
    upright.learn([upright.prepare_sample(photo) for photo in photos])
    rotated.load_state(upright.state())
    assert not np.allclose(upright.prepare(photos[0]), rotated.prepare(photos[0]))


@pytest.mark.parametrize("options", [{"weights": Path("w.mat")}, {"device": "cuda"}, {"resize_max": 4}])
def test_what_it_has_no_use_for_is_refused_by_its_own_name(options: dict) -> None:
    with pytest.raises(UsageError, match=f"--{next(iter(options))} .*vlad-rotated"):
        create_extractor("vlad-rotated", ExtractorOptions(**options))


def test_a_state_that_is_not_complete_is_refused_by_its_own_name() -> None:
    with pytest.raises(ValueError, match="what vlad-rotated learnt is not complete"):
        RotatedVladExtractor().load_state({})
