"""Checkpoints of SimCLR as their makers publish them (TensorFlow), turned into weights of PyTorch.

The names of the variables are those of google-research/simclr: layers are numbered by kind in the order of their
creation, which is the order of registration in :mod:`networks.simclr`. The second version holds everything twice: as it
was trained (raw) and averaged over the training (``ema_model/``), but for the classifier, which is always the raw one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from networks.pairing import kernel_and_norm_names, paired_state
from networks.simclr import HEAD_LAYERS, SimclrShape, make_encoder, make_head
from networks.simclr_weights import SimclrWeights, filled_encoder
from storage.errors import DamagedFileError
from storage.formats.tf_checkpoint import TensorflowCheckpoint

if TYPE_CHECKING:
    import torch

AVERAGED = "ema_model/"
NORM_VARIABLES = ("gamma", "beta", "moving_mean", "moving_variance")
LAYER = re.compile(r"base_model/(conv2d|batch_normalization)(?:_(\d+))?/(\w+)")
HEAD = "head_contrastive"
CLASSIFIER = "head_supervised/linear_layer/dense"
SELF_CHECK_SIDE = 224  # pixels; what the published networks see
PATCH = 28


def convert_checkpoint(
    checkpoint: TensorflowCheckpoint, shape: SimclrShape, *, is_averaged: bool, exact_padding: bool = True
) -> SimclrWeights:
    """Read the weights of a checkpoint, one variable after another; every one is checked by its CRC.

    Parameters
    ----------
    checkpoint : TensorflowCheckpoint
        The opened checkpoint.
    shape : SimclrShape
        Of its network.
    is_averaged : bool
        Take the averaged weights, which only the second version has.
    exact_padding : bool
        Noted with the weights; see :func:`networks.simclr.make_encoder`.

    Raises
    ------
    DamagedFileError
        When it holds another network, or nothing averaged, or is damaged. The numbers of layers are compared before
        anything is read.
    """
    import torch

    prefix = AVERAGED if is_averaged else ""
    kernels, norms = _layers(checkpoint, prefix)
    with torch.device("meta"):
        encoder = make_encoder(shape)
    _check_counts(checkpoint, encoder, (len(kernels), len(norms)), is_averaged)
    state = paired_state(
        encoder,
        [_kernel(checkpoint, f"{name}/kernel") for name in kernels],
        [_norm(checkpoint, name) for name in norms],
        str(checkpoint.prefix),
    )
    head = _head_state(checkpoint, shape, f"{prefix}{HEAD}/")
    return SimclrWeights(state, head, exact_padding, _classifier_state(checkpoint, shape))


def check_descriptors(weights: SimclrWeights, shape: SimclrShape, side: int = SELF_CHECK_SIDE) -> None:
    """Describe two drawn pictures; what comes must be finite, not zero, not constant, and not the same for both.

    Converted checkpoints have been seen that describe every picture by zeros (Separius/SimCLRv2-Pytorch, issue 5).

    Raises
    ------
    DamagedFileError
        When it is not so.
    """
    import torch

    generator = torch.Generator().manual_seed(0)
    patches = torch.rand((2, 3, -(-side // PATCH), -(-side // PATCH)), generator=generator)
    pictures = patches.repeat_interleave(PATCH, 2).repeat_interleave(PATCH, 3)[:, :, :side, :side]
    encoder = filled_encoder(shape, weights).eval()
    with torch.inference_mode():
        found = torch.cat([encoder(picture[None]) for picture in pictures])  # (2, D); one at a time: less memory
    wrong = None
    if not torch.isfinite(found).all():
        wrong = "values that are not finite"
    elif (found.std(dim=1) <= 1e-6 * found.abs().amax(dim=1)).any():
        wrong = "the same number everywhere"
    elif (found[0] - found[1]).abs().max() <= 1e-5 * found.abs().max():
        wrong = "the same descriptor for two different pictures"
    if wrong is not None:
        raise DamagedFileError(f"the converted network gives {wrong}; its checkpoint is damaged or of another network")


def _layers(checkpoint: TensorflowCheckpoint, prefix: str) -> tuple[list[str], list[str]]:
    """Give the names of the convolutions and of the norms, each kind in the order of its numbers."""
    numbered: dict[str, dict[int, str]] = {"conv2d": {}, "batch_normalization": {}}
    for name in checkpoint.variables:
        match = LAYER.fullmatch(name.removeprefix(prefix)) if name.startswith(prefix) else None
        if match and match[3] in ("kernel", *NORM_VARIABLES):
            numbered[match[1]][int(match[2] or 0)] = name.rpartition("/")[0]
    kernels, norms = ([found[number] for number in sorted(found)] for found in numbered.values())
    return kernels, norms


def _check_counts(
    checkpoint: TensorflowCheckpoint, encoder: torch.nn.Module, found: tuple[int, int], is_averaged: bool
) -> None:
    wanted = tuple(map(len, kernel_and_norm_names(encoder)))
    if is_averaged and found == (0, 0):
        raise DamagedFileError(f"{checkpoint.prefix} holds no averaged weights; take the others with --raw")
    if found != wanted:
        raise DamagedFileError(
            f"{checkpoint.prefix} holds another network: {found[0]} convolutions and {found[1]} norms in place of "
            f"{wanted[0]} and {wanted[1]}"
        )


def _kernel(checkpoint: TensorflowCheckpoint, name: str) -> torch.Tensor:
    values = _tensor(checkpoint, name)
    if values.ndim not in (2, 4):
        raise DamagedFileError(f"{checkpoint.prefix}: {name!r} has the shape {tuple(values.shape)}, no kernel's")
    # (h, w, I, O) to (O, I, h, w); (I, O) to (O, I)
    return (values.permute(3, 2, 0, 1) if values.ndim == 4 else values.T).contiguous()


def _norm(checkpoint: TensorflowCheckpoint, name: str, parts: Iterable[str] = NORM_VARIABLES) -> list[torch.Tensor]:
    return [_tensor(checkpoint, f"{name}/{part}") for part in parts]


def _tensor(checkpoint: TensorflowCheckpoint, name: str) -> torch.Tensor:
    import torch

    values: Any = checkpoint.read(name)
    return torch.from_numpy(values).to(torch.float32)


def _head_state(checkpoint: TensorflowCheckpoint, shape: SimclrShape, prefix: str) -> dict[str, torch.Tensor] | None:
    """Give the contrastive head, where the checkpoint holds one of three layers."""
    import torch

    kernels = [f"{prefix}nl_{index}/dense/kernel" for index in range(HEAD_LAYERS)]
    if not set(kernels) <= checkpoint.variables.keys():
        return None
    projected = checkpoint.variables[kernels[-1]].shape[-1]
    with torch.device("meta"):
        head = make_head(shape.dimension, projected)
    norms = [_head_norm(checkpoint, f"{prefix}nl_{index}/batch_normalization") for index in range(HEAD_LAYERS)]
    origin = f"{checkpoint.prefix} (head)"
    return paired_state(head, [_kernel(checkpoint, name) for name in kernels], norms, origin)


def _head_norm(checkpoint: TensorflowCheckpoint, name: str) -> Sequence[torch.Tensor]:
    import torch

    if f"{name}/beta" in checkpoint.variables:
        return _norm(checkpoint, name)
    gamma, mean, variance = _norm(checkpoint, name, ("gamma", "moving_mean", "moving_variance"))
    return [gamma, torch.zeros_like(mean), mean, variance]


def _classifier_state(checkpoint: TensorflowCheckpoint, shape: SimclrShape) -> dict[str, torch.Tensor] | None:
    if f"{CLASSIFIER}/kernel" not in checkpoint.variables:
        return None
    weight, bias = _kernel(checkpoint, f"{CLASSIFIER}/kernel"), _tensor(checkpoint, f"{CLASSIFIER}/bias")
    if tuple(weight.shape) != (len(bias), shape.dimension):
        raise DamagedFileError(f"{checkpoint.prefix} holds another network: a classifier of {tuple(weight.shape)}")
    return {"weight": weight, "bias": bias}
