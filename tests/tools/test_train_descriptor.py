"""The command line of the training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hloc.extractors.base import Extractor, LearntExtractor
from storage.errors import UsageError
from tests.drawn_photos import save_photos
from tools.train_descriptor import _registered, main, parse_args
from training.settings import DistillationSettings, PoolSettings


class MeanColour(Extractor):
    name, max_side, dimension = "mean-colour", None, 3

    def settings(self) -> dict[str, Any]:
        return {"model": self.name}

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
        return photo.mean(axis=(0, 1), dtype=np.float32)


class Learning(MeanColour, LearntExtractor):
    def prepare_sample(self, photo: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        raise NotImplementedError

    learn = prepare_from_sample = state = load_state = prepare_sample  # type: ignore[assignment]


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


def test_a_model_that_learns_on_its_own_photos_cannot_teach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hloc.extractors

    monkeypatch.setattr(hloc.extractors, "create_extractor", lambda name, options: Learning())
    with pytest.raises(UsageError, match="--teacher vlad: learns on the photos at hand"):
        _registered(parse_args(["--images", ".", "--teacher", "vlad", "--output_dir", str(tmp_path)]))


def test_a_registered_model_teaches_one_vector_for_a_crop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hloc.extractors

    monkeypatch.setattr(hloc.extractors, "create_extractor", lambda name, options: MeanColour())
    teacher = _registered(parse_args(["--images", ".", "--teacher", "netvlad", "--output_dir", str(tmp_path)]))
    assert teacher is not None and "mean-colour" in teacher.identity
    crops = np.full((2, 8, 8, 3), 7, np.uint8)
    assert np.array_equal(teacher.maps(crops), np.full((2, 1, 1, 3), 7, np.float32))


def test_a_file_is_no_registered_model(tmp_path: Path) -> None:
    assert _registered(parse_args(arguments(tmp_path))) is None
