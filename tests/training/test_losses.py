"""The losses."""

from __future__ import annotations

import math

import pytest
import torch

from training.losses import contrastive_loss, cosine_loss, local_loss, relational_loss

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


FOUR_CROPS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])  # two pairs: 0 and 2, 1 and 3
APART, TOGETHER = torch.tensor([0, 1, 0, 1]), torch.tensor([0, 0, 0, 0])


def test_the_contrastive_loss_is_that_of_the_paper() -> None:
    # each crop: its partner has cosine 1, the two others 0
    expected = -math.log(math.exp(1 / 0.5) / (math.exp(1 / 0.5) + 2))
    assert contrastive_loss(FOUR_CROPS, APART, 0.5).item() == pytest.approx(expected)
    assert contrastive_loss(7 * FOUR_CROPS, APART, 0.5).item() == pytest.approx(expected)


def test_the_contrastive_loss_equals_a_sum_over_all_pairs() -> None:
    vectors = torch.nn.functional.normalize(torch.randn(10, 4, generator=torch.manual_seed(0)), dim=1)
    groups = torch.tensor([0, 1, 2, 1, 4] * 2)
    terms = []
    for row in range(10):
        partner = (row + 5) % 10
        others = [k for k in range(10) if k == partner or groups[k] != groups[row]]
        scores = torch.stack([vectors[row] @ vectors[k] for k in others]) / 0.2
        terms.append(scores.logsumexp(0) - vectors[row] @ vectors[partner] / 0.2)
    assert contrastive_loss(vectors, groups, 0.2).item() == pytest.approx(torch.stack(terms).mean().item(), rel=1e-5)


def test_photos_that_show_the_same_are_not_told_apart() -> None:
    assert contrastive_loss(FOUR_CROPS.flip(0), TOGETHER, 0.1).item() == pytest.approx(0, abs=1e-6)
    confused = torch.tensor([[1.0, 0.0]] * 4)
    assert contrastive_loss(confused, TOGETHER, 0.1).item() == pytest.approx(0, abs=1e-6)
    assert contrastive_loss(confused, APART, 0.1).item() == pytest.approx(math.log(3))


def test_confusing_two_photos_costs_more_than_telling_them_apart() -> None:
    swapped = FOUR_CROPS[[0, 1, 3, 2]]
    assert contrastive_loss(swapped, APART, 0.1) > contrastive_loss(FOUR_CROPS, APART, 0.1) + 5


def test_the_contrastive_loss_has_a_finite_slope_where_nothing_is_left_to_tell_apart() -> None:
    vectors = FOUR_CROPS.clone().requires_grad_()
    contrastive_loss(vectors, TOGETHER, 0.1).backward()
    assert vectors.grad is not None and vectors.grad.isfinite().all()
