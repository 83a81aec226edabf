"""What the published networks of PyTorch share: cached weights, the picture, normalisation, precision, unit length."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hloc.devices import import_torch
from hloc.extractors.base import ExtractorOptions
from hloc.extractors.network import NetworkExtractor
from hloc.extractors.picture import Picture
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.torch_file import open_weights
from storage.model_files import cached_path, fetch_command

if TYPE_CHECKING:
    import torch

PRECISIONS = ("float32", "bfloat16", "float16")


class TorchExtractor(NetworkExtractor):
    """A published network of PyTorch.

    Parameters
    ----------
    options : ExtractorOptions
        The flags; ``options.model`` says which network.
    picture : Picture
        What the network sees unless ``--resize_max`` says otherwise.
    dimension : int
        Length D of its descriptors.

    Raises
    ------
    StageError
        When the weights are not in the cache; the message names the command that fetches them.
    UsageError
        When a flag is out of range.
    """

    def __init__(self, options: ExtractorOptions, picture: Picture, dimension: int) -> None:
        self.name = options.model
        self.precision = options.precision or PRECISIONS[0]
        if self.precision not in PRECISIONS:
            raise UsageError(f"--precision {self.precision}: choose from {', '.join(PRECISIONS)}")
        super().__init__(self._found_weights(options), options.device)
        self.picture = picture.resized(options.resize_max, self.name)
        self.max_side: int = self.picture.max_side
        self._resize_max = options.resize_max
        self._dimension = dimension

    @property
    def dimension(self) -> int:
        """Length of a descriptor."""
        return self._dimension

    def settings(self) -> dict[str, Any]:
        """Give the model, the SHA-256 of its weights, the picture and the precision."""
        return {
            "model": self.name,
            "weights_sha256": self.weights_sha256,
            "resize_max": self._resize_max,
            "picture": str(self.picture),
            "precision": self.precision,
        }

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Give the picture (h, w, 3) that the network sees, as bytes."""
        return self.picture.of(photo)

    def load(self, device: str) -> TorchNetwork:
        """Build the network with its weights and put it on the device."""
        torch = import_torch()
        module: Any = self.build()  # Any: torch's own annotations do not know channels last
        self.refuse_changed_weights()
        module.eval().requires_grad_(False)
        # Channels last: a fifth less time on the processor than channels first, and the tensor cores' own order.
        return TorchNetwork(
            name=self.name,
            module=module.to(device).to(memory_format=torch.channels_last),
            mean=torch.tensor(self.picture.mean, device=device) * 255,
            std=torch.tensor(self.picture.std, device=device) * 255,
            precision=self.precision,
            dimension=self._dimension,
        )

    @abstractmethod
    def build(self) -> torch.nn.Module:
        """Build the network on the processor, with its weights; it takes (B, 3, h, w) and gives (B, D)."""

    def _found_weights(self, options: ExtractorOptions) -> Path:
        path = options.weights or cached_path(self.name)
        if not path.is_file():
            else_ = "" if options.weights is None else ", or leave out --weights"
            raise StageError(f"there is no weight file {path}; fetch it with: {fetch_command(self.name)}{else_}")
        return path


@dataclass(frozen=True, eq=False)
class TorchNetwork:
    """A network on its device.

    Attributes
    ----------
    mean, std : Tensor (3,)
        For values from 0 to 255.
    """

    name: str
    module: torch.nn.Module
    mean: torch.Tensor
    std: torch.Tensor
    precision: str
    dimension: int

    def describe(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn pictures (B, h, w, 3) into unit descriptors (B, D).

        Raises
        ------
        StageError
            When the network gives something else, or values that are not finite.
        """
        torch = import_torch()
        # Without TensorFloat-32, so that a GPU gives what the processor gives.
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False), self._precision():
            pixels = (torch.from_numpy(photos).to(self.mean.device).float() - self.mean) / self.std
            output = self.module(pixels.permute(0, 3, 1, 2))  # (B, h, w, 3) to (B, 3, h, w), channels last in memory
        if output.ndim != 2 or output.shape != (len(photos), self.dimension):
            expected = (len(photos), self.dimension)
            raise StageError(f"{self.name} gave an array of shape {tuple(output.shape)} in place of {expected}")
        with torch.inference_mode():
            unit = torch.nn.functional.normalize(output.float(), dim=1).cpu().numpy()
        if not np.isfinite(unit).all():
            advice = "" if self.precision == "float32" else "; use --precision float32"
            raise StageError(f"{self.name} gave values that are not finite{advice}")
        descriptors: NDArray[np.float32] = unit
        return descriptors

    def _precision(self) -> AbstractContextManager[Any]:
        torch = import_torch()
        if self.precision == "float32":
            return nullcontext()
        context: AbstractContextManager[Any] = torch.autocast(
            self.mean.device.type, dtype=getattr(torch, self.precision)
        )
        return context


def read_state(path: Path) -> dict[str, Any]:
    """Read the tensors of a file of ``torch.save``; nothing that the file says is run.

    Raises
    ------
    StageError
        When it cannot be opened.
    DamagedFileError
        When it is cut, or holds anything but a dictionary of tensors.
    """
    torch = import_torch()
    with open_weights(path) as file:
        try:
            state = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # a dozen kinds, by the place at which the file is cut
            reason = str(error).partition("\n")[0]
            raise DamagedFileError(f"damaged: {path} is no weight file of PyTorch ({reason})") from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(torch.is_tensor(value) for value in state.values()):
        raise DamagedFileError(f"damaged: {path} holds no dictionary of weights")
    return dict(state)


def load_state(module: torch.nn.Module, path: Path) -> None:
    """Give a network the weights of a file, every one of them; it may be built on torch's ``meta`` device.

    Raises
    ------
    DamagedFileError
        When they are those of another network.
    """
    try:
        module.load_state_dict(read_state(path), assign=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise DamagedFileError(f"{path} holds the weights of another network ({reason})") from error
