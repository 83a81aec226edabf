"""The command line of the training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.drawn_photos import save_photos
from tools.train_descriptor import main, parse_args
from training.settings import DistillationSettings, PoolSettings


def arguments(tmp_path: Path, *more: str) -> list[str]:
    return [
        "--images", str(tmp_path / "photos"), "--teacher", str(tmp_path / "teacher.onnx"),
        "--output_dir", str(tmp_path / "run"), *more,
    ]  # fmt: skip


def test_defaults_are_those_of_the_library(tmp_path: Path) -> None:
    args = parse_args(arguments(tmp_path))
    assert args.num_samples == DistillationSettings().num_samples
    assert args.num_crops == PoolSettings().num_crops
    assert args.input_stages == ["0:96", "0.6:128", "0.9:160"]


@pytest.mark.parametrize("stage", ["128", "0.5:", "1.5:128", "0.5:16", "a:b"])
def test_a_wrong_input_stage_is_a_wrong_call(tmp_path: Path, stage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(arguments(tmp_path, "--input_stages", stage))) == 2
    assert f"--input_stages {stage}: " in capsys.readouterr().err


def test_a_missing_teacher_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert main(parse_args(arguments(tmp_path))) == 1
    error = capsys.readouterr().err
    assert "teacher.onnx is missing" in error and "Traceback" not in error


def test_a_small_training_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from tests.training.test_recipe import write_teacher

    save_photos(tmp_path / "photos", 8)
    write_teacher(tmp_path / "teacher.onnx")
    call = arguments(
        tmp_path, "--num_crops", "16", "--basis_crops", "40", "--num_samples", "16", "--batch_size", "8",
        "--input_stages", "0:32",
        "--input_side", "32", "--dimension", "8", "--num_threads", "1", "--quiet", "--json",
    )  # fmt: skip
    assert main(parse_args(call)) == 0
    result = json.loads(capsys.readouterr().out)
    assert Path(result["model"]).is_file() and result["photos"] == 8
