"""Learning: it learns, keeps the best, stops, goes on where it was, refuses to mix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storage.errors import DamagedFileError, StageError, UsageError
from tests.training.autoencoder.conftest import TINY
from training.autoencoder import learning as module
from training.autoencoder.learning import AutoencoderLearning, Pictures, split
from training.autoencoder.losses import Loss, make_loss
from training.autoencoder.settings import AutoencoderSettings
from training.checkpoints import read_checkpoint
from training.reporting import Epoch

torch = pytest.importorskip("torch")


def begun(pictures: Pictures, settings: AutoencoderSettings = TINY, loss: Loss | None = None) -> AutoencoderLearning:
    return AutoencoderLearning(pictures, settings, loss or make_loss(settings.loss))


def equal(one: Any, other: Any) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Losses that the validation gives in turn."""
    losses: list[float] = []
    monkeypatch.setattr(AutoencoderLearning, "_validate", lambda self: losses[self.epoch])
    yield losses


@pytest.mark.parametrize("loss", ["mse", "l1"])
def test_the_loss_falls(tmp_path: Path, pictures: Pictures, loss: str) -> None:
    told: list[Epoch] = []
    settings = replace(TINY, epochs=6, loss=loss)
    begun(pictures, settings).run(tmp_path / "checkpoint.pt", told.append)
    assert [epoch.number for epoch in told] == list(range(1, 7))
    assert told[-1].training_loss < 0.7 * told[0].training_loss
    assert min(epoch.validation_loss for epoch in told) < 0.95 * told[0].validation_loss


def test_a_training_in_legs_ends_with_the_same_weights_bit_for_bit(tmp_path: Path, pictures: Pictures) -> None:
    whole = begun(pictures)
    at_once = whole.run(tmp_path / "one.pt")
    told: list[Epoch] = []
    for _ in range(3):
        torch.rand(7)  # what else is drawn meanwhile is of no effect
        leg = begun(pictures)
        result = leg.run(tmp_path / "legs.pt", told.append, stop_after=1)
    assert leg.epoch == TINY.epochs and [epoch.number for epoch in told] == [1, 2, 3]
    assert equal(result, at_once) and equal(leg.network, whole.network)
    assert leg.best_loss == whole.best_loss and leg.best_epoch == whole.best_epoch


def test_a_leg_that_is_killed_within_an_epoch_begins_it_again(
    tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = begun(pictures)
    at_once = whole.run(tmp_path / "one.pt")

    def killed(_epoch: Epoch) -> None:
        raise KeyboardInterrupt

    begun(pictures).run(tmp_path / "legs.pt", stop_after=1)
    with pytest.raises(KeyboardInterrupt):
        begun(pictures).run(tmp_path / "legs.pt", killed)
    leg = begun(pictures)
    assert equal(leg.run(tmp_path / "legs.pt"), at_once) and equal(leg.network, whole.network)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tmp_path: Path, pictures: Pictures) -> None:
    first, again, other = (
        begun(pictures, replace(TINY, seed=seed, epochs=1)).run(tmp_path / f"{name}.pt")
        for name, seed in (("first", 3), ("again", 3), ("other", 4))
    )
    assert equal(first, again) and not equal(first, other)


def test_the_weights_of_the_best_epoch_are_given_not_those_of_the_last(
    tmp_path: Path, pictures: Pictures, validated: list[float]
) -> None:
    validated += [3.0, 1.0, 2.0]
    learning = begun(pictures)
    best = learning.run(tmp_path / "checkpoint.pt")
    assert (learning.epoch, learning.best_epoch, learning.best_loss) == (3, 2, 1.0)
    as_of_then = begun(pictures)
    as_of_then.run(tmp_path / "two.pt", stop_after=2)
    assert equal(best, as_of_then.network) and not equal(best, learning.network)
    assert not best.training  # nothing is left out when it is used


def test_a_finished_training_gives_the_best_weights_again(
    tmp_path: Path, pictures: Pictures, validated: list[float]
) -> None:
    validated += [3.0, 1.0, 2.0]
    best = begun(pictures).run(tmp_path / "checkpoint.pt")
    again = begun(pictures)
    assert equal(again.run(tmp_path / "checkpoint.pt"), best) and again.epoch == 3
    kept = read_checkpoint(tmp_path / "checkpoint.pt")
    assert kept["best_epoch"] == 2 and all(torch.equal(kept["best"][n], v) for n, v in best.state_dict().items())


def test_it_ends_after_some_epochs_without_gain(tmp_path: Path, pictures: Pictures, validated: list[float]) -> None:
    validated += [3.0, 2.0, 2.0, 2.5, 2.1, 1.0]
    learning = begun(pictures, replace(TINY, epochs=6, patience=3))
    learning.run(tmp_path / "checkpoint.pt")
    assert (learning.epoch, learning.best_epoch) == (5, 2)  # an equal loss is no gain
    more = begun(pictures, replace(TINY, epochs=6, patience=4))
    more.run(tmp_path / "checkpoint.pt")
    assert (more.epoch, more.best_epoch) == (6, 6)


