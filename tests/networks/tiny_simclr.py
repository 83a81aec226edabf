"""A tiny network of SimCLR's kind, and its weights as a checkpoint of TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from networks.simclr import SimclrShape, make_encoder, make_head
from tests.storage.formats.tensorflow_writer import write_checkpoint

TINY = SimclrShape((1, 1, 1, 1), width=1 / 16, selective=True)
PARTS = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def drawn(seed: int, shape: SimclrShape = TINY) -> Any:
    """An encoder with drawn weights, norms included, so that no layer is without effect."""
    import torch

    encoder = make_encoder(shape, seed=seed)
    return _with_drawn_norms(encoder, torch.Generator().manual_seed(seed))


def drawn_head(seed: int, shape: SimclrShape = TINY, projected: int = 16) -> Any:
    """A head likewise; its last norm has no shift."""
    import torch

    head = _with_drawn_norms(make_head(shape.dimension, projected, seed=seed), torch.Generator().manual_seed(seed))
    with torch.no_grad():
        head[-1].bias.zero_()
    return head


def _with_drawn_norms(module: Any, generator: Any) -> Any:
    import torch

    with torch.no_grad():
        for name, value in module.state_dict().items():
            if value.ndim == 1:
                low = -0.3 if name.endswith(("bias", "running_mean")) else 0.6
                value.copy_(low + 0.8 * torch.rand(value.shape, generator=generator))
    return module.eval()


def variables_of(encoder: Any, head: Any = None, prefix: str = "") -> dict[str, Any]:
    """The state as TensorFlow's variables: kernels the other way round, layers numbered by kind."""
    from torch import nn

    counts: dict[str, int] = {}
    found: dict[str, Any] = {}

    def name_of(kind: str) -> str:
        counts[kind] = counts.get(kind, -1) + 1
        return f"{prefix}base_model/{kind}" + (f"_{counts[kind]}" if counts[kind] else "")

    for part in encoder.modules():
        if isinstance(part, nn.Conv2d):
            found[f"{name_of('conv2d')}/kernel"] = part.weight.detach().numpy().transpose(2, 3, 1, 0)
        elif isinstance(part, nn.BatchNorm2d):
            found |= _norm(part, name_of("batch_normalization"))
    for index, (linear, norm) in enumerate(zip(head[::3], head[1::3], strict=True) if head is not None else ()):
        name = f"{prefix}head_contrastive/nl_{index}"
        found[f"{name}/dense/kernel"] = linear.weight.detach().numpy().T
        found |= _norm(norm, f"{name}/batch_normalization")
        if index == 2:
            del found[f"{name}/batch_normalization/beta"]
    return found


def _norm(norm: Any, name: str) -> dict[str, Any]:
    return {f"{name}/{theirs}": getattr(norm, ours).detach().numpy() for ours, theirs in PARTS.items()}


def put_checkpoint(prefix: Path, raw: Any, averaged: Any = None, head: Any = None, **others: Any) -> Path:
    """Write a checkpoint as training leaves it: with slots of the optimiser, a step, a classifier."""
    variables = variables_of(raw, head)
    if averaged is not None:
        variables |= variables_of(averaged, head, "ema_model/")
    rng, dimension = np.random.default_rng(0), raw.shape.dimension
    variables["base_model/conv2d/kernel/Momentum"] = np.ones((3, 3), np.float32)
    variables["global_step"] = np.int64(7)
    variables["head_supervised/linear_layer/dense/kernel"] = rng.normal(size=(dimension, 5)).astype(np.float32)
    variables["head_supervised/linear_layer/dense/bias"] = np.arange(5, dtype=np.float32)
    variables |= others
    return write_checkpoint(prefix, {name: value for name, value in variables.items() if value is not None})
