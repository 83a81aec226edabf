"""Several processes that learn together, on the processor by Gloo."""

from __future__ import annotations

import math
import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from storage.errors import UsageError
from training.losses import contrastive_loss
from training.processes import Processes, as_first_has, found_processes, gathered, is_joined, joined, own_rank, summed

torch = pytest.importorskip("torch")

needs_gloo = pytest.mark.skipif(
    not torch.distributed.is_available() or not torch.distributed.is_gloo_available(), reason="PyTorch has no Gloo here"
)
TEMPERATURE = 0.5


def nt_xent(rows: np.ndarray, temperature: float) -> float:
    """The loss by a double loop in float64; rows i and N + i are a pair."""
    unit = rows.astype(np.float64) / np.linalg.norm(rows, axis=1, keepdims=True)
    count, terms = len(unit), []
    for row in range(count):
        partner = (row + count // 2) % count
        below = sum(math.exp(unit[row] @ unit[k] / temperature) for k in range(count) if k != row)
        terms.append(-math.log(math.exp(unit[row] @ unit[partner] / temperature) / below))
    return float(np.mean(terms))


def drawn(count: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(count, 5)).astype(np.float32)


def groups_of(count: int) -> torch.Tensor:
    return torch.arange(count // 2).repeat(2)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0])
def test_the_loss_is_that_of_a_double_loop(temperature: float) -> None:
    rows = drawn(12)
    found = contrastive_loss(torch.from_numpy(rows), groups_of(12), temperature).item()
    assert found == pytest.approx(nt_xent(rows, temperature), rel=1e-5)


@pytest.mark.parametrize("num_pairs", [2, 5, 32])
@pytest.mark.parametrize("temperature", [0.001, 0.1])
def test_equal_rows_cost_the_logarithm_of_all_others(num_pairs: int, temperature: float) -> None:
    rows = torch.ones(2 * num_pairs, 4)
    found = contrastive_loss(rows, groups_of(2 * num_pairs), temperature).item()
    assert found == pytest.approx(math.log(2 * num_pairs - 1), rel=1e-5)


def test_without_torchrun_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    rows = torch.ones(2, 3)
    with joined("cpu") as processes:
        assert processes == Processes() and processes.is_first and not is_joined() and own_rank() == 0
        assert gathered(rows) is rows and summed([2.0], "cpu") == [2.0]
        as_first_has(torch.nn.BatchNorm1d(2))


def test_torchrun_says_which_process_this_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("RANK", "5"), ("WORLD_SIZE", "8"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    processes = found_processes()
    assert processes == Processes(5, 8, 1) and not processes.is_first
    assert (processes.device("cuda"), processes.device("cpu")) == ("cuda:1", "cpu")
    assert Processes().device("cuda:3") == "cuda:3"
    with pytest.raises(UsageError, match="--device cuda:3: each of several processes takes a GPU of its own"):
        processes.device("cuda:3")


def work(rank: int, folder: Path) -> None:
    """What each of two processes does; the group meets in a file, so no port is needed."""
    torch.set_num_threads(1)
    meeting = (folder / "meeting").as_uri()
    torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2)
    rows = torch.from_numpy(drawn(16)).requires_grad_()
    mine = [*range(4 * rank, 4 * rank + 4), *range(8 + 4 * rank, 12 + 4 * rank)]
    loss = contrastive_loss(rows[mine], groups_of(16)[mine], TEMPERATURE)
    loss.backward()
    norm = torch.nn.BatchNorm1d(2)
    norm.running_mean.fill_(rank + 1)
    as_first_has(norm)
    sums = summed([1.0 + rank, 2.0], "cpu")
    found = {"loss": loss.detach(), "gradient": rows.grad, "mean": norm.running_mean, "sums": torch.tensor(sums)}
    torch.save(found, folder / f"{rank}.pt")
    torch.distributed.destroy_process_group()


@needs_gloo
def test_two_processes_have_the_loss_and_the_gradient_of_one(tmp_path: Path) -> None:
    started = [multiprocessing.get_context("spawn").Process(target=work, args=(rank, tmp_path)) for rank in (0, 1)]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
        assert process.exitcode == 0
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    rows = torch.from_numpy(drawn(16)).requires_grad_()
    whole = contrastive_loss(rows, groups_of(16), TEMPERATURE)
    whole.backward()
    assert ((first["loss"] + second["loss"]) / 2).item() == pytest.approx(whole.item(), rel=1e-6)
    assert torch.allclose((first["gradient"] + second["gradient"]) / 2, rows.grad, atol=1e-7)
    assert first["mean"].tolist() == second["mean"].tolist() == [1.0, 1.0]
    assert first["sums"].tolist() == second["sums"].tolist() == [3.0, 4.0]
