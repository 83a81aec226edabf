"""Random crops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.crops import draw_crop, recoloured
from training.settings import CropSettings

PLAIN = CropSettings(size=32, mixed=0, perspective=0, blur=0, colour=0)
GRADIENT = np.stack([np.tile(np.arange(200, dtype=np.uint8), (120, 1))] * 3, axis=2)
BLACK, WHITE = np.zeros((60, 80, 3), np.uint8), np.full((60, 80, 3), 255, np.uint8)


def test_a_crop_is_square_whatever_the_photo() -> None:
    for shape in [(20, 300, 3), (300, 20, 3), (5, 5, 3), (64, 64, 3)]:
        crop = draw_crop([np.zeros(shape, np.uint8)], 0, replace(PLAIN, colour=1.0), np.random.default_rng(0))
        assert crop.shape == (32, 32, 3) and crop.dtype == np.uint8


def test_the_same_generator_draws_the_same_crop() -> None:
    settings = CropSettings(size=32)
    crops = [draw_crop([GRADIENT, WHITE], 0, settings, np.random.default_rng(5)) for _ in range(2)]
    assert np.array_equal(*crops)
    other = draw_crop([GRADIENT, WHITE], 0, settings, np.random.default_rng(6))
    assert not np.array_equal(crops[0], other)


def test_crops_are_small_and_large_shares_of_the_photo() -> None:
    rng = np.random.default_rng(0)
    widths = [float(np.ptp(draw_crop([GRADIENT], 0, PLAIN, rng)[..., 0].astype(int))) for _ in range(200)]
    assert min(widths) < 80 and max(widths) > 170


def test_crops_are_mirrored_half_of_the_time() -> None:
    rng = np.random.default_rng(0)
    crops = [draw_crop([GRADIENT], 0, PLAIN, rng).astype(int) for _ in range(200)]
    num_mirrored = sum(crop[0, 0, 0] > crop[0, -1, 0] for crop in crops)
    assert 70 < num_mirrored < 130


def test_a_mixed_crop_shows_two_photos() -> None:
    rng = np.random.default_rng(0)
    crops = [draw_crop([BLACK, WHITE], 0, replace(PLAIN, mixed=1.0), rng) for _ in range(40)]
    assert any(0 < crop.mean() < 255 for crop in crops)


def test_without_mixing_a_crop_shows_one_photo() -> None:
    rng = np.random.default_rng(0)
    assert all(draw_crop([BLACK, WHITE], 0, PLAIN, rng).max() == 0 for _ in range(20))


def test_no_colour_change_at_strength_zero() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    assert np.abs(recoloured(picture, 0.0, np.random.default_rng(2)).astype(int) - picture).max() <= 1


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_colours_change_from_draw_to_draw(strength: float) -> None:
    picture = np.full((4, 4, 3), 120, np.uint8)
    rng = np.random.default_rng(3)
    means = [recoloured(picture, strength, rng).mean() for _ in range(50)]
    assert 5 * strength < np.std(means) < 60 * strength


def test_the_photo_itself_is_not_changed() -> None:
    photo = GRADIENT.copy()
    for seed in range(10):
        draw_crop([photo, WHITE], 0, replace(PLAIN, mixed=0.5, colour=1.0), np.random.default_rng(seed))
    assert np.array_equal(photo, GRADIENT)
