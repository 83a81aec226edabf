"""LARS against a step by hand in float64, and which parameters it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from training.finetuning.optimizers import make_optimizer
from training.finetuning.settings import FinetuneSettings

torch = pytest.importorskip("torch")

RATE, DECAY, MOMENTUM = 0.7, 1e-3, 0.9


def layer() -> torch.nn.Linear:
    made = torch.nn.Linear(3, 2).double()
    with torch.no_grad():
        made.weight.copy_(torch.tensor([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]]))
        made.bias.copy_(torch.tensor([0.5, -1.5]))
    return made


def settings(nesterov: bool = False, lars_all: bool = False) -> FinetuneSettings:
    return FinetuneSettings(weight_decay=DECAY, momentum=MOMENTUM, nesterov=nesterov, lars_all=lars_all)


def moved(learnt: torch.nn.Linear, chosen: FinetuneSettings, gradients: list[dict[str, np.ndarray]]) -> None:
    optimizer = make_optimizer([learnt], chosen)
    for gradient in gradients:
        for group in optimizer.param_groups:
            group["lr"] = RATE
        learnt.weight.grad = torch.from_numpy(gradient["weight"].copy())
        learnt.bias.grad = torch.from_numpy(gradient["bias"].copy())
        optimizer.step()


def by_hand(
    value: np.ndarray, slopes: list[np.ndarray], nesterov: bool, adapts: bool, decay: float = DECAY
) -> np.ndarray:
    buffer = None
    for slope in slopes:
        direction = slope
        if adapts:
            size = np.sqrt((value**2).sum())
            local = 0.001 * size / (np.sqrt((slope**2).sum()) + decay * size + 1e-8)
            direction = local * (slope + decay * value)
        buffer = direction if buffer is None else MOMENTUM * buffer + direction
        value = value - RATE * (direction + MOMENTUM * buffer if nesterov else buffer)
    return value


GRADIENTS = [
    {"weight": np.array([[0.1, 0.2, -0.3], [1.0, 0.0, -0.5]]), "bias": np.array([0.01, -0.02])},
    {"weight": np.array([[0.3, -0.1, 0.3], [-1.0, 0.2, 0.5]]), "bias": np.array([-0.03, 0.01])},
    {"weight": np.array([[0.0, 0.4, 0.1], [0.6, 0.1, 0.2]]), "bias": np.array([0.02, 0.05])},
]


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("lars_all", [False, True])
def test_three_steps_of_lars_are_those_of_the_formula(nesterov: bool, lars_all: bool) -> None:
    learnt, begun = layer(), layer()
    moved(learnt, settings(nesterov, lars_all), GRADIENTS)
    for name, adapts in (("weight", True), ("bias", lars_all)):
        slopes = [gradient[name] for gradient in GRADIENTS]
        expected = by_hand(getattr(begun, name).detach().numpy(), slopes, nesterov, adapts)
        assert getattr(learnt, name).detach().numpy() == pytest.approx(expected, rel=1e-13, abs=1e-15)


def test_nesterov_moves_otherwise() -> None:
    plain, ahead = layer(), layer()
    moved(plain, settings(False), GRADIENTS)
    moved(ahead, settings(True), GRADIENTS)
    assert not torch.allclose(plain.weight, ahead.weight, rtol=1e-5)


def test_a_weight_or_a_slope_of_zeros_is_moved_plainly() -> None:
    learnt = layer()
    torch.nn.init.zeros_(learnt.weight)
    moved(learnt, settings(), GRADIENTS[:1])
    assert learnt.weight.detach().numpy() == pytest.approx(-RATE * GRADIENTS[0]["weight"])


@pytest.mark.parametrize("optimizer", ["lars", "adamw", "sgd"])
def test_biases_norms_and_the_power_of_a_pooling_are_not_decayed(optimizer: str) -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    network.power = torch.nn.Parameter(torch.full((1, 4, 1, 1), 2.0))
    made = make_optimizer([network], FinetuneSettings(optimizer=optimizer, weight_decay=0.1))
    decay_of = {id(parameter): group["weight_decay"] for group in made.param_groups for parameter in group["params"]}
    decayed = [name for name, parameter in network.named_parameters() if decay_of[id(parameter)] > 0]
    assert decayed == ["0.weight"] and len(decay_of) == 5


def test_frozen_parameters_are_not_handed_over() -> None:
    learnt = layer()
    learnt.weight.requires_grad_(False)
    groups = make_optimizer([learnt], settings()).param_groups
    assert [len(group["params"]) for group in groups] == [1] and groups[0]["weight_decay"] == 0


def test_nesterov_and_momentum_reach_the_plain_optimiser() -> None:
    made = make_optimizer([layer()], FinetuneSettings(optimizer="sgd", nesterov=True, momentum=0.5))
    assert made.param_groups[0]["nesterov"] is True and made.param_groups[0]["momentum"] == 0.5
