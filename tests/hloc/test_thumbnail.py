"""The photo itself as its descriptor."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hloc.extractors import choose_models, create_extractor, default_thresholds
from hloc.extractors.base import ExtractorOptions
from hloc.extractors.thumbnail import ThumbnailExtractor
from storage.errors import UsageError
from tests.drawn_photos import draw_photo

EXTRACTOR = ThumbnailExtractor()
PHOTO = np.asarray(draw_photo(1, 240, 160))
OTHERS = [np.asarray(draw_photo(seed, 240, 160)) for seed in range(2, 8)]


def likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(EXTRACTOR.prepare(one) @ EXTRACTOR.prepare(other))


def test_a_photo_is_a_unit_vector_of_its_thumbnails_pixels() -> None:
    vector = EXTRACTOR.prepare(PHOTO)
    assert vector.shape == (EXTRACTOR.dimension,) == (3072,) and vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6) and vector.sum() == pytest.approx(0, abs=1e-3)


def test_a_photo_of_thumbnail_size_is_described_by_its_own_pixels() -> None:
    small = np.random.default_rng(0).integers(0, 256, (32, 32, 3)).astype(np.uint8)
    centred = small.reshape(-1) - small.mean()
    np.testing.assert_allclose(EXTRACTOR.prepare(small), centred / np.linalg.norm(centred), atol=1e-5)


def altered() -> dict[str, NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    noisy = np.clip(PHOTO + rng.normal(0, 50, PHOTO.shape), 0, 255).astype(np.uint8)
    written = cv2.putText(PHOTO.copy(), "SAMPLE", (20, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (255, 255, 255), 2)
    return {
        "noise": noisy,
        "blur": cv2.GaussianBlur(PHOTO, (9, 9), 0),
        "half the size": cv2.resize(PHOTO, (120, 80), interpolation=cv2.INTER_AREA),
        "half the contrast": PHOTO // 2 + 64,
        "writing": np.asarray(written, np.uint8),
    }


@pytest.mark.parametrize("alteration", ["noise", "blur", "half the size", "half the contrast", "writing"])
def test_an_altered_photo_is_nearer_to_its_original_than_any_other_photo_is(alteration: str) -> None:
    changed = altered()[alteration]
    assert likeness(changed, PHOTO) > max(0.8, *(likeness(changed, other) for other in OTHERS))


def test_a_turned_photo_is_not_known_again() -> None:
    assert likeness(np.ascontiguousarray(np.rot90(PHOTO)), PHOTO) < 0.8


def test_a_photo_of_one_grey_has_no_feature() -> None:
    assert not EXTRACTOR.prepare(np.full((50, 70, 3), 128, np.uint8)).any()


def test_it_is_chosen_by_name_and_joins_others() -> None:
    made = create_extractor("thumbnail", ExtractorOptions())
    assert isinstance(made, ThumbnailExtractor) and made.settings()["model"] == "thumbnail"
    assert choose_models("thumbnail+vlad", ExtractorOptions()) == ["vlad", "thumbnail"]
    assert default_thresholds("thumbnail") == (0.98, 0.95)


@pytest.mark.parametrize("options", [{"weights": Path("w.onnx")}, {"resize_max": 64}, {"device": "cuda"}])
def test_a_flag_that_it_cannot_obey_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=f"--{next(iter(options))} .*leave (it|the flag) out"):
        create_extractor("thumbnail", ExtractorOptions(**options))  # type: ignore[arg-type]
