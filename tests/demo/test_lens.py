"""From light to a photo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from demo.lens import Lens, choose_lens, develop

PLAIN = Lens(falloff=0.0, blur=0.3, noise=0.0)


def shot(frame: np.ndarray, lens: Lens, seed: int = 0) -> np.ndarray:
    return develop(frame.astype(np.float32), lens, np.random.default_rng(seed))


@pytest.fixture
def grey() -> np.ndarray:
    return np.full((120, 160, 3), 0.3)


def test_a_photo_has_the_size_of_the_frame(grey: np.ndarray) -> None:
    photo = shot(grey, PLAIN)
    assert photo.shape == grey.shape and photo.dtype == np.uint8


def test_exposure_makes_up_for_the_light(grey: np.ndarray) -> None:
    bright, dim = shot(grey * 4, PLAIN), shot(grey / 4, PLAIN)
    assert abs(int(bright.mean()) - int(dim.mean())) < 45
    assert 70 < shot(grey, PLAIN).mean() < 180


def test_a_brighter_lens_gives_a_brighter_photo(grey: np.ndarray) -> None:
    assert shot(grey, replace(PLAIN, brightness=0.28)).mean() > shot(grey, replace(PLAIN, brightness=0.14)).mean() + 15


def test_balance_shifts_colour(grey: np.ndarray) -> None:
    red, _, blue = shot(grey, replace(PLAIN, balance=(1.2, 1.0, 0.8))).mean((0, 1))
    assert red > blue + 10


def test_corners_are_darker_than_the_middle(grey: np.ndarray) -> None:
    photo = shot(grey, replace(PLAIN, falloff=0.4))
    assert photo[0, 0].mean() < photo[60, 80].mean() - 15


def test_order_of_brightness_is_kept() -> None:
    ramp = np.broadcast_to(np.linspace(0, 3, 256)[None, :, None], (8, 256, 3))
    row = shot(ramp, PLAIN)[4, :, 0].astype(int)
    assert (np.diff(row) >= 0).all() and row[0] < 8 and row[-1] > 200


def test_noise_differs_between_photos_and_has_its_strength(grey: np.ndarray) -> None:
    lens = replace(PLAIN, noise=0.02)
    first, second = shot(grey, lens, 1).astype(int), shot(grey, lens, 2).astype(int)
    assert (first != second).mean() > 0.5
    assert 2 < (first - second).std() / 2**0.5 < 9


def test_blur_softens_edges() -> None:
    edge = np.zeros((40, 40, 3))
    edge[:, 20:] = 0.5
    sharp, soft = (
        np.abs(np.diff(shot(edge, replace(PLAIN, blur=blur))[20, :, 0].astype(int))).max() for blur in (0.3, 1.5)
    )
    assert soft < 0.8 * sharp


def test_light_below_nought_is_black_and_light_beyond_all_measure_is_white() -> None:
    frame = np.full((20, 30, 3), 0.3)
    frame[:5], frame[-5:] = -0.01, 1e6
    photo = shot(frame, PLAIN)
    assert photo[:3].max() == 0 and photo[-3:].min() > 250


def test_a_black_frame_stays_black() -> None:
    assert shot(np.zeros((20, 30, 3)), PLAIN).max() == 0


@pytest.mark.parametrize("seed", range(10))
def test_chosen_lenses_are_ordinary(seed: int) -> None:
    lens = choose_lens(np.random.default_rng(seed))
    assert 0.1 < lens.brightness < 0.35 and 0 <= lens.falloff < 0.5 and lens.noise < 0.02
