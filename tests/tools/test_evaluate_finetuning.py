"""The command line of the evaluation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stages.settings.finetuning import EvaluateFinetuningSettings
from tests.training.finetuning.conftest import save_buildings
from tools.evaluate_finetuning import main, parse_args


def arguments(tmp_path: Path, *more: str) -> list[str]:
    return [
        "--checkpoints", str(tmp_path / "epoch-0002.pt"), "--image_dir", str(tmp_path / "photos"),
        "--truth", str(tmp_path / "photos/labels.csv"), "--output_dir", str(tmp_path / "judged"),
        "--num_threads", "1", *more,
    ]  # fmt: skip


def test_defaults_are_those_of_the_library(tmp_path: Path) -> None:
    args, default = parse_args(arguments(tmp_path)), EvaluateFinetuningSettings((), Path(), Path())
    for name in ("start", "k", "input_side", "num_resamples", "seed", "follow_links"):
        assert getattr(args, name) == getattr(default, name)


def test_a_start_that_is_not_there_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(arguments(tmp_path))) == 2
    assert "name the network that the fine-tuning began with" in capsys.readouterr().err


def test_an_output_among_the_photos_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args([*arguments(tmp_path), "--output_dir", str(tmp_path / "photos/out")])) == 2
    assert "--output_dir" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--k", "--num_resamples", "--input_side"])
def test_a_value_out_of_range_is_a_wrong_call(tmp_path: Path, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(arguments(tmp_path, flag, "0"))) == 2
    assert f"{flag} is 0, but must be" in capsys.readouterr().err


def test_an_untrained_network_against_another_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    from training.checkpoints import save_checkpoint
    from training.finetuning.networks import begin, make_encoder

    save_buildings(tmp_path / "photos", 4, 3)
    shape = begin("tiny", None).shape
    for epoch in (0, 2):
        encoder = make_encoder("tiny", shape, epoch)
        state = {"model": "tiny", "shape": shape, "encoder": encoder.module.state_dict()}
        save_checkpoint(tmp_path / f"epoch-{epoch:04d}.pt", state)
    groups = {"0": ["b0_0.png", "b0_1.png"], "1": ["b1_0.png", "b1_2.png"], "-1": ["b3_0.png"]}
    (tmp_path / "clusters.json").write_text(json.dumps(groups))
    call = arguments(tmp_path, "--truth", str(tmp_path / "clusters.json"), "--k", "1", "2", "--json", "--quiet")
    assert main(parse_args(call)) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["counts"] == {
        "photos": 5, "buildings": 3, "buildings_of_two_photos_or_more": 2, "checkpoints": 1
    }  # fmt: skip
    assert "epoch-0002.pt is" in report["notes"][0] and "start" in report["notes"][0]
    assert "7 photos have no label and are left out" in report["notes"]
    row = json.loads((tmp_path / "judged/evaluation.json").read_text())["networks"][1]
    assert 0 <= row["recall_at_1"] <= row["recall_at_2"] <= 1
