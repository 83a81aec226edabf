"""Weight files of SimCLR's networks: the project's own, and those that converters to PyTorch made.

``docs/formats.md`` specifies the project's own. Nothing that a file says is ever run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from networks.loading import load_tensors
from networks.pairing import checked_state, ordered_layers, paired_state
from networks.simclr import SimclrShape, make_encoder, make_head
from storage.errors import DamagedFileError
from storage.formats.torch_file import open_weights, written_weights

if TYPE_CHECKING:
    import torch

FILE_FORMAT, FORMAT_VERSION = "simclr-weights", 1
ENCODER_KEYS = ("encoder", "resnet", "state_dict")  # this project's; converters of the second and the first version
PARTS = ("encoder", "head", "classifier")
EXACT, SYMMETRIC = "tensorflow", "symmetric"
WRAPPERS = ("module.", "encoder.", "model.")


@dataclass(frozen=True, eq=False)
class SimclrWeights:
    """What a weight file holds.

    Attributes
    ----------
    encoder : dict of str to tensor
        State of :func:`networks.simclr.make_encoder`.
    head : dict of str to tensor or None
        State of :func:`networks.simclr.make_head`; None where the file has none.
    exact_padding : bool
        The padding that the file asks for; TensorFlow's where it asks for none.
    classifier : dict of str to tensor or None
        ``weight`` (K, D) and ``bias`` (K,) of the layer that names ImageNet's classes, of no use for descriptors; None
        where the file has none.
    """

    encoder: dict[str, torch.Tensor]
    head: dict[str, torch.Tensor] | None
    exact_padding: bool
    classifier: dict[str, torch.Tensor] | None = None

    @property
    def projected(self) -> int:
        """Numbers that the head gives; 0 without one."""
        if self.head is None:
            return 0
        return next(len(value) for name, value in reversed(self.head.items()) if name.endswith("running_mean"))


def write_simclr_weights(path: Path, weights: SimclrWeights, notes: Mapping[str, Any]) -> None:
    """Write a weight file of the project's own form, atomically.

    Parameters
    ----------
    path : Path
        Where to.
    weights : SimclrWeights
        What it holds.
    notes : mapping of str to JSON types
        Where they come from: kept in the file under these names.
    """
    import torch

    content = {"format": FILE_FORMAT, "format_version": FORMAT_VERSION, **notes}
    content["padding"] = EXACT if weights.exact_padding else SYMMETRIC
    content |= {key: state for key in PARTS if (state := getattr(weights, key)) is not None}
    with written_weights(path) as file:
        torch.save(content, file)


def read_simclr_weights(path: Path, shape: SimclrShape) -> SimclrWeights:
    """Read the weights of an encoder, and of its head where there is one.

    Parameters
    ----------
    path : Path
        A file of this project, of ``torch.save`` with a state under ``encoder``, ``resnet`` or ``state_dict``, or of a
        bare state. Layers of other names are taken in their order.
    shape : SimclrShape
        What the network must be.

    Raises
    ------
    StageError
        When it cannot be opened.
    DamagedFileError
        When it is cut, holds the weights of another network, or anything but weights.
    """
    import torch

    with open_weights(path) as file:
        content = load_tensors(file, f"damaged: {path} is no weight file of PyTorch")
    content = _checked_version(path, content)
    states = next((content[key] for key in ENCODER_KEYS if isinstance(content.get(key), dict)), content)
    with torch.device("meta"):
        encoder, head = make_encoder(shape), content.get("head")
        encoder_state = _fitting(encoder, _tensors(path, states), str(path), 4)
        if isinstance(head, dict):
            head_tensors = _tensors(path, head)
            projected = _projected(path, head_tensors)
            head = _fitting(make_head(shape.dimension, projected), head_tensors, f"{path} (head)", 2)
    classifier = content.get("classifier")
    return SimclrWeights(
        encoder_state,
        head if isinstance(head, dict) else None,
        content.get("padding", EXACT) != SYMMETRIC,
        _tensors(path, classifier) if isinstance(classifier, dict) else None,
    )


def filled_encoder(shape: SimclrShape, weights: SimclrWeights) -> torch.nn.Module:
    """Make an encoder, on the processor, with these weights."""
    import torch

    with torch.device("meta"):  # no time for drawing weights that are replaced at once
        encoder = make_encoder(shape, exact_padding=weights.exact_padding)
    encoder.load_state_dict(weights.encoder, assign=True)
    return encoder


def filled_head(shape: SimclrShape, weights: SimclrWeights) -> torch.nn.Module | None:
    """Make a contrastive head with these weights; None where there are none."""
    import torch

    if weights.head is None:
        return None
    with torch.device("meta"):
        head = make_head(shape.dimension, weights.projected)
    learnt = {name: parameter.requires_grad for name, parameter in head.named_parameters()}
    head.load_state_dict(weights.head, assign=True)
    for name, parameter in head.named_parameters():
        parameter.requires_grad_(learnt[name])
    return head


def _checked_version(path: Path, content: Any) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise DamagedFileError(f"damaged: {path} holds no dictionary of weights")
    version = content.get("format_version", FORMAT_VERSION)
    if content.get("format", FILE_FORMAT) != FILE_FORMAT or version != FORMAT_VERSION:
        raise DamagedFileError(
            f"{path} has version {version!r} of the format {content.get('format')!r}; this program reads version "
            f"{FORMAT_VERSION} of {FILE_FORMAT}"
        )
    return content


def _tensors(path: Path, states: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    import torch

    tensors = {str(name): value for name, value in states.items() if torch.is_tensor(value)}
    if not tensors or any(value.device.type == "meta" for value in tensors.values()):
        raise DamagedFileError(f"damaged: {path} holds no dictionary of weights")
    return tensors


def _fitting(
    module: torch.nn.Module, tensors: dict[str, torch.Tensor], origin: str, dimensions: int
) -> dict[str, torch.Tensor]:
    """Give the state of a module by its names, wherever they begin, else by the order of its layers."""
    import torch

    own = {name for name in module.state_dict() if not name.endswith("num_batches_tracked")}
    for begin in ("", *WRAPPERS):
        if all(begin + name in tensors for name in own):
            with torch.device("cpu"):
                return checked_state(module, {name: tensors[begin + name] for name in own}, origin)
    kernels, norms = ordered_layers(tensors, dimensions)
    with torch.device("cpu"):
        return paired_state(module, kernels, norms, origin)


def _projected(path: Path, tensors: Mapping[str, torch.Tensor]) -> int:
    widths = [len(value) for name, value in tensors.items() if name.endswith("running_mean") and value.ndim == 1]
    if not widths:
        raise DamagedFileError(f"{path} holds a head without norms, which is none of SimCLR's second version")
    return widths[-1]
