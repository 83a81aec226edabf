"""The ONNX file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from storage.errors import DamagedFileError, StageError
from tests.training.conftest import TINY_STUDENT
from training.export import export_student, read_student, with_whitening
from training.settings import StudentSettings
from training.student import count_parameters, make_student
from training.whitening import Whitening, learn_whitening

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)


def used_student(settings: StudentSettings) -> torch.nn.Module:
    """A student whose norms are no longer those of the first moment."""
    student = make_student(settings)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        for module in student.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5)
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2.0)
    return student.eval()


def some_whitening(dimension: int) -> Whitening:
    return learn_whitening(np.random.default_rng(1).normal(size=(400, dimension)) / dimension**0.5)


def in_torch(student: torch.nn.Module, whitening: Whitening, pictures: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        result: np.ndarray = with_whitening(student, whitening).eval()(torch.from_numpy(pictures)).numpy()
    return result


def test_the_file_gives_what_torch_gives(tmp_path: Path) -> None:
    student, whitening = used_student(TINY_STUDENT), some_whitening(6)
    export_student(tmp_path / "model.onnx", student, whitening, 64, {})
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    descriptors = session.run(None, {"pixels": PICTURES})[0]
    expected = in_torch(student, whitening, PICTURES)
    assert descriptors.dtype == np.float32
    assert (descriptors * expected).sum(axis=1).min() > 0.999
    assert np.linalg.norm(descriptors, axis=1) == pytest.approx(1, abs=1e-5)


def test_whitening_in_the_network_is_that_in_numpy() -> None:
    student, whitening = used_student(TINY_STUDENT), some_whitening(6)
    with torch.inference_mode():
        vectors = student(torch.from_numpy(PICTURES).permute(0, 3, 1, 2).float())[0].numpy()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(in_torch(student, whitening, PICTURES), whitening.apply(unit), atol=1e-5)


def test_any_side_and_number_of_pictures_can_be_given(tmp_path: Path) -> None:
    export_student(tmp_path / "model.onnx", used_student(TINY_STUDENT), some_whitening(6), 64, {})
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    for shape in [(1, 32, 32, 3), (2, 96, 96, 3), (1, 64, 96, 3)]:
        assert session.run(None, {"pixels": np.zeros(shape, np.uint8)})[0].shape == (shape[0], 6)


def test_the_default_student_takes_less_than_eight_megabytes(tmp_path: Path) -> None:
    settings = StudentSettings()
    export_student(tmp_path / "model.onnx", make_student(settings), some_whitening(settings.dimension), 64, {})
    assert (tmp_path / "model.onnx").stat().st_size < 8e6


def test_what_is_said_of_the_model_stands_in_the_file(tmp_path: Path) -> None:
    export_student(tmp_path / "model.onnx", used_student(TINY_STUDENT), some_whitening(6), 64, {"num_samples": 5})
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    described = json.loads(session.get_modelmeta().custom_metadata_map["descriptor"])
    assert described["input_side"] == 64 and described["num_samples"] == 5
    assert described["student"]["widths"] == [8, 8, 12, 16]


def test_equal_students_give_equal_bytes(tmp_path: Path) -> None:
    student = used_student(TINY_STUDENT)
    for name in ("one.onnx", "two.onnx"):
        export_student(tmp_path / name, student, some_whitening(6), 64, {})
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()


@pytest.mark.parametrize("settings", [TINY_STUDENT, replace(TINY_STUDENT, pooling="mean"), StudentSettings()])
def test_the_student_read_back_gives_what_the_exported_one_gave(tmp_path: Path, settings: StudentSettings) -> None:
    student, whitening = used_student(settings), some_whitening(settings.dimension)
    export_student(tmp_path / "model.onnx", student, whitening, 64, {})
    read_settings, weights, read_whitening = read_student(tmp_path / "model.onnx")
    assert read_settings == settings
    again = make_student(read_settings, seed=99)
    again.load_state_dict(weights)
    expected, found = in_torch(student, whitening, PICTURES), in_torch(again.eval(), read_whitening, PICTURES)
    np.testing.assert_allclose(found, expected, atol=3e-3)


def test_a_student_that_has_not_learnt_yet_is_read_back_as_well(tmp_path: Path) -> None:
    # its norms are all alike, and torch writes equal arrays once
    student = make_student(TINY_STUDENT).eval()
    export_student(tmp_path / "model.onnx", student, some_whitening(6), 64, {})
    weights = read_student(tmp_path / "model.onnx")[1]
    assert all(torch.allclose(weights[name], value, atol=1e-3) for name, value in student.state_dict().items())


def test_a_student_can_learn_on_after_it_was_read(tmp_path: Path) -> None:
    export_student(tmp_path / "model.onnx", used_student(TINY_STUDENT), some_whitening(6), 64, {})
    settings, weights, _ = read_student(tmp_path / "model.onnx")
    student = make_student(settings)
    student.load_state_dict(weights)
    student.train()(torch.rand(4, 3, 64, 64) * 255)[0].sum().backward()
    assert count_parameters(student) == sum(p.numel() for p in student.parameters() if p.grad is not None)


def test_exporting_what_was_read_gives_the_same_bytes(tmp_path: Path) -> None:
    export_student(tmp_path / "one.onnx", used_student(TINY_STUDENT), some_whitening(6), 64, {})
    settings, weights, whitening = read_student(tmp_path / "one.onnx")
    student = make_student(settings)
    student.load_state_dict(weights)
    export_student(tmp_path / "two.onnx", student, whitening, 64, {})
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()


def test_a_network_of_another_program_is_refused(tmp_path: Path) -> None:
    from tests.training.test_recipe import write_teacher

    write_teacher(tmp_path / "other.onnx")
    with pytest.raises(DamagedFileError, match=r"other\.onnx is no network that a training can go on from"):
        read_student(tmp_path / "other.onnx")


@pytest.mark.parametrize("keep", [0, 100, -100])
def test_a_cut_file_is_refused_by_name(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "model.onnx"
    export_student(path, used_student(TINY_STUDENT), some_whitening(6), 64, {})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DamagedFileError, match=r"model\.onnx is no network that a training can go on from"):
        read_student(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"model\.onnx is missing"):
        read_student(tmp_path / "model.onnx")


def test_weights_beyond_half_precision_are_not_exported(tmp_path: Path) -> None:
    student = used_student(replace(TINY_STUDENT, dimension=32))
    with torch.no_grad():
        student.get_parameter("head.weight")[0, 0] = 1e6
    with pytest.raises(StageError, match=r"head\.weight holds numbers beyond float16"):
        export_student(tmp_path / "model.onnx", student, some_whitening(32), 64, {})
    assert not (tmp_path / "model.onnx").exists()
