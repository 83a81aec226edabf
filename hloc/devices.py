"""Where a network computes, and the one place that imports PyTorch."""

from __future__ import annotations

import ctypes
import importlib
import os
from typing import Any

from storage.errors import StageError, UsageError

DRIVER = "nvcuda.dll" if os.name == "nt" else "libcuda.so.1"  # comes with the driver of NVIDIA GPUs
DEVICES = "auto, cpu, cuda, cuda:N, several of these as in cuda:0,cuda:1, or mps"


def import_torch() -> Any:
    """Give the module ``torch``.

    Raises
    ------
    StageError
        When PyTorch is not installed, or is installed but does not start.
    """
    try:
        return importlib.import_module("torch")
    except ModuleNotFoundError:
        raise StageError(
            "this model needs PyTorch, which is not installed; install it with `pip install -r requirements.txt`, or "
            "choose another --model"
        ) from None
    except (ImportError, OSError) as error:  # OSError: a library of its own that Windows cannot load
        raise StageError(f"PyTorch is installed but does not start ({error}); install it again") from error


def has_nvidia_driver() -> bool:
    """Say whether there may be an NVIDIA GPU, without PyTorch: importing that takes seconds and half a gigabyte."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return False
    return True


def resolve_device(device: str) -> str:
    """Give the device that a network runs on.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}
        ``auto`` takes the first there is of an NVIDIA GPU, an Apple GPU and the processor.

    Returns
    -------
    str
        A name that ``torch.device`` takes: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises
    ------
    UsageError
        When the name is unknown, or this machine has no such device.
    StageError
        When PyTorch is missing and the answer needs it.
    """
    kind, _, index = device.partition(":")
    if device not in ("auto", "cpu", "cuda", "mps") and not (kind == "cuda" and index.isascii() and index.isdigit()):
        raise UsageError(f"--device {device}: unknown; allowed are {DEVICES}")
    if device == "cpu":
        return device
    torch = import_torch()
    num_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    has_mps = torch.backends.mps.is_available()
    if device == "auto":
        return "cuda" if num_gpus else "mps" if has_mps else "cpu"
    if device == "mps" and not has_mps:
        raise UsageError("--device mps: PyTorch finds no Apple GPU here; use --device auto or --device cpu")
    if kind == "cuda" and num_gpus <= int(index or 0):
        raise UsageError(
            f"--device {device}: PyTorch finds {num_gpus} NVIDIA GPUs here, numbered from 0; use --device auto or "
            "--device cpu"
        )
    return device


def resolve_devices(devices: str) -> tuple[str, ...]:
    """Give all devices that a network runs on, each with a copy of it.

    Parameters
    ----------
    devices : str
        As :func:`resolve_device` takes it, or several GPUs, ``cuda:0,cuda:1``. ``cuda``, also when ``auto`` comes to
        it, stands for all NVIDIA GPUs that PyTorch sees.

    Returns
    -------
    tuple of str
        At least one, without repetition.

    Raises
    ------
    UsageError
        When a name is unknown or stands twice, this machine has no such device, or devices that are no NVIDIA GPUs are
        to work together.
    StageError
        When PyTorch is missing and the answer needs it.
    """
    parts = devices.split(",")
    if len(parts) > 1 and not all(part.startswith("cuda:") for part in parts):
        raise UsageError(f"--device {devices}: only numbered NVIDIA GPUs work together, as in cuda:0,cuda:1")
    if len(set(parts)) < len(parts):
        raise UsageError(f"--device {devices}: the same GPU stands twice")
    found = tuple(resolve_device(part) for part in parts)
    if found != ("cuda",):
        return found
    num_gpus = import_torch().cuda.device_count()
    return tuple(f"cuda:{number}" for number in range(num_gpus)) if num_gpus > 1 else found


def has_bf16(device: str) -> bool:
    """Say whether a device has instructions for bfloat16: not whether PyTorch can imitate them, at a loss of time."""
    torch = import_torch()
    kind = torch.device(device).type
    if kind == "cpu":
        found = torch.cpu.get_capabilities()
        return any("bf16" in name and value is True for name, value in found.items())
    return kind == "mps" or bool(torch.cuda.is_bf16_supported(including_emulation=False))