@pytest.mark.parametrize("changes", [{"learning_rate": 1e-4}, {"loss": "l1"}, {"seed": 9}, {"schedule": "step"}])
def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path, pictures: Pictures, changes: dict[str, Any]) -> None:
    begun(pictures).run(tmp_path / "checkpoint.pt", stop_after=1)
    with pytest.raises(UsageError, match=r"checkpoint\.pt is of a training with other settings"):
        begun(pictures, replace(TINY, **changes)).run(tmp_path / "checkpoint.pt")


def test_a_checkpoint_of_other_photos_or_of_another_loss_is_refused(tmp_path: Path, pictures: Pictures) -> None:
    begun(pictures).run(tmp_path / "checkpoint.pt", stop_after=1)
    with pytest.raises(UsageError, match="of a training with other settings"):
        begun(replace(pictures, digest="others")).run(tmp_path / "checkpoint.pt")
    with pytest.raises(UsageError, match="of a training with other settings"):
        begun(pictures, loss=Loss("mse of another kind", make_loss("mse").between)).run(tmp_path / "checkpoint.pt")


def test_a_checkpoint_of_another_kind_of_training_is_refused(tmp_path: Path, pictures: Pictures) -> None:
    torch.save({"step": 3}, tmp_path / "checkpoint.pt")
    with pytest.raises(UsageError, match="of a training with other settings"):
        begun(pictures).run(tmp_path / "checkpoint.pt")


def test_a_cut_checkpoint_is_named(tmp_path: Path, pictures: Pictures) -> None:
    path = tmp_path / "checkpoint.pt"
    begun(pictures).run(path, stop_after=1)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DamagedFileError, match=r"checkpoint\.pt is no checkpoint"):
        begun(pictures).run(path)


def test_a_loss_that_is_no_number_ends_the_training(tmp_path: Path, pictures: Pictures) -> None:
    broken = Loss("broken", lambda reconstructions, pictures: reconstructions.sum() * float("nan"))
    with pytest.raises(StageError, match=r"no number any more in epoch 1; use a lower --learning_rate than 0\.003"):
        begun(pictures, loss=broken).run(tmp_path / "checkpoint.pt")
    assert not (tmp_path / "checkpoint.pt").exists()


def test_the_told_losses_are_means_over_all_pictures_not_over_the_last_batch(
    tmp_path: Path, pictures: Pictures
) -> None:
    told: list[Epoch] = []
    learning = begun(pictures, replace(TINY, batch_size=3, validation_share=0.4))
    best = learning.run(tmp_path / "checkpoint.pt", told.append, stop_after=1)
    assert len(learning.validated_on) == 4
    values = pictures.batch(learning.validated_on, "cpu")
    with torch.inference_mode():
        expected = ((best(values) - values) ** 2).mean().item()
    assert told[0].validation_loss == pytest.approx(expected, rel=1e-5)


def test_validation_changes_nothing(tmp_path: Path, pictures: Pictures) -> None:
    learning = begun(pictures)
    before = {name: value.clone() for name, value in learning.network.state_dict().items()}
    learning._validate()
    assert all(torch.equal(before[name], value) for name, value in learning.network.state_dict().items())


def test_the_rate_of_each_epoch_is_the_schedule_s(
    tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.autoencoder.settings.STEP_EPOCHS", 1)
    told: list[Epoch] = []
    learning = begun(pictures, replace(TINY, schedule="step", epochs=2))
    learning.run(tmp_path / "checkpoint.pt", told.append)
    assert [epoch.rate for epoch in told] == pytest.approx([3e-3, 3e-4])
    assert learning.optimizer.param_groups[0]["lr"] == pytest.approx(3e-4)


def test_lower_precision_learns_too(tmp_path: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "mixed_precision", lambda kind: torch.autocast(kind, torch.bfloat16))
    told: list[Epoch] = []
    learning = begun(pictures, replace(TINY, epochs=4))
    learning.run(tmp_path / "checkpoint.pt", told.append)
    assert told[-1].training_loss < 0.85 * told[0].training_loss
    assert {value.dtype for value in learning.network.parameters()} == {torch.float32}


def test_pictures_become_values_of_red_green_and_blue(pictures: Pictures) -> None:
    values = pictures.batch(np.array([2, 0]), "cpu")
    assert values.shape == (2, 3, 32, 32) and values.dtype == torch.float32
    assert values[0, :, 5, 7].numpy() * 255 == pytest.approx(pictures.pictures[2][5, 7])


# -- the split --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "share", "validated"), [(2, 0.1, 1), (2, 0.9, 1), (10, 0.1, 1), (10, 0.25, 2), (100, 0.1, 10)]
)
def test_every_picture_is_either_learnt_from_or_validated_on(count: int, share: float, validated: int) -> None:
    learnt, others = split(count, AutoencoderSettings(validation_share=share))
    assert sorted([*learnt, *others]) == list(range(count)) and len(others) == validated


def test_the_split_is_drawn_from_the_seed() -> None:
    first, again, other = (split(100, AutoencoderSettings(seed=seed))[1] for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_one_photo_is_not_enough() -> None:
    with pytest.raises(StageError, match="one photo cannot be both learnt from and validated on"):
        split(1, AutoencoderSettings())
