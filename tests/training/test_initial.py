"""Weights to begin with."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from storage.errors import DamagedFileError, StageError, UsageError
from tests.training.conftest import TINY_LEARNING, TINY_STUDENT
from tests.training.test_export import some_whitening, used_student
from training.checkpoints import save_checkpoint
from training.export import export_student
from training.initial import read_initial
from training.learning import Learning, Running
from training.objectives import distil
from training.pool import Pool


def test_a_checkpoint_gives_the_mean_of_its_weights_and_the_shape(tmp_path: Path, pool: Pool) -> None:
    learning = Learning(distil(pool, TINY_LEARNING), TINY_STUDENT)
    learning.run(Running(tmp_path / "checkpoint.pt", stop_after=2))
    initial = read_initial(tmp_path / "checkpoint.pt")
    assert initial.student == TINY_STUDENT and initial.whitening is None
    expected = learning.averaged.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in initial.weights.items())


def test_a_checkpoint_of_the_first_release_is_read(tmp_path: Path) -> None:
    # as training/distillation.py wrote it
    weights = used_student(TINY_STUDENT).state_dict()
    student = (
        "{'dimension': 6, 'widths': (8, 8, 12, 16), 'bottlenecks': (4, 4, 4, 8), 'depths': (1, 1, 1, 1), "
        "'pooling': 'gem'}"
    )
    state = {"network": weights, "averaged": weights, "optimizer": {}, "step": 3, "seconds": 1.5, "losses": []}
    identity = f"{{'student': {student}, 'training': {{'num_samples': 160, 'losses': {{'local': 0.5}}}}}}"
    save_checkpoint(tmp_path / "checkpoint.pt", state | {"identity": identity})
    assert read_initial(tmp_path / "checkpoint.pt").student == TINY_STUDENT


def test_an_exported_student_gives_its_whitening_too(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    whitening = some_whitening(6)
    export_student(tmp_path / "street.onnx", used_student(TINY_STUDENT), whitening, 64, {})
    initial = read_initial(tmp_path / "street.onnx")
    assert initial.student == TINY_STUDENT and initial.whitening is not None
    assert initial.whitening.mean == pytest.approx(whitening.mean)


def test_files_with_other_weights_have_another_identity(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    student = used_student(TINY_STUDENT)
    identities = []
    for number in range(2):
        with torch.no_grad():
            student.get_parameter("head.bias")[0] = number
        export_student(tmp_path / "street.onnx", student, some_whitening(6), 64, {})
        identities.append(read_initial(tmp_path / "street.onnx").identity)
    assert identities[0] != identities[1]


def test_a_file_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--initial .*weights\.pkl: must be an \.onnx file"):
        read_initial(tmp_path / "weights.pkl")


@pytest.mark.parametrize(
    "identity", ["{'training': {}}", "{'student': {'dimension': 6, 'more': 1}}", "__import__('os')"]
)
def test_a_checkpoint_of_another_program_is_refused(tmp_path: Path, identity: str) -> None:
    save_checkpoint(tmp_path / "other.pt", {"averaged": {}, "identity": identity})
    with pytest.raises(DamagedFileError, match=r"other\.pt is no checkpoint of a training"):
        read_initial(tmp_path / "other.pt")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"checkpoint\.pt is missing"):
        read_initial(tmp_path / "checkpoint.pt")
