"""How a training uses the machine."""

from __future__ import annotations

import pytest

from storage.errors import UsageError
from training.computing import check_device, computing, mixed_precision

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.mark.parametrize("device", ["", "gpu", "mps", "cuda:", "cuda:x", "cuda:-1", "cudax", "cpu:0"])
def test_an_unknown_device_is_a_wrong_call(device: str) -> None:
    with pytest.raises(UsageError, match=f"--device {device}: must be cpu, cuda or cuda:N"):
        check_device(device)


@pytest.mark.parametrize(("device", "found"), [("cuda", 0), ("cuda:0", 0), ("cuda:2", 2)])
def test_a_gpu_that_is_not_there_is_a_wrong_call(device: str, found: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: found)
    with pytest.raises(UsageError, match=f"--device {device}: PyTorch finds {found} NVIDIA GPUs; use --device cpu"):
        check_device(device)


@pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:0", "cuda:1"])
def test_what_is_there_is_taken(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check_device(device)


def test_the_processor_computes_in_full_precision() -> None:
    with mixed_precision("cpu"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_threads_are_set_where_they_are_given() -> None:
    with computing(2):
        assert torch.get_num_threads() == 2
    with computing(None):
        assert torch.get_num_threads() == 2


def test_numbers_that_fade_towards_zero_are_zero_while_it_learns_only() -> None:
    small = torch.tensor([1e-40])
    with computing(None):
        assert (small * 0.5).item() == 0
    assert (small * 0.5).item() > 0
