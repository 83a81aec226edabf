"""The command line of the fine-tuning, alone and under torchrun."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.training.finetuning.conftest import save_buildings
from tools.finetune_simclr import _recipe, main, parse_args
from training.finetuning.settings import FinetuneRecipe, FinetuneSettings


def arguments(tmp_path: Path, *more: str) -> list[str]:
    return [
        "--images", str(tmp_path / "photos"), "--output_dir", str(tmp_path / "run"), "--model", "tiny",
        "--size", "32", "--input_side", "48", "--num_threads", "1", "--warmup_epochs", "0", "--jitter", "0.2", *more,
    ]  # fmt: skip


def test_defaults_are_those_of_the_library(tmp_path: Path) -> None:
    recipe = _recipe(parse_args(["--images", "photos", "--output_dir", str(tmp_path), "--model", "tiny"]))
    assert recipe == FinetuneRecipe((Path("photos"),), tmp_path, "tiny")
    assert recipe.learning == FinetuneSettings()


def test_in_field_mode_the_descriptor_itself_learns_and_norms_stay(tmp_path: Path) -> None:
    for flag in ("--clusters", "--pairs_file"):
        learning = _recipe(parse_args(arguments(tmp_path, flag, "file"))).learning
        assert learning.projection == 0 and learning.keep_norms
    other = _recipe(parse_args(arguments(tmp_path, "--clusters", "c", "--projection", "16", "--no-keep_norms")))
    assert other.learning.projection == 16 and not other.learning.keep_norms


def test_nesterov_is_a_switch_that_can_be_off(tmp_path: Path) -> None:
    assert not _recipe(parse_args(arguments(tmp_path))).learning.nesterov
    assert _recipe(parse_args(arguments(tmp_path, "--nesterov"))).learning.nesterov
    assert not _recipe(parse_args(arguments(tmp_path, "--nesterov", "--no-nesterov"))).learning.nesterov
    with pytest.raises(SystemExit):
        parse_args(arguments(tmp_path, "--nesterov", "False"))


def test_weights_are_published_ones_none_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hloc.extractors.street import WEIGHTS

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def weights(model: str, *more: str) -> Path | None:
        return _recipe(parse_args(["--images", "p", "--output_dir", "o", "--model", model, *more])).weights

    assert weights("street") == WEIGHTS and WEIGHTS.is_file()
    assert weights("resnet18") == tmp_path / "hub/checkpoints/resnet18-f37072fd.pth"
    assert weights("tiny") is None and weights("street", "--weights", "none") is None
    assert weights("resnet50", "--weights", "mine.pt") == Path("mine.pt")


def test_weights_that_are_not_there_are_one_line_with_their_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    call = ["--images", str(tmp_path), "--output_dir", str(tmp_path / "run"), "--model", "resnet18"]
    assert main(parse_args(call)) == 1
    assert "make it with: python -m tools.download_models resnet18" in capsys.readouterr().err


def test_a_value_out_of_range_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(arguments(tmp_path, "--batch_size", "0"))) == 2
    assert "--batch_size 0: must be 1 or more" in capsys.readouterr().err


def test_a_small_fine_tuning_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for package in ("torch", "torchvision", "onnx", "tensorboard"):
        pytest.importorskip(package)
    save_buildings(tmp_path / "photos", 4, 3)
    (tmp_path / "photos/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    clusters = {str(b): [f"b{b}_{p}.png" for p in range(3)] for b in range(3)} | {"-1": ["b3_0.png"]}
    (tmp_path / "clusters.json").write_text(json.dumps(clusters))
    more = ("--clusters", str(tmp_path / "clusters.json"), "--epochs", "2", "--batch_size", "4")
    assert main(parse_args(arguments(tmp_path, *more, "--tensorboard", "--quiet", "--json"))) == 3
    report = json.loads(capsys.readouterr().out)
    assert report["counts"]["photos"] == 13 and report["skipped"][0]["name"] == "broken.png"
    assert Path(report["outputs"]["model"]).is_file() and list((tmp_path / "run/tensorboard").iterdir())


@pytest.mark.slow
def test_two_processes_under_torchrun_learn_what_one_learns(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    for package in ("torchvision", "onnx"):
        pytest.importorskip(package)
    if not torch.distributed.is_available() or not torch.distributed.is_gloo_available():
        pytest.skip("PyTorch has no Gloo here")
    from training.checkpoints import read_checkpoint

    save_buildings(tmp_path / "photos", 4, 4)
    same = ("--epochs", "2", "--validation_share", "0.25", "--keep_norms", "--optimizer", "sgd", "--quiet")
    same += ("--learning_rate", "0.05", "--save_every", "1")
    two = arguments(tmp_path, *same, "--batch_size", "3", "--accumulate", "2")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    result = subprocess.run(
        [*launch, "-m", "tools.finetune_simclr", *two],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    assert result.stdout.count("finetune_simclr: done") == 1
    one = arguments(tmp_path, *same, "--batch_size", "6", "--accumulate", "2", "--output_dir", str(tmp_path / "one"))
    assert main(parse_args(one)) == 0
    weights = [read_checkpoint(tmp_path / run / "checkpoints/epoch-0002.pt")["encoder"] for run in ("run", "one")]
    for name, value in weights[0].items():
        assert torch.allclose(value, weights[1][name], atol=1e-5), name
    curves = [list(csv.DictReader((tmp_path / run / "curve.csv").read_text().splitlines())) for run in ("run", "one")]
    for ours, theirs in zip(*curves, strict=True):
        for loss in ("training_loss", "validation_loss"):
            assert float(ours[loss]) == pytest.approx(float(theirs[loss]), rel=1e-4)
