"""The losses."""

from __future__ import annotations

import pytest
import torch

from training.losses import cosine_loss, local_loss, relational_loss

VECTORS = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
QUARTER_TURN = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])


def test_no_loss_where_the_directions_agree() -> None:
    assert cosine_loss(3 * VECTORS, VECTORS).item() == pytest.approx(0, abs=1e-6)
    assert relational_loss(3 * VECTORS, VECTORS).item() == pytest.approx(0, abs=1e-6)


def test_opposite_directions_cost_two() -> None:
    assert cosine_loss(-VECTORS, VECTORS).item() == pytest.approx(2)


def test_the_relational_loss_does_not_see_a_turn_of_all_vectors() -> None:
    turned = VECTORS @ QUARTER_TURN
    assert relational_loss(turned, VECTORS).item() == pytest.approx(0, abs=1e-6)
    assert cosine_loss(turned, VECTORS).item() == pytest.approx(1)


def test_the_relational_loss_is_the_mean_squared_difference_of_cosines() -> None:
    ours, theirs = torch.eye(2), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert relational_loss(ours, theirs).item() == pytest.approx(0.5)


@pytest.mark.parametrize("side", [2, 4, 8])
def test_maps_of_any_size_are_compared_place_by_place(side: int) -> None:
    left_and_right = torch.zeros(1, 2, 4, 4)
    left_and_right[:, 0, :, :2] = 1.0
    left_and_right[:, 1, :, 2:] = 1.0
    same = torch.zeros(1, 2, side, side)
    same[:, 0, :, : side // 2] = 1.0
    same[:, 1, :, side // 2 :] = 1.0
    assert local_loss(same, left_and_right).item() < 0.05
    assert local_loss(same.flip(3), left_and_right).item() > 0.8
