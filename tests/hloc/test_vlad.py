from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hloc.extractors.base import ExtractorOptions
from hloc.extractors.vlad import VladExtractor, create
from storage.errors import UsageError
from tests.drawn_photos import draw_photo


def textured(seed: int, width: int = 200, height: int = 150) -> NDArray[np.uint8]:
    """A photo with corners and blobs enough for keypoints."""
    random = np.random.default_rng(seed)
    photo = np.asarray(draw_photo(seed, width, height)).astype(np.int64)
    for _ in range(60):
        x, y = random.integers(0, width - 12), random.integers(0, height - 12)
        photo[y : y + random.integers(4, 12), x : x + random.integers(4, 12)] += random.integers(-120, 120, 3)
    return np.clip(photo, 0, 255).astype(np.uint8)


def learnt(photos: list[NDArray[np.uint8]]) -> VladExtractor:
    extractor = VladExtractor(resize_max=200)
    extractor.learn([extractor.prepare_sample(photo) for photo in photos])
    return extractor


@pytest.fixture(scope="module")
def photos() -> list[NDArray[np.uint8]]:
    return [textured(seed) for seed in range(12)]


@pytest.fixture(scope="module")
def extractor(photos: list[NDArray[np.uint8]]) -> VladExtractor:
    return learnt(photos)


def test_every_photo_gets_a_unit_vector_of_the_stated_length(
    extractor: VladExtractor, photos: list[NDArray[np.uint8]]
) -> None:
    vectors = np.stack([extractor.prepare(photo) for photo in photos])
    assert vectors.shape == (12, extractor.dimension) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_crop_of_a_photo_is_closest_to_its_photo(extractor: VladExtractor, photos: list[NDArray[np.uint8]]) -> None:
    vectors = np.stack([extractor.prepare(photo) for photo in photos])
    for number in (0, 5, 11):
        scores = vectors @ extractor.prepare(np.ascontiguousarray(photos[number][10:140, 15:190]))
        assert int(np.argmax(scores)) == number


def test_a_photo_is_described_alike_from_its_pixels_and_from_what_was_kept(
    extractor: VladExtractor, photos: list[NDArray[np.uint8]]
) -> None:
    kept = extractor.prepare_sample(photos[3])
    np.testing.assert_array_equal(extractor.prepare_from_sample(kept), extractor.prepare(photos[3]))


def test_learning_twice_gives_the_same_bits(extractor: VladExtractor, photos: list[NDArray[np.uint8]]) -> None:
    again = learnt(photos).state()
    for key, values in extractor.state().items():
        np.testing.assert_array_equal(values, again[key], err_msg=key)


def test_the_state_carries_everything_that_was_learnt(
    extractor: VladExtractor, photos: list[NDArray[np.uint8]]
) -> None:
    other = VladExtractor(resize_max=200)
    other.load_state(extractor.state())
    assert other.learnt_on == 12
    np.testing.assert_array_equal(other.prepare(photos[0]), extractor.prepare(photos[0]))


def test_a_copied_extractor_describes_alike(extractor: VladExtractor, photos: list[NDArray[np.uint8]]) -> None:
    twin = copy.deepcopy(extractor)  # as the worker processes get one
    np.testing.assert_array_equal(twin.prepare(photos[0]), extractor.prepare(photos[0]))


def test_a_photo_of_one_colour_has_a_zero_vector(extractor: VladExtractor) -> None:
    assert not extractor.prepare(np.full((100, 120, 3), 128, np.uint8)).any()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_handful_of_photos_is_enough(photos: list[NDArray[np.uint8]], count: int) -> None:
    extractor = learnt(photos[:count])
    vectors = np.stack([extractor.prepare(photo) for photo in photos])
    assert np.isfinite(vectors).all() and vectors.shape[1] == extractor.dimension


def test_photos_that_are_all_the_same_are_all_alike(photos: list[NDArray[np.uint8]]) -> None:
    extractor = learnt([photos[0]] * 6)
    vector = extractor.prepare(photos[0])
    assert np.isfinite(vector).all()


def test_a_collection_without_any_keypoint_can_be_learnt(photos: list[NDArray[np.uint8]]) -> None:
    flat = np.full((60, 60, 3), 90, np.uint8)
    extractor = learnt([flat, flat])
    assert not extractor.prepare(flat).any()


@pytest.mark.parametrize("options", [{"weights": Path("w.mat")}, {"device": "cuda"}, {"resize_max": 4}])
def test_what_it_has_no_use_for_is_refused(options: dict) -> None:
    with pytest.raises(UsageError, match=f"--{next(iter(options))}"):
        create(ExtractorOptions(**options))


def test_quality_on_real_buildings_reaches_its_figures(shared_dir: Path) -> None:
    """A sample of the labelled buildings: the pairs on top show the same building (all 220: benchmarks/quality.md)."""
    from hloc.retrieval_measures import measure_retrieval
    from storage.formats.labels import read_labels
    from storage.photos import load_photo

    folder = shared_dir / "photos" / "buildings"
    labels = read_labels(folder / "labels.csv")
    chosen = sorted(set(labels.values()))[::4]
    names = [name for name, label in labels.items() if label in chosen]
    extractor = VladExtractor()
    kept = [extractor.prepare_sample(load_photo(folder / name, extractor.max_side)) for name in names]
    extractor.learn(kept)
    vectors = np.stack([extractor.prepare_from_sample(item) for item in kept])
    measures = measure_retrieval(vectors, [labels[name] for name in names])
    assert measures.mean_average_precision > 0.7 and measures.precision_at_1 > 0.85
