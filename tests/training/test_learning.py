"""Learning: it learns, it goes on where it stopped, it refuses to mix."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from storage.errors import DamagedFileError, UsageError
from tests.training.conftest import TINY_LEARNING, TINY_STUDENT
from tests.training.test_export import used_student
from training.learning import Learning, Progress, Running
from training.objectives import adapt, contrast, distil, distil_and_contrast
from training.photo_set import PhotoSet
from training.pool import Pool
from training.positives import Collection, no_positives
from training.settings import ContrastiveSettings, LearningSettings
from training.views import Views


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


def test_the_checkpoint_of_a_finished_training_stays(tmp_path: Path, pool: Pool) -> None:
    running = Running(tmp_path / "checkpoint.pt")
    Learning(distil(pool, TINY_LEARNING), TINY_STUDENT).run(running)
    before = running.checkpoint.stat()
    Learning(distil(pool, TINY_LEARNING), TINY_STUDENT).run(running)
    assert running.checkpoint.stat().st_mtime_ns == before.st_mtime_ns


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path, pool: Pool) -> None:
    Learning(distil(pool, TINY_LEARNING), TINY_STUDENT).run(Running(tmp_path / "checkpoint.pt", stop_after=1))
    other = Learning(distil(pool, replace(TINY_LEARNING, learning_rate=1e-4)), TINY_STUDENT)
    with pytest.raises(UsageError, match="of a training with other settings"):
        other.run(Running(tmp_path / "checkpoint.pt"))


def test_a_checkpoint_of_crops_of_other_photos_is_refused(tmp_path: Path, pool: Pool) -> None:
    Learning(distil(pool, TINY_LEARNING), TINY_STUDENT).run(Running(tmp_path / "checkpoint.pt", stop_after=1))
    other = Learning(distil(Pool(pool.shards, pool.identity | {"photos": "others"}), TINY_LEARNING), TINY_STUDENT)
    with pytest.raises(UsageError, match="of a training with other settings or photos"):
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


@pytest.fixture
def views(photos: PhotoSet) -> Views:
    collection = Collection(photos.photos, photos.digest, no_positives(len(photos.photos)))
    return Views(collection, CONTRASTIVE.crops, 0)


CONTRASTIVE = ContrastiveSettings()
LONGER = replace(TINY_LEARNING, num_samples=480, learning_rate=1e-2, input_stages=((0.0, 32),))


def adaptation(views: Views, learning: LearningSettings) -> Learning:
    former = used_student(TINY_STUDENT)
    objective = adapt(views, learning, CONTRASTIVE, copy.deepcopy(former), "former")
    return Learning(objective, TINY_STUDENT, initial=former.state_dict())


def test_crops_of_one_photo_become_more_alike_than_crops_of_two(tmp_path: Path, views: Views) -> None:
    told: list[Progress] = []
    Learning(contrast(views, LONGER, CONTRASTIVE), TINY_STUDENT).run(
        Running(tmp_path / "checkpoint.pt", report_samples=160, report=told.append)
    )
    assert list(told[0].losses) == ["contrastive"]
    assert told[-1].losses["contrastive"] < 0.7 * told[0].losses["contrastive"]


def test_both_are_learnt_at_once(tmp_path: Path, pool: Pool, views: Views) -> None:
    told: list[Progress] = []
    Learning(distil_and_contrast(pool, views, replace(LONGER, num_samples=960), CONTRASTIVE), TINY_STUDENT).run(
        Running(tmp_path / "checkpoint.pt", report_samples=160, report=told.append)
    )
    for name in ("cosine", "contrastive"):
        assert told[-1].losses[name] < 0.9 * told[0].losses[name]


def test_a_training_on_pairs_in_legs_ends_with_the_same_weights(tmp_path: Path, views: Views) -> None:
    at_once = weights(adaptation(views, TINY_LEARNING).run(Running(tmp_path / "one.pt")))
    for _ in range(3):
        leg = adaptation(views, TINY_LEARNING)
        result = weights(leg.run(Running(tmp_path / "legs.pt", stop_after=4, num_loaders=2)))
    assert leg.step == TINY_LEARNING.num_steps
    assert all(torch.equal(result[name], at_once[name]) for name in at_once)


def test_an_adapted_student_stays_near_its_former_answers(tmp_path: Path, views: Views) -> None:
    told: list[Progress] = []
    learning = replace(LONGER, learning_rate=1e-3)
    adapted = adaptation(views, learning)
    adapted.run(Running(tmp_path / "checkpoint.pt", report_samples=240, report=told.append))
    free = Learning(
        contrast(views, learning, CONTRASTIVE), TINY_STUDENT, initial=used_student(TINY_STUDENT).state_dict()
    )
    free.run(Running(tmp_path / "free.pt"))
    batch = adapted.objective.draw(0)
    far = [adapted.objective.losses(one.averaged, batch)["cosine"].item() for one in (adapted, free)]
    assert far[0] < 0.5 * far[1]


def test_the_norms_of_an_adapted_student_stay_as_they_were(tmp_path: Path, views: Views) -> None:
    adapted = adaptation(views, TINY_LEARNING)
    before = weights(adapted.network)
    adapted.run(Running(tmp_path / "checkpoint.pt"))
    after = weights(adapted.network)
    assert all(torch.equal(before[name], after[name]) for name in before if "running" in name)
    assert not torch.equal(before["head.weight"], after["head.weight"])


def test_a_training_on_other_photos_is_not_gone_on_with(tmp_path: Path, views: Views) -> None:
    adaptation(views, TINY_LEARNING).run(Running(tmp_path / "checkpoint.pt", stop_after=1))
    others = replace(views, collection=replace(views.collection, digest="others"))
    with pytest.raises(UsageError, match="of a training with other settings"):
        adaptation(others, TINY_LEARNING).run(Running(tmp_path / "checkpoint.pt"))


def test_a_training_with_another_objective_is_not_gone_on_with(tmp_path: Path, pool: Pool, views: Views) -> None:
    Learning(distil(pool, TINY_LEARNING), TINY_STUDENT).run(Running(tmp_path / "checkpoint.pt", stop_after=1))
    other = Learning(contrast(views, TINY_LEARNING, CONTRASTIVE), TINY_STUDENT)
    with pytest.raises(UsageError, match="of a training with other settings"):
        other.run(Running(tmp_path / "checkpoint.pt"))


def test_the_rate_is_told(tmp_path: Path, pool: Pool) -> None:
    told: list[Progress] = []
    Learning(distil(pool, TINY_LEARNING), TINY_STUDENT).run(
        Running(tmp_path / "checkpoint.pt", report_samples=80, report=told.append)
    )
    assert [progress.rate for progress in told] == [TINY_LEARNING.rate(4), TINY_LEARNING.rate(9)]
