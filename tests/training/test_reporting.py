"""What is told of a training."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from storage.errors import DamagedFileError, StageError, UsageError
from training.judging import Jury
from training.learning import Progress
from training.reporting import Epoch, EpochReports, Reports, check_tensorboard

LOSSES = ("cosine", "contrastive")


def progress(samples: int, cosine: float = 0.5) -> Progress:
    losses = {"cosine": cosine, "contrastive": 2.0}
    return Progress(samples, samples / 10, 96, 1e-3, losses, torch.nn.Identity())


def rows(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "curve.csv").read_text().splitlines()))


def jury_of(**measures: float) -> Jury:
    stand_in: Any = SimpleNamespace(measure=lambda student: measures)
    return stand_in  # type: ignore[no-any-return]


def test_a_line_holds_samples_losses_and_measures(tmp_path: Path) -> None:
    jury = jury_of(mean_average_precision=0.75, precision_at_1=0.9, true_pairs_in_top_10=0.6)
    Reports(tmp_path, LOSSES, jury).add(progress(640))
    assert rows(tmp_path) == [
        {
            "samples": "640", "seconds": "64", "input_side": "96", "cosine_loss": "0.5000",
            "contrastive_loss": "2.0000", "mean_average_precision": "0.7500", "precision_at_1": "0.9000",
            "true_pairs_in_top_10": "0.6000",
        }
    ]  # fmt: skip


def test_without_a_jury_measures_are_empty(tmp_path: Path) -> None:
    Reports(tmp_path, LOSSES, None).add(progress(640))
    assert rows(tmp_path)[0]["mean_average_precision"] == ""


def test_lines_of_an_earlier_leg_are_kept_and_those_that_come_again_replaced(tmp_path: Path) -> None:
    first = Reports(tmp_path, LOSSES, None)
    for samples in (100, 200, 300):
        first.add(progress(samples))
    Reports(tmp_path, LOSSES, None).add(progress(200, cosine=0.25))
    assert [(row["samples"], row["cosine_loss"]) for row in rows(tmp_path)] == [("100", "0.5000"), ("200", "0.2500")]


def test_the_curve_of_another_objective_is_not_gone_on_with(tmp_path: Path) -> None:
    Reports(tmp_path, ("contrastive",), None).add(progress_of_pairs())
    with pytest.raises(UsageError, match=r"curve\.csv is of a training with another --objective"):
        Reports(tmp_path, LOSSES, None)


@pytest.mark.parametrize(
    "damaged",
    [b"\xff\xfe", b"60\r0", b'"', b"sixty,1", b"\n", b"\0"],
    ids=["no text", "cut", "quote", "word", "few", "zero"],
)
def test_a_damaged_curve_is_told(tmp_path: Path, damaged: bytes) -> None:
    Reports(tmp_path, LOSSES, None).add(progress(640))
    path = tmp_path / "curve.csv"
    path.write_bytes(path.read_bytes().replace(b"640,", damaged + b",", 1))
    with pytest.raises(DamagedFileError, match=r"damaged: .*curve\.csv .*remove it to begin the curve anew"):
        Reports(tmp_path, LOSSES, None)


def progress_of_pairs() -> Progress:
    return Progress(1, 0.0, 32, 1e-3, {"contrastive": 1.0}, torch.nn.Identity())


def test_a_missing_tensorboard_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StageError, match="--tensorboard needs the package tensorboard; pip install tensorboard"):
        check_tensorboard()


def test_no_scalars_unless_asked_for(tmp_path: Path) -> None:
    reports = Reports(tmp_path, LOSSES, None)
    reports.add(progress(10))
    reports.close()
    assert [path.name for path in tmp_path.iterdir()] == ["curve.csv"]


def test_scalars_of_all_legs_are_read_by_tensorboard(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    jury = jury_of(mean_average_precision=0.75)
    for leg in ((100, 200, 300), (200, 300, 400)):
        reports = Reports(tmp_path, LOSSES, jury, has_tensorboard=True)
        for samples in leg:
            reports.add(progress(samples))
        reports.close()
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert set(events.Tags()["scalars"]) == {
        "cosine_loss", "contrastive_loss", "learning_rate", "mean_average_precision"
    }  # fmt: skip
    assert [event.step for event in events.Scalars("cosine_loss")] == [100, 200, 300, 400]
    assert events.Scalars("mean_average_precision")[0].value == pytest.approx(0.75)


def test_epochs_are_lines_of_the_curve_and_an_epoch_without_validation_leaves_its_field_empty(tmp_path: Path) -> None:
    reports = EpochReports(tmp_path, "a command")
    reports.add(Epoch(1, 2.4, 0.5, 1.25, 1.5))
    reports.add(Epoch(2, 4.6, 0.25, 1.0, None))
    reports.close()
    lines = (tmp_path / "curve.csv").read_text().splitlines()
    assert lines == ["epoch,seconds,learning_rate,training_loss,validation_loss", "1,2,0.5,1.25,1.5", "2,5,0.25,1,"]


def test_an_epoch_that_comes_again_after_a_kill_takes_its_line(tmp_path: Path) -> None:
    for loss in (3.0, 2.0):
        EpochReports(tmp_path, "a command").add(Epoch(1, 1.0, 0.5, loss, None))
    assert (tmp_path / "curve.csv").read_text().splitlines()[1:] == ["1,1,0.5,2,"]
