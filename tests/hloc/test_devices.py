"""Which device a network runs on; the machine's own devices are replaced by drawn ones."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import pytest

from hloc.devices import has_bf16, has_nvidia_driver, import_torch, resolve_device, resolve_devices
from storage.errors import StageError, UsageError


def machine_with(monkeypatch: pytest.MonkeyPatch, num_gpus: int = 0, has_mps: bool = False) -> None:
    torch = SimpleNamespace(
        cuda=SimpleNamespace(is_available=lambda: num_gpus > 0, device_count=lambda: num_gpus),
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: has_mps)),
    )
    monkeypatch.setitem(sys.modules, "torch", torch)


@pytest.mark.parametrize(
    ("num_gpus", "has_mps", "expected"), [(0, False, "cpu"), (0, True, "mps"), (1, False, "cuda"), (2, True, "cuda")]
)
def test_auto_takes_the_fastest_device_there_is(
    monkeypatch: pytest.MonkeyPatch, num_gpus: int, has_mps: bool, expected: str
) -> None:
    machine_with(monkeypatch, num_gpus, has_mps)
    assert resolve_device("auto") == expected


def test_the_processor_is_there_even_without_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert resolve_device("cpu") == "cpu"


def test_a_gpu_can_be_chosen_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_with(monkeypatch, num_gpus=2)
    assert resolve_device("cuda:1") == "cuda:1"


@pytest.mark.parametrize("device", ["cuda", "cuda:0", "mps"])
def test_a_device_that_is_not_there_is_a_wrong_call(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    machine_with(monkeypatch)
    with pytest.raises(UsageError, match=f"--device {device}: .*--device cpu"):
        resolve_device(device)


def test_a_gpu_number_beyond_the_last_is_a_wrong_call(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_with(monkeypatch, num_gpus=2)
    with pytest.raises(UsageError, match="finds 2 NVIDIA GPUs"):
        resolve_device("cuda:2")


@pytest.mark.parametrize("device", ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:²", "cpu:0", "CPU", "mps:1"])
def test_an_unknown_device_is_a_wrong_call(device: str) -> None:
    with pytest.raises(UsageError, match="unknown; allowed are auto, cpu, cuda"):
        resolve_device(device)


def test_missing_pytorch_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(StageError, match=r"not installed.*pip install -r requirements\.txt.*--model"):
        import_torch()


def test_pytorch_that_does_not_start_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot_load(_name: str) -> None:
        raise OSError("libtorch.so: cannot open")

    monkeypatch.setattr("importlib.import_module", cannot_load)
    with pytest.raises(StageError, match="installed but does not start .*libtorch"):
        import_torch()


def test_a_driver_is_there_when_its_library_can_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hloc.devices.DRIVER", "no-library-of-this-name.so.1")
    assert not has_nvidia_driver()
    monkeypatch.setattr("hloc.devices.DRIVER", None)  # stands for the program itself
    assert has_nvidia_driver() or os.name == "nt"


def test_asking_for_the_processor_imports_no_torch(root_dir: object) -> None:
    import subprocess

    code = "import sys; from hloc.devices import resolve_device; resolve_device('cpu'); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=str(root_dir), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"avx512_bf16": False, "amx_bf16": False, "cpu_name": "bf16"}, False),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True, "avx512_bf16": False}, True),
        ({"sve_bf16": True}, True),
        ({}, False),
    ],
)
def test_a_processor_has_bf16_when_it_has_instructions_for_it(
    monkeypatch: pytest.MonkeyPatch, found: dict[str, object], expected: bool
) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found)
    assert has_bf16("cpu") is expected


@pytest.mark.parametrize(
    ("num_gpus", "devices", "expected"),
    [
        (0, "auto", ("cpu",)),
        (1, "auto", ("cuda",)),
        (1, "cuda", ("cuda",)),
        (3, "cuda", ("cuda:0", "cuda:1", "cuda:2")),
        (2, "auto", ("cuda:0", "cuda:1")),
        (3, "cuda:1", ("cuda:1",)),
        (3, "cuda:2,cuda:0", ("cuda:2", "cuda:0")),
    ],
)
def test_cuda_stands_for_all_gpus_and_a_list_for_those_it_names(
    monkeypatch: pytest.MonkeyPatch, num_gpus: int, devices: str, expected: tuple[str, ...]
) -> None:
    machine_with(monkeypatch, num_gpus)
    assert resolve_devices(devices) == expected


@pytest.mark.parametrize(
    ("devices", "told"),
    [
        ("cuda:0,cpu", "only numbered NVIDIA GPUs work together"),
        ("cuda,cuda:1", "only numbered NVIDIA GPUs"),
        ("cuda:0,", "only numbered NVIDIA GPUs"),
        ("cuda:1,cuda:1", "the same GPU stands twice"),
        ("cuda:0,cuda:5", "finds 2 NVIDIA GPUs"),
        ("cuda:0,cuda:x", "unknown"),
    ],
)
def test_a_wrong_list_of_gpus_is_a_wrong_call(monkeypatch: pytest.MonkeyPatch, devices: str, told: str) -> None:
    machine_with(monkeypatch, num_gpus=2)
    with pytest.raises(UsageError, match=told):
        resolve_devices(devices)
