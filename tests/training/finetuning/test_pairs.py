"""Which photos come together in an epoch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from storage.errors import UsageError
from tests.training.finetuning.conftest import TINY
from training.finetuning.pairs import EpochPairs, split_groups, validation_batches
from training.positives import Collection, joined, no_positives
from training.processes import Processes

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")

# Flat photos, each of a grey of its own: views tell which photo they are of.
PHOTOS = [np.full((40, 40, 3), 10 * number, np.uint8) for number in range(12)]
FLAT = replace(TINY, views=replace(TINY.views, jitter=0.0))


def collection(pairs: list[tuple[int, int]] | None = None) -> Collection:
    positives = no_positives(12) if pairs is None else joined(12, np.array(pairs))
    return Collection(PHOTOS, "drawn", positives)


def seen(pixels: torch.Tensor) -> list[int]:
    return [round(value / 10) for value in pixels.mean((1, 2, 3)).tolist()]


def test_every_photo_comes_once_in_an_epoch_and_in_another_order_in_the_next() -> None:
    epochs = EpochPairs(collection(), np.arange(12), FLAT, Processes())
    orders = [[n for part in range(3) for n in seen(epochs.draw(epoch, part).pixels[:4])] for epoch in (0, 1)]
    assert epochs.num_steps == 3
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(12)) and orders[0] != orders[1]


def test_without_positives_both_views_are_of_one_photo_and_no_two_photos_are_one_group() -> None:
    batch = EpochPairs(collection(), np.arange(12), FLAT, Processes()).draw(0, 0)
    assert seen(batch.pixels[:4]) == seen(batch.pixels[4:])
    assert batch.groups is not None and batch.groups[:4].tolist() == batch.groups[4:].tolist()
    assert len(set(batch.groups.tolist())) == 4


def test_with_positives_the_second_view_is_of_another_photo_of_the_building() -> None:
    house = [(0, 1), (1, 2), (0, 2)]
    epochs = EpochPairs(collection(house), np.arange(12), FLAT, Processes())
    for part in range(3):
        batch = epochs.draw(0, part)
        for first, second in zip(seen(batch.pixels[:4]), seen(batch.pixels[4:]), strict=True):
            assert {first, second} <= {0, 1, 2} and first != second if first < 3 else first == second
    groups = np.concatenate([epochs.draw(0, part).groups[:4].numpy() for part in range(3)])
    assert sorted(np.bincount(groups).tolist())[-1] == 3  # photos of one building: never told apart


def test_two_processes_see_together_what_one_sees() -> None:
    alone = EpochPairs(collection(), np.arange(12), replace(TINY, batch_size=4), Processes())
    halves = [
        EpochPairs(collection(), np.arange(12), replace(TINY, batch_size=2), Processes(rank, 2)) for rank in (0, 1)
    ]
    whole, first, second = alone.draw(2, 1).pixels, *(half.draw(2, 1).pixels for half in halves)
    assert torch.equal(whole, torch.cat([first[:2], second[:2], first[2:], second[2:]]))


def test_a_step_of_more_photos_than_there_are_is_a_wrong_call() -> None:
    with pytest.raises(UsageError, match="a step takes 16 photos .* but 12 are learnt from"):
        EpochPairs(collection(), np.arange(12), replace(TINY, accumulate=4), Processes())
    with pytest.raises(UsageError, match="nothing to be told apart from"):
        EpochPairs(collection(), np.arange(12), replace(TINY, batch_size=1), Processes())


def test_what_is_left_over_waits_for_another_epoch() -> None:
    assert EpochPairs(collection(), np.arange(11), FLAT, Processes()).num_steps == 2
    assert EpochPairs(collection(), np.arange(12), replace(FLAT, accumulate=2), Processes()).num_steps == 1


def test_a_building_is_learnt_from_or_validated_on_and_never_both() -> None:
    positives = joined(12, np.array([(0, 1), (1, 2), (4, 9), (5, 6)]))
    for seed in range(20):
        learnt, validated = split_groups(positives, 0.3, seed)
        assert sorted([*learnt, *validated]) == list(range(12)) and len(validated) >= 2
        assert not set(positives.groups[learnt]) & set(positives.groups[validated])


def test_few_groups_are_all_learnt_from() -> None:
    assert split_groups(no_positives(3), 0.5, 0)[1].tolist() == []
    assert split_groups(no_positives(12), 0.0, 0)[1].tolist() == []


def test_every_process_validates_on_as_many_batches_of_the_same_sizes() -> None:
    found = [validation_batches(collection(), np.arange(11), FLAT, Processes(rank, 2)) for rank in (0, 1)]
    assert [[len(batch.pixels) for batch in batches] for batches in found] == [[8, 2]] * 2
    photos = [n for batches in found for batch in batches for n in seen(batch.pixels[: len(batch.pixels) // 2])]
    assert len(set(photos)) == 10 and photos != sorted(photos)


def test_validation_sees_the_same_views_each_time() -> None:
    one, again = (validation_batches(collection(), np.arange(4), TINY, Processes())[0] for _ in range(2))
    assert torch.equal(one.pixels, again.pixels)
