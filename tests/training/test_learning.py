"""Distillation: it learns, it goes on where it stopped, it refuses to mix."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from storage.errors import DamagedFileError, UsageError
from tests.training.conftest import TINY_LEARNING, TINY_STUDENT
from training.learning import Learning, Progress, Running
from training.objectives import distil
from training.pool import Pool
from training.settings import LearningSettings


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def test_the_loss_falls(tmp_path: Path, pool: Pool) -> None:
    told: list[Progress] = []
    learning = replace(TINY_LEARNING, num_samples=960, learning_rate=1e-2)
    Learning(distil(pool, learning), TINY_STUDENT).run(
        Running(tmp_path / "checkpoint.pt", report_samples=160, report=told.append)
    )
    assert [progress.samples for progress in told] == [160, 320, 480, 640, 800, 960]
    assert told[-1].losses["cosine"] < 0.7 * told[0].losses["cosine"]
    assert told[-1].losses["local"] < told[0].losses["local"]
    assert told[0].input_side == 32 and told[-1].input_side == 48


def test_a_training_in_legs_ends_with_the_same_weights(tmp_path: Path, pool: Pool) -> None:
    at_once = weights(Learning(distil(pool, TINY_LEARNING), TINY_STUDENT).run(Running(tmp_path / "one.pt")))
    for _ in range(4):
        leg = Learning(distil(pool, TINY_LEARNING), TINY_STUDENT)
        result = weights(leg.run(Running(tmp_path / "legs.pt", stop_after=3)))
    assert leg.step == TINY_LEARNING.num_steps
    assert all(torch.equal(result[name], at_once[name]) for name in at_once)


def test_a_finished_training_is_not_trained_further(tmp_path: Path, pool: Pool) -> None:
    running = Running(tmp_path / "checkpoint.pt")
    first = weights(Learning(distil(pool, TINY_LEARNING), TINY_STUDENT).run(running))
    again = Learning(distil(pool, TINY_LEARNING), TINY_STUDENT)
    second = weights(again.run(running))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path, pool: Pool) -> None:
    Learning(distil(pool, TINY_LEARNING), TINY_STUDENT).run(Running(tmp_path / "checkpoint.pt", stop_after=1))
    other = Learning(distil(pool, replace(TINY_LEARNING, learning_rate=1e-4)), TINY_STUDENT)
    with pytest.raises(UsageError, match="of a training with other settings"):
        other.run(Running(tmp_path / "checkpoint.pt"))


def test_a_cut_checkpoint_is_named(tmp_path: Path, pool: Pool) -> None:
    path = tmp_path / "checkpoint.pt"
    Learning(distil(pool, TINY_LEARNING), TINY_STUDENT).run(Running(path, stop_after=1))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DamagedFileError, match=r"checkpoint\.pt is no checkpoint"):
        Learning(distil(pool, TINY_LEARNING), TINY_STUDENT).run(Running(path))


def test_training_can_begin_with_given_weights(tmp_path: Path, pool: Pool) -> None:
    first = Learning(distil(pool, TINY_LEARNING), TINY_STUDENT)
    first.run(Running(tmp_path / "checkpoint.pt"))
    second = Learning(distil(pool, TINY_LEARNING), TINY_STUDENT, initial=first.averaged.state_dict())
    assert all(
        torch.equal(value, first.averaged.state_dict()[name]) for name, value in second.network.state_dict().items()
    )


def test_other_seeds_give_other_weights(tmp_path: Path, pool: Pool) -> None:
    results = [
        weights(
            Learning(distil(pool, replace(TINY_LEARNING, seed=seed)), TINY_STUDENT).run(
                Running(tmp_path / f"{seed}.pt")
            )
        )
        for seed in (1, 2)
    ]
    assert not torch.equal(results[0]["head.weight"], results[1]["head.weight"])


def test_the_rate_rises_then_falls_to_almost_nothing() -> None:
    learning = LearningSettings(num_samples=128 * 5000, learning_rate=1.0)
    rates = [learning.rate(step) for step in range(5000)]
    assert rates[0] == pytest.approx(1 / 167, rel=0.01) and max(rates) > 0.99 and rates.index(max(rates)) == 166
    assert rates[-1] < 0.006 and all(rate > 0 for rate in rates)


def test_pictures_grow_at_their_share_of_the_training() -> None:
    learning = LearningSettings(num_samples=1000, batch_size=10, input_stages=((0.0, 96), (0.6, 128), (0.9, 160)))
    assert [learning.input_side(step) for step in (0, 59, 60, 89, 90, 99)] == [96, 96, 128, 128, 160, 160]
