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
from tools.train_descriptor import _as_text, _recipe, _registered, main, parse_args
from training.settings import ADAPTATION, LearningSettings, LossWeights, PoolSettings, StudentSettings


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
    recipe = _recipe(parse_args(arguments(tmp_path)))
    assert recipe.objective == "distill" and recipe.initial is None
    assert recipe.learning == LearningSettings() and recipe.student == StudentSettings()
    assert recipe.pool == PoolSettings(seed=LearningSettings().seed)


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
    (tmp_path / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    write_teacher(tmp_path / "teacher.onnx")
    call = arguments(
        tmp_path, "--num_crops", "16", "--basis_crops", "40", "--num_samples", "16", "--batch_size", "8",
        "--input_stages", "0:32",
        "--input_side", "32", "--dimension", "8", "--num_threads", "1", "--quiet", "--json",
    )  # fmt: skip
    assert main(parse_args(call)) == 3
    result = json.loads(capsys.readouterr().out)
    assert Path(result["model"]).is_file() and result["photos"] == 8 and result["skipped"] == 1


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


def written_student(path: Path, dimension: int = 8) -> Path:
    """An exported student of small shape."""
    from training.export import export_student
    from training.student import make_student
    from training.whitening import Whitening

    whitening = Whitening(np.zeros(dimension, np.float32), np.eye(dimension, dtype=np.float32))
    student = make_student(StudentSettings(dimension, (8, 8, 12, 16), (4, 4, 4, 8), (1, 1, 1, 1), "mean"))
    export_student(path, student.eval(), whitening, 32, {})
    return path


def test_without_teacher_and_weights_pairs_of_crops_are_learnt_from(tmp_path: Path) -> None:
    recipe = _recipe(parse_args(["--images", "photos", "--output_dir", str(tmp_path)]))
    assert recipe.objective == "simclr" and recipe.learning == LearningSettings()


def test_weights_without_a_teacher_are_adapted_gently(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    weights = written_student(tmp_path / "student.onnx")
    call = ["--images", "photos", "--output_dir", str(tmp_path / "run"), "--initial", str(weights)]
    recipe = _recipe(parse_args(call))
    assert recipe.objective == "both" and recipe.learning == ADAPTATION
    assert recipe.student.dimension == 8 and recipe.student.pooling == "mean"
    changed = _recipe(parse_args([*call, "--num_samples", "640", "--dimension", "16"]))
    assert changed.learning.num_samples == 640 and changed.learning.batch_size == ADAPTATION.batch_size
    assert changed.student.dimension == 16


def test_flags_reach_the_recipe(tmp_path: Path) -> None:
    call = ["--objective", "both", "--positives", "pairs.txt", "--min_positive_score", "0.4", "--temperature", "0.2"]
    call += ["--contrastive-weight", "0.5", "--pool_dir", "pool", "--tensorboard", "--pooling", "mean"]
    recipe = _recipe(parse_args(arguments(tmp_path, *call)))
    assert recipe.objective == "both" and recipe.positives == Path("pairs.txt") and recipe.min_positive_score == 0.4
    assert recipe.contrastive.temperature == 0.2 and recipe.contrastive.weight == 0.5
    assert recipe.pool_dir == Path("pool") and recipe.tensorboard and recipe.student.pooling == "mean"


def test_a_loss_can_be_left_out(tmp_path: Path) -> None:
    recipe = _recipe(parse_args(arguments(tmp_path, "--relational_weight", "0", "--local_weight", "2")))
    assert recipe.learning.losses == LossWeights(relational=0.0, local=2.0)
    assert _recipe(parse_args(arguments(tmp_path))).learning.losses == LossWeights()


@pytest.mark.parametrize("flag", ["--relational_weight", "--local_weight"])
@pytest.mark.parametrize("value", ["-1", "nan", "inf"])
def test_a_negative_weight_of_a_loss_is_a_wrong_call(
    tmp_path: Path, flag: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse_args(arguments(tmp_path, flag, value))
    assert exit_.value.code == 2 and flag in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--temperature", "--contrastive_weight"])
@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf"])
def test_a_weight_or_temperature_that_is_not_above_zero_is_a_wrong_call(
    tmp_path: Path, flag: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse_args(arguments(tmp_path, flag, value))
    assert exit_.value.code == 2 and flag in capsys.readouterr().err


def test_street_means_the_weights_that_the_extractor_uses() -> None:
    pytest.importorskip("onnx")
    from hloc.extractors.street import WEIGHTS

    recipe = _recipe(parse_args(["--images", "photos", "--output_dir", "run", "--initial", "street"]))
    assert recipe.initial == WEIGHTS and WEIGHTS.is_file()
    assert recipe.student == StudentSettings() and recipe.learning == ADAPTATION


def test_weights_that_are_not_there_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "nowhere.onnx")
    assert main(parse_args(["--images", str(tmp_path), "--output_dir", str(tmp_path), "--initial", missing])) == 1
    assert "nowhere.onnx is missing" in capsys.readouterr().err


def test_distillation_without_a_teacher_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["--images", str(tmp_path), "--output_dir", str(tmp_path), "--objective", "distill"]
    assert main(parse_args(call)) == 2
    assert "--objective distill: needs a --teacher" in capsys.readouterr().err


def test_the_gain_is_printed_beside_the_value() -> None:
    text = _as_text({"before": {"precision_at_1": 0.5}, "photos": 3, "precision_at_1": 0.625})
    assert text == "photos: 3\nprecision at 1: 0.5000 -> 0.6250 (+0.1250)"


def test_adapting_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    save_photos(tmp_path / "photos", 8)
    save_photos(tmp_path / "judged", 4, first_seed=50)
    lines = [f"photo_{number:03d}.jpg,house_{number // 2}" for number in range(4)]
    (tmp_path / "judged/labels.csv").write_text("\n".join(["path,building", *lines]))
    weights = written_student(tmp_path / "student.onnx")
    call = [
        "--images", str(tmp_path / "photos"), "--output_dir", str(tmp_path / "run"), "--initial", str(weights),
        "--judge", str(tmp_path / "judged/labels.csv"), "--num_samples", "16", "--batch_size", "8",
        "--input_stages", "0:32", "--input_side", "32", "--num_threads", "1", "--quiet",
    ]  # fmt: skip
    assert main(parse_args(call)) == 0
    text = capsys.readouterr().out
    assert "mean average precision: " in text and " -> " in text and "share of former whitening: " in text
    assert (tmp_path / "run/street.onnx").is_file() and not (tmp_path / "run/crops").exists()
