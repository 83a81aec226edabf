"""The command line of the autoencoder's training."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.drawn_photos import save_photos
from tools.train_autoencoder import _recipe, main, parse_args
from training.autoencoder.settings import AutoencoderRecipe, AutoencoderSettings


def arguments(tmp_path: Path, *more: str) -> list[str]:
    return ["--images", str(tmp_path / "photos"), "--output_dir", str(tmp_path / "run"), *more]


def test_defaults_are_those_of_the_library(tmp_path: Path) -> None:
    recipe = _recipe(parse_args(arguments(tmp_path)))
    assert recipe == AutoencoderRecipe((tmp_path / "photos",), tmp_path / "run", AutoencoderSettings())


def test_flags_reach_the_recipe(tmp_path: Path) -> None:
    call = ["--architecture", "large", "--size", "512x256", "--loss", "l1", "--epochs", "7", "--patience", "2"]
    call += ["--learning-rate", "0.01", "--schedule", "step", "--batch_size", "5", "--validation_share", "0.3"]
    call += ["--seed", "9", "--device", "cuda:1", "--num_threads", "2", "--tensorboard", "--follow_links"]
    recipe = _recipe(parse_args(arguments(tmp_path, *call)))
    assert recipe.learning == AutoencoderSettings("large", (512, 256), "l1", 7, 2, 0.01, "step", 5, 0.3, 9)
    assert (recipe.device, recipe.num_threads, recipe.tensorboard, recipe.follow_links) == ("cuda:1", 2, True, True)


def test_one_number_is_a_square(tmp_path: Path) -> None:
    assert _recipe(parse_args(arguments(tmp_path, "--size", "128"))).learning.size == (128, 128)


@pytest.mark.parametrize("size", ["", "x", "64x", "64x64x64", "a", "6.4"])
def test_a_size_that_is_none_is_a_wrong_call(tmp_path: Path, size: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(parse_args(arguments(tmp_path, f"--size={size}"))) == 2
    assert f"--size {size}: must be SIDE or WIDTHxHEIGHT in pixels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--size", "48"], "--size 48x48: both sides must be multiples of 32 pixels"),
        (["--epochs", "0"], "--epochs 0: must be 1 or more"),
        (["--learning_rate", "nan"], "--learning_rate nan: must be above 0"),
        (["--device", "tpu"], "--device tpu: must be cpu, cuda or cuda:N"),
    ],
)
def test_a_value_out_of_range_is_a_wrong_call(
    tmp_path: Path, flags: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch")
    assert main(parse_args(arguments(tmp_path, *flags))) == 2
    error = capsys.readouterr().err
    assert message in error and "Traceback" not in error
    assert not (tmp_path / "run").exists()


def test_a_missing_folder_of_photos_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert main(parse_args(arguments(tmp_path))) == 1
    error = capsys.readouterr().err
    assert str(tmp_path / "photos") in error and "Traceback" not in error


def test_missing_weights_of_the_perceptual_loss_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    save_photos(tmp_path / "photos", 3)
    assert main(parse_args(arguments(tmp_path, "--loss", "perceptual"))) == 1
    error = capsys.readouterr().err
    assert "python -m tools.download_models vgg19" in error and "Traceback" not in error


def test_a_small_training_and_its_descriptors_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for package in ("torch", "onnx", "onnxruntime"):
        pytest.importorskip(package)
    import extract_features

    save_photos(tmp_path / "photos", 5)
    (tmp_path / "photos/broken.jpg").write_bytes(b"")
    call = arguments(tmp_path, "--size", "32", "--epochs", "1", "--num_threads", "1", "--quiet", "--json")
    assert main(parse_args(call)) == 3
    report = json.loads(capsys.readouterr().out)
    assert report["counts"] == {"photos": 6, "learnt_from": 4, "validated_on": 1, "epochs": 1, "best_epoch": 1}
    model = report["outputs"]["model"]
    assert Path(model).is_file() and any(f"--model autoencoder --weights {model}" in note for note in report["notes"])
    (tmp_path / "photos/broken.jpg").unlink()
    call = ["--image_dir", str(tmp_path / "photos"), "--outputs_dir", str(tmp_path / "netvlad"), "--quiet"]
    call += ["--model", "autoencoder", "--weights", model, "--num_workers", "0"]
    assert extract_features.main(extract_features.parse_args(call)) == 0
    lines = (tmp_path / "netvlad/pairs-autoencoder.txt").read_text().splitlines()
    assert len(lines) == 5 * 4
