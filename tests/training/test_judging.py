"""The jury."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from hloc.retrieval_measures import measure_retrieval
from tests.drawn_photos import draw_photo
from tests.training.conftest import TINY_STUDENT
from training.judging import MEASURES, Jury, as_pictures, describe
from training.student import make_student
from training.whitening import Whitening


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Two photos of one building, alike, and two photos labelled as single, alike as well."""
    lines = ["path,building"]
    for name, seed, building in [("a", 1, "opera"), ("b", 1, "opera"), ("c", 2, "single"), ("d", 2, "single")]:
        draw_photo(seed).save(tmp_path / f"{name}.png")
        lines.append(f"{name}.png,{building}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    return tmp_path / "labels.csv"


def seen_by(calls: list[tuple[NDArray[np.float32], list[str]]]) -> Any:
    def measure(descriptors: NDArray[np.float32], buildings: NDArray[Any]) -> SimpleNamespace:
        calls.append((descriptors, buildings.tolist()))
        return SimpleNamespace(mean_average_precision=0.1, precision_at_1=0.2, recall_of_pairs=0.3)

    return measure


def test_the_measures_are_those_of_the_callable(labels: Path) -> None:
    found = Jury(labels, 32, seen_by([])).measure(make_student(TINY_STUDENT))
    assert found == dict(zip(MEASURES, (0.1, 0.2, 0.3), strict=True))


def test_photos_labelled_single_are_of_no_common_building(labels: Path) -> None:
    calls: list[tuple[NDArray[np.float32], list[str]]] = []
    Jury(labels, 32, seen_by(calls)).measure(make_student(TINY_STUDENT))
    buildings = calls[0][1]
    assert buildings[:2] == ["opera", "opera"] and len(set(buildings)) == 3


def test_singles_are_ranked_but_not_asked_for(labels: Path) -> None:
    jury = Jury(labels, 32, measure_retrieval)
    assert measure_retrieval(np.eye(4)[[0, 0, 1, 1]], np.array(jury.buildings)).num_queries == 2
    assert jury.measure(make_student(TINY_STUDENT))["mean_average_precision"] == 1


def test_what_is_measured_are_unit_vectors_whitened_where_there_is_a_whitening(labels: Path) -> None:
    calls: list[tuple[NDArray[np.float32], list[str]]] = []
    jury, student = Jury(labels, 32, seen_by(calls)), make_student(TINY_STUDENT).eval()
    swapped = Whitening(np.full(6, 0.1, np.float32), np.eye(6, dtype=np.float32)[::-1].copy())
    jury.measure(student)
    jury.measure(student, swapped)
    plain, whitened = calls[0][0], calls[1][0]
    assert np.linalg.norm(plain, axis=1) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(whitened, swapped.apply(plain), atol=1e-6)


def test_describing_leaves_the_student_learning() -> None:
    student = make_student(TINY_STUDENT).train()
    before = {name: value.clone() for name, value in student.state_dict().items()}
    pictures = as_pictures([np.asarray(draw_photo(seed)) for seed in range(23)], 32)
    assert describe(student, pictures).shape == (23, 6) and student.training
    assert all(torch.equal(value, before[name]) for name, value in student.state_dict().items())


def test_pictures_of_any_aspect_are_described_in_their_order() -> None:
    student = make_student(TINY_STUDENT).eval()
    sizes = [(120, 60), (60, 120), (118, 60), (90, 80)]
    pictures = as_pictures([np.asarray(draw_photo(seed, *size)) for seed, size in enumerate(sizes)], 64)
    assert len({picture.shape for picture in pictures}) == 3
    together = describe(student, pictures)
    for picture, vector in zip(pictures, together, strict=True):
        np.testing.assert_allclose(describe(student, [picture])[0], vector, atol=1e-5)
