"""What the student sees at a step."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from storage.formats.crop_shards import CropShard
from tests.training.conftest import TINY_LEARNING
from training.batches import Batch, batches, draw_batch
from training.pool import Pool


def test_a_batch_of_pairs_has_the_colours_first_and_each_group_twice() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    batch = Batch.of_pairs(list(crops), np.array([5, 2]))
    assert batch.pixels.dtype == torch.float32 and np.array_equal(batch.pixels.permute(0, 2, 3, 1).numpy(), crops)
    assert batch.groups is not None and batch.groups.tolist() == [5, 2, 5, 2]
    assert batch.answers is None and batch.maps is None


def test_a_mirrored_crop_is_compared_with_the_mirrored_map() -> None:
    crops = np.zeros((4, 48, 48, 3), np.uint8)
    crops[:, :, 24:] = 255
    maps = np.zeros((4, 4, 4, 6), np.float16)
    maps[:, :, 2:] = 1.0
    lit_right = Pool([CropShard(crops, np.zeros((4, 6), np.float16), maps)])
    batch = draw_batch(lit_right, TINY_LEARNING, 0)
    pixels, places = batch.pixels, batch.maps
    is_lit_right = pixels[:, 0, 0, -1] > pixels[:, 0, 0, 0]
    assert 0 < is_lit_right.sum() < len(pixels)
    assert torch.equal(is_lit_right, places[:, 0, 0, -1] > places[:, 0, 0, 0])


def test_colours_are_shifted_but_stay_colours(pool: Pool) -> None:
    taken = draw_batch(pool, TINY_LEARNING, 0).pixels.numpy()
    assert taken.min() >= 0 and taken.max() <= 255 and (taken % 1 != 0).any()


def test_a_step_has_the_same_batch_whenever_it_is_drawn(pool: Pool) -> None:
    first, again, next_step = (draw_batch(pool, TINY_LEARNING, step) for step in (3, 3, 4))
    assert torch.equal(first.pixels, again.pixels) and torch.equal(first.maps, again.maps)
    assert not torch.equal(first.answers, next_step.answers)


@pytest.mark.parametrize("num_loaders", [0, 1, 3])
def test_threads_give_the_batches_in_order(pool: Pool, num_loaders: int) -> None:
    drawn = list(batches(partial(draw_batch, pool, TINY_LEARNING), range(2, TINY_LEARNING.num_steps), num_loaders))
    assert len(drawn) == TINY_LEARNING.num_steps - 2
    for step, batch in enumerate(drawn, start=2):
        assert torch.equal(batch.pixels, draw_batch(pool, TINY_LEARNING, step).pixels)


def test_a_training_may_end_before_all_batches_are_used(pool: Pool) -> None:
    drawn = batches(partial(draw_batch, pool, TINY_LEARNING), range(10), 2)
    assert next(drawn).pixels.shape == (16, 3, 32, 32)
    drawn.close()
