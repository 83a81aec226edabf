"""Pairs of crops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from training.crops import draw_crop
from training.positives import Collection, joined, no_positives
from training.settings import ContrastiveSettings, CropSettings
from training.views import Views

PLAIN = CropSettings(mixed=0, perspective=0, blur=0, colour=0)
GREYS = [np.full((40, 60, 3), 20 * number, np.uint8) for number in range(8)]  # photo n has the grey 20 n
ALONE = Views(Collection(GREYS, "greys", no_positives(8)), PLAIN, seed=3)
JOINED = joined(8, np.array([[0, 1], [1, 2], [6, 7]]))
PAIRED = replace(ALONE, collection=Collection(GREYS, "greys", JOINED))


def shown(views: Views, step: int, num_pairs: int = 6) -> list[tuple[int, int]]:
    """The photos of each pair."""
    greys = views.draw(step, num_pairs, 32).pixels.mean((1, 2, 3)) / 20
    numbers = [round(float(grey)) for grey in greys]
    return list(zip(numbers[:num_pairs], numbers[num_pairs:], strict=True))


def test_a_pair_is_of_one_photo_and_no_photo_comes_twice() -> None:
    for step in range(5):
        pairs = shown(ALONE, step)
        assert all(first == second for first, second in pairs)
        assert len({first for first, _ in pairs}) == 6


def test_a_pair_is_of_two_photos_where_a_pair_joins_them() -> None:
    pairs = {pair for step in range(40) for pair in shown(PAIRED, step)}
    assert pairs == {(0, 1), (1, 0), (1, 2), (2, 1), (6, 7), (7, 6), (3, 3), (4, 4), (5, 5)}


def test_the_groups_are_those_of_the_photos_drawn() -> None:
    batch = PAIRED.draw(0, 6, 32)
    numbers = (batch.pixels.mean((1, 2, 3)) / 20).round().long().numpy()
    assert batch.groups is not None
    assert np.array_equal(batch.groups.numpy(), JOINED.groups[numbers])


def test_more_pairs_than_photos_repeat_photos() -> None:
    assert len(shown(ALONE, 0, num_pairs=20)) == 20


def test_a_step_has_the_same_pairs_whenever_it_is_drawn_and_others_than_the_next() -> None:
    views = replace(ALONE, crops=ContrastiveSettings().crops)
    first, again, following = (views.draw(step, 4, 48).pixels for step in (5, 5, 6))
    assert torch.equal(first, again) and not torch.equal(first, following)
    assert not torch.equal(first, replace(views, seed=4).draw(5, 4, 48).pixels)


def test_crops_have_the_side_of_the_stage() -> None:
    assert ALONE.draw(0, 2, 48).pixels.shape == (4, 3, 48, 48)


def test_both_crops_of_a_pair_are_drawn_anew() -> None:
    noise = [np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)]
    pixels = Views(Collection(noise, "noise", no_positives(1)), PLAIN, 0).draw(0, 1, 32).pixels
    assert not torch.equal(pixels[0], pixels[1])


def test_by_default_a_crop_shows_one_photo_and_a_fifth_of_it_at_least() -> None:
    crops = ContrastiveSettings().crops
    assert crops.mixed == 0
    ramp = np.stack([np.tile(np.arange(200, dtype=np.uint8), (120, 1))] * 3, axis=2)
    plain = replace(PLAIN, min_area=crops.min_area, size=32)
    rng = np.random.default_rng(0)
    widths = [float(np.ptp(draw_crop([ramp], 0, plain, rng)[..., 0].astype(int))) for _ in range(200)]
    assert min(widths) > 200 * 0.2**0.5 / 1.5**0.5 * 0.9
