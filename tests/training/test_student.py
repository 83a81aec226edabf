"""The student's network."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.training.conftest import TINY_STUDENT
from training.settings import StudentSettings
from training.student import count_parameters, make_student


@pytest.mark.parametrize("pooling", ["gem", "mean"])
def test_a_descriptor_and_a_map_come_out(pooling: str) -> None:
    student = make_student(replace(TINY_STUDENT, pooling=pooling)).eval()
    vectors, local = student(torch.rand(2, 3, 64, 96) * 255)
    assert vectors.shape == (2, 6) and local.shape == (2, 6, 2, 3)


def test_the_mean_of_the_map_is_the_descriptor_when_places_are_averaged() -> None:
    student = make_student(replace(TINY_STUDENT, pooling="mean")).eval()
    vectors, local = student(torch.rand(2, 3, 64, 64) * 255)
    torch.testing.assert_close(local.mean((2, 3)), vectors)


def test_the_default_has_one_to_four_million_numbers() -> None:
    assert 1e6 < count_parameters(make_student(StudentSettings())) < 4e6


def test_equal_seeds_give_equal_weights_and_leave_the_global_generator_alone() -> None:
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    first, second, third = (make_student(TINY_STUDENT, seed).state_dict() for seed in (5, 5, 6))
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not all(torch.equal(first[key], third[key]) for key in first)


def test_what_a_photo_gives_does_not_depend_on_its_batch() -> None:
    student = make_student(TINY_STUDENT).eval()
    pixels = torch.rand(4, 3, 64, 64) * 255
    torch.testing.assert_close(student(pixels)[0][:1], student(pixels[:1])[0])
